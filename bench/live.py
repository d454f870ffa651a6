"""Live channels: how soon what is said is seen, what listening costs, and how fast things go out.

The network is a plaza of our own on this machine (``servers.plaza``), in the process that measures; listener and sender
are processes of their own, as in real life.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
from django.db import connection
from django.utils import timezone

from bench import figures, processes
from bench.figures import Figure
from folkmoot.channels import connecting
from folkmoot.channels.connecting import Filled
from folkmoot.channels.models import Channel, Connection, Delivery
from folkmoot.channels.outbox import actions
from folkmoot.lib import bulk
from folkmoot.networks.acts import Reply
from folkmoot.workspaces.actions import create_user, create_workspace
from folkmoot.workspaces.models import User, Workspace
from servers import plaza, plaza_connector
from servers.plaza import Square

SLUG = "bench-live"
ACCOUNTS, PLACES = 50, 10
IDLE_SECONDS, SETTLE_SECONDS = 30, 45
SAID = 200
SAID_PER_SECOND = 20
INTERVAL = 2
ACTS, SINK_SECONDS = 1000, 0.02
PATIENCE = 120.0

Say = Callable[[str], None]


def measure(say: Say) -> list[Figure]:
    plaza_connector.register()
    found = []
    for part in (_idle, _streamed, _polled, _sent):
        say(f"live: {part.__name__.strip('_')} …")
        _forget()
        found += part()
        _forget()
    return found


def _idle() -> list[Figure]:
    square = Square(places=tuple(f"p{number}" for number in range(PLACES)))
    with plaza.opened(square) as address:
        for number in range(ACCOUNTS):
            _connect("plaza", address, account=f"a{number}", every="60", prefix=f"{number}-")
        with _process("listen") as pid:
            process = psutil.Process(pid)
            time.sleep(SETTLE_SECONDS)
            before = sum(process.cpu_times()[:2])
            time.sleep(IDLE_SECONDS)
            share = (sum(process.cpu_times()[:2]) - before) / IDLE_SECONDS * 100
            memory = sum(processes.pss([pid]).values())
    return [
        Figure("live", f"listening to {ACCOUNTS * PLACES} silent channels, of a core", share, "%", 30),
        Figure("live", "memory of the listener (PSS)", memory, "MB", 200),
    ]


def _streamed() -> list[Figure]:
    return _seen("streaming-plaza", "streamed, until it is in the inbox, p95", 1.0, "1")


def _polled() -> list[Figure]:
    return _seen("plaza", f"polled every {INTERVAL} s, until it is in the inbox, p95", INTERVAL + 1.0, str(INTERVAL))


def _seen(network: str, name: str, target: float, every: str) -> list[Figure]:
    square = Square(places=("lounge",))
    with plaza.opened(square) as address:
        account = _connect(network, address, every=every)
        with _process("listen"):
            square.add({"place": "lounge", "thread": "t", "author": "ada", "text": "first"})
            _until(lambda: _visible(account) == 1)
            delays = sorted(_delays(square, account))
    spread = {"p50": round(figures.quantile(delays, 0.5), 3), "max": round(delays[-1], 3), "n": len(delays)}
    return [Figure("live", name, figures.quantile(delays, 0.95), "s", target, detail=spread)]


def _delays(square: Square, account: Connection) -> Iterator[float]:
    """Says things evenly, and notes when each of them can be seen."""
    said: list[float] = []
    seen = 1
    begun = time.perf_counter()
    while seen <= SAID:
        now = time.perf_counter()
        if len(said) < SAID and now - begun >= len(said) / SAID_PER_SECOND:
            said.append(now)
            square.add({"place": "lounge", "thread": f"t{len(said) % 9}", "author": "ada", "text": f"said {len(said)}"})
        visible = _visible(account)
        now = time.perf_counter()
        yield from (now - said[number - 1] for number in range(seen, visible))
        seen = visible
        time.sleep(0.01)


def _visible(account: Connection) -> int:
    [(count,)] = bulk.fetch(
        "SELECT count(*) FROM conversations_message m JOIN channels_channel c ON c.id = m.channel_id"
        " WHERE c.connection_id = %s::bigint",
        [account.pk],
    )
    return int(count)


def _sent() -> list[Figure]:
    square = Square(places=("lounge",), wait=SINK_SECONDS)
    with plaza.opened(square) as address:
        account = _connect("plaza", address)
        channel = Channel.objects.select_related("connection", "workspace").get(connection=account)
        actions.stop(channel.workspace, None, by=_owner())
        for number in range(ACTS):
            actions.order(channel, Reply(channel.place, f"t{number % 50}", "", f"answer {number}"), by=_owner())
        with _process("send"):
            time.sleep(3)
            actions.release(channel.workspace, None, by=_owner())
            begun = time.perf_counter()
            _until(lambda: not Delivery.objects.exclude(state="sent").exists())
            rate = ACTS / (time.perf_counter() - begun)
    return [
        Figure(
            "live",
            "acts sent by one worker",
            rate,
            "acts/s",
            100,
            at_least=True,
            detail={"sink_ms": SINK_SECONDS * 1000},
        )
    ]


def _connect(network: str, address: str, *, account: str = "us", every: str = "1", prefix: str = "") -> Connection:
    """An account of the plaza; ``prefix`` gives its places names of their own, for one place has one channel."""
    workspace = Workspace.objects.filter(slug=SLUG).first() or create_workspace(slug=SLUG, name="Live", by=_owner())
    filled = Filled(
        network, {"server": address, "account": account, "every": every}, {"token": plaza.TOKEN}, allowed="127.0.0.1"
    )
    found, places = connecting.try_out(filled)
    made = connecting.connect(workspace, filled, found, by=_owner(), now=timezone.now())
    own = [type(place)(prefix + place.remote_id, prefix + place.name, place.kind) for place in places]
    connecting.choose(made, own, since=None, by=_owner(), now=timezone.now())
    return made


def _owner() -> User:
    return create_user(email="bench-live@example.org", name="Live")


@contextmanager
def _process(part: str) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-m", "servers.plaza_process", part], env=os.environ)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError("it took too long")
        time.sleep(0.02)


def _forget() -> None:
    """Leaves nothing of the workspace behind: rows that point at others first."""
    if workspace := Workspace.objects.filter(slug=SLUG).first():
        for noted in ("members_unsettled", "understanding_unread", "understanding_fresh"):
            bulk.change(f"DELETE FROM {noted} WHERE workspace_id = %s::bigint", [workspace.pk])
        Delivery.objects.filter(workspace=workspace).delete()
        bulk.change("DELETE FROM conversations_message WHERE workspace_id = %s::bigint", [workspace.pk])
        bulk.change("DELETE FROM conversations_conversation WHERE workspace_id = %s::bigint", [workspace.pk])
        workspace.delete()
    connection.close()
