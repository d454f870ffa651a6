"""Fifty people at once, against the web processes as `folkmoot web` starts them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from random import Random

import httpx
from django.conf import settings
from django.test import Client

from bench import pages, processes, world
from bench.figures import Figure, quantile, spread
from folkmoot.workspaces.models import Workspace

Opened = tuple[str, float]
"""The kind of a page, and its milliseconds"""

PEOPLE = 50
TARGET = 500.0
SECONDS = 30.0
# what they open: of a hundred pages so many of each kind
MIX = {
    "inbox, first page": 30, "inbox filtered, first page": 10, "inbox, page 100": 3, "conversation": 35,
    "search en, common word": 4, "search ru, rare word": 4, "numbers of a year": 4, "member": 7, "members": 3,
}  # fmt: skip


def measure(workspace: Workspace, say: Callable[[str], None]) -> list[Figure]:
    cookies = [signed_in(workspace, number) for number in range(PEOPLE)]
    known = {page.name: page.addresses for page in pages.every(workspace, 60)}
    found = []
    with processes.web() as address:
        asyncio.run(_crowd(address, cookies[:2], known, think=0.0, seconds=5.0))  # warms the processes up
        for think in (1.0, 0.0):
            opened = asyncio.run(_crowd(address, cookies, known, think=think, seconds=SECONDS))
            times = [took for _kind, took in opened]
            words = f"{think:g} s to think" if think else "no time to think"
            by_kind = {
                kind: spread([took for which, took in opened if which == kind]) for kind in {k for k, _ in opened}
            }
            detail = {
                **spread(times),
                "by_kind": by_kind,
                "requests_per_second": round(len(times) / SECONDS, 1),
                "people": PEOPLE,
            }
            say(f"crowd, {words}: {detail}")
            name = f"{PEOPLE} people, {words}, p95"
            found.append(Figure("crowd", name, quantile(times, 0.95), "ms", TARGET, detail=detail))
    return found


def signed_in(workspace: Workspace, number: int) -> str:
    client = Client(SERVER_NAME=pages.HOST)
    client.force_login(world.owner(workspace, number), backend=settings.AUTHENTICATION_BACKENDS[0])
    return client.cookies[settings.SESSION_COOKIE_NAME].value


async def _crowd(
    address: str, cookies: Sequence[str], known: dict[str, Sequence[str]], *, think: float, seconds: float
) -> list[Opened]:
    """Every page that anybody opened."""
    times: list[Opened] = []
    ends = time.perf_counter() + seconds
    limits = httpx.Limits(max_connections=len(cookies), max_keepalive_connections=len(cookies))
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=60) as client:
        await asyncio.gather(
            *(
                _person(client, cookie, Random(n), known, think=think, ends=ends, times=times)
                for n, cookie in enumerate(cookies)
            )
        )
    return times


async def _person(
    client: httpx.AsyncClient,
    cookie: str,
    rng: Random,
    known: dict[str, Sequence[str]],
    *,
    think: float,
    ends: float,
    times: list[Opened],
) -> None:
    await asyncio.sleep(rng.random() * max(think, 0.2))
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}", "Accept-Encoding": "gzip"}
    while time.perf_counter() < ends:
        kind = rng.choices(list(MIX), list(MIX.values()))[0]
        began = time.perf_counter()
        answer = await client.get(rng.choice(known[kind]), headers=headers)
        times.append((kind, (time.perf_counter() - began) * 1000))
        if answer.status_code != httpx.codes.OK:
            raise AssertionError(f"{answer.url} answered {answer.status_code}")
        if think:
            await asyncio.sleep(think * rng.uniform(0.5, 1.5))
