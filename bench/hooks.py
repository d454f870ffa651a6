"""Requests of networks: how soon the web processes answer five hundred of them a second, signed, checked and kept.

They come evenly, whether or not earlier ones are answered, and each is timed from when it was due: a server that falls
behind is seen to. The network is that of feeds, whose hubs sign what they send (WebSub, HMAC with SHA-256).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from django.utils import timezone

from bench import processes
from bench.figures import Figure, quantile, spread
from folkmoot.channels import connecting
from folkmoot.channels.connecting import Filled
from folkmoot.channels.models import Connection, KeptHook
from folkmoot.networks.base import Person
from folkmoot.networks.live import Checkup
from folkmoot.workspaces.actions import create_user, create_workspace
from folkmoot.workspaces.models import Workspace

SLUG = "bench-hooks"
ACCOUNTS = 10
A_SECOND, SECONDS, WARM_SECONDS = 500, 20.0, 3.0
LINES = 64  # connections that are kept open
TWICE = 10  # every so many is a repeated one
TARGET = 50.0
ENTRY = "<entry><id>tag:bench,{number}</id><title>News {number}</title><content>{words}</content></entry>"


def measure(say: Callable[[str], None]) -> list[Figure]:
    _forget()
    accounts = [_account(number) for number in range(ACCOUNTS)]
    with processes.web() as address:
        asyncio.run(_calls(address, accounts, 0, WARM_SECONDS))
        before = KeptHook.objects.count()
        first = int(WARM_SECONDS * A_SECOND)
        times = asyncio.run(_calls(address, accounts, first, SECONDS))
    kept = KeptHook.objects.count() - before
    _forget()
    detail = {**spread(times), "p99": round(quantile(times, 0.99), 2), "kept": kept}
    say(f"hooks: {detail}")
    sent = int(SECONDS * A_SECOND)
    if kept != sent - sent // TWICE:
        raise AssertionError(f"of {sent} requests, one in {TWICE} repeated, {kept} were kept")
    return [
        Figure(
            "hooks",
            f"{A_SECOND} requests of networks a second, accepted, p99",
            quantile(times, 0.99),
            "ms",
            TARGET,
            detail=detail,
        )
    ]


def _account(number: int) -> Connection:
    workspace = Workspace.objects.filter(slug=SLUG).first() or create_workspace(slug=SLUG, name="Hooks")
    filled = Filled("rss", {}, {"hub_secret": f"secret {number}"})
    by = create_user(email="bench@example.org")
    return connecting.connect(workspace, filled, Checkup(Person(f"feeds {number}")), by=by, now=timezone.now())


def _forget() -> None:
    KeptHook.objects.filter(connection__workspace__slug=SLUG).delete()
    Connection.objects.filter(workspace__slug=SLUG).delete()
    Workspace.objects.filter(slug=SLUG).delete()


async def _calls(address: str, accounts: Sequence[Connection], first: int, seconds: float) -> list[float]:
    """Milliseconds from when each request was due to when it was answered."""
    host = urlsplit(address)
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    times: list[float] = []
    lines = [asyncio.create_task(_line(str(host.hostname), int(host.port or 80), due, times)) for _ in range(LINES)]
    count = int(seconds * A_SECOND)
    which = [number - (number % TWICE == TWICE - 1) for number in range(count)]
    requests = [_request(accounts[number % ACCOUNTS], host.netloc, first + number) for number in which]
    begun = time.perf_counter() + 0.2
    for number, request in enumerate(requests):
        at = begun + number / A_SECOND
        if (wait := at - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        due.put_nowait((at, request))
    for _number in range(LINES):
        due.put_nowait(None)
    await asyncio.gather(*lines)
    return times


def _request(account: Connection, host: str, number: int) -> bytes:
    body = f"<feed>{ENTRY.format(number=number, words='word ' * 300)}</feed>".encode()
    secret = f"secret {account.remote_id.removeprefix('feeds ')}"
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST /hooks/{account.address}/?feed=1 HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/atom+xml\r\n"
        f"X-Hub-Signature: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _line(host: str, port: int, due: asyncio.Queue[tuple[float, bytes] | None], times: list[float]) -> None:
    """Sends what is due on one connection, an answer at a time."""
    reader, writer = await asyncio.open_connection(host, port)
    while (wanted := await due.get()) is not None:
        at, request = wanted
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 202"):
            raise AssertionError(head.decode())
        times.append((time.perf_counter() - at) * 1000)
    writer.close()
    await writer.wait_closed()
