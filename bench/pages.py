"""Server time of pages through the real views, one client, beside the bare SQL that fetches the same rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.test import Client

from bench import effort, warm, world
from bench.figures import Figure, quantile, spread
from folkmoot.lib import bulk
from folkmoot.lib.keyset import Mark
from folkmoot.workspaces.models import Workspace

HOST = "127.0.0.1"
Query = dict[str, Any]
WARM_UP = 5
REPLAYED = 20
PATIENCE_SECONDS = 20.0
PER_PAGE = 40


@dataclass(frozen=True, slots=True)
class Page:
    """A kind of page: its addresses, and the milliseconds at most."""

    name: str
    addresses: Sequence[str]
    target: float


def measure(workspace: Workspace, rounds: int, like: str, say: Callable[[str], None]) -> list[Figure]:
    client = Client(SERVER_NAME=HOST)
    say(f"{warm.read(settings.HOME / 'pg' / 'base'):.1f} GB of data read once")
    client.force_login(world.owner(workspace), backend=settings.AUTHENTICATION_BACKENDS[0])
    found = []
    pages = every(workspace, rounds)
    warm.settle_objects()
    for page in pages:
        if like not in page.name:
            continue
        figure = _measure(client, page)
        say(f"{page.name}: {figure.detail}")
        found.append(figure)
    return found


def _measure(client: Client, page: Page) -> Figure:
    warm_up = list(_times(client, page.addresses[:WARM_UP]))
    before = effort.so_far()
    times = list(_times(client, page.addresses))
    spent = effort.since(before)
    bare, statements = _bare(client, page.addresses[: REPLAYED if len(warm_up) == WARM_UP else 1])
    cpu = {name: round(seconds * 1000 / len(times), 2) for name, seconds in spent.items()}
    detail = {**spread(times), "cpu_ms_per_page": cpu, "sql": spread(bare), "statements": statements}
    return Figure(
        "pages", f"{page.name}, p95", quantile(times, 0.95), "ms", page.target, False, quantile(bare, 0.95), "bare SQL",
        detail,
    )  # fmt: skip


def _times(client: Client, addresses: Sequence[str]) -> Iterator[float]:
    """Milliseconds of each; of a page so slow that all would take minutes, only of the first few."""
    ends = time.perf_counter() + PATIENCE_SECONDS
    for address in addresses:
        yield _get(client, address)
        if time.perf_counter() > ends:
            return


def _get(client: Client, address: str) -> float:
    began = time.perf_counter()
    answer = client.get(address)
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise AssertionError(f"{address} answered {answer.status_code}")
    return took


def _bare(client: Client, addresses: Sequence[str]) -> tuple[list[float], int]:
    """Milliseconds of each page's own SELECTs sent again by themselves, and how many statements a page takes."""
    times, most = list[float](), 0
    for address in addresses:
        asked: list[tuple[str, Any]] = []
        with connection.execute_wrapper(_noting(asked)):
            client.get(address)
        selects = [(sql, given) for sql, given in asked if sql.lstrip().startswith(("SELECT", "WITH"))]
        most = max(most, len(asked))
        began = time.perf_counter()
        with connection.cursor() as cursor:
            for sql, given in selects:
                cursor.execute(sql, given)
                cursor.fetchall()
        times.append((time.perf_counter() - began) * 1000)
    return times, most


def _noting(asked: list[tuple[str, Any]]) -> Callable[..., Any]:
    """Writes down every statement on its way to the server, with what goes into it."""

    def note(execute: Callable[..., Any], sql: str, given: Any, many: bool, context: Any) -> Any:
        asked.append((sql, given))
        return execute(sql, given, many, context)

    return note


def every(workspace: Workspace, rounds: int) -> list[Page]:
    """All pages measured; addresses vary from request to request."""
    rng = Random(world.SEED)
    base = f"/w/{workspace.slug}"
    inbox, channels = f"{base}/inbox/", _ids("SELECT id FROM channels_channel ORDER BY id")

    def narrowed(n: int) -> Query:
        choices: list[Query] = [
            {"channel": rng.choice(channels)}, {"network": rng.choice(world.NETWORKS)}, {"waiting": "on"}, {"kind": "post"},
        ]  # fmt: skip
        return choices[n % len(choices)]

    def toned(n: int) -> Query:
        choices: list[Query] = [
            {"mood": "neg"}, {"intent": "complaint"}, {"language": rng.choice(["en", "ru", "et"])}, {"harm": "insult"},
            {"mood": "neg", "unsure": "on"}, {"sort": "urgent"}, {"sort": "negative", "language": "pl"}, {"urgent": "on"},
            {"feeling": "anger"}, {"harm": "spam"},
        ]  # fmt: skip
        return choices[n % len(choices)]

    def seldom(n: int) -> Query:
        choices: list[Query] = [
            {"harm": "threat", "language": "et"}, {"harm": "hate"}, {"mood": "pos", "intent": "complaint", "harm": "spam"},
            {"harm": "threat", "sort": "urgent"},
        ]  # fmt: skip
        return choices[n % len(choices)]

    pages = [
        Page("inbox, first page", [inbox] * rounds, 50),
        Page("inbox filtered, first page", [_url(inbox, narrowed(n)) for n in range(rounds)], 50),
        Page("inbox by mood, first page", [_url(inbox, toned(n)) for n in range(rounds)], 50),
        Page("inbox by mood and more, first page", [_url(inbox, toned(n) | narrowed(n)) for n in range(rounds)], 50),
        Page("inbox by what is rare, first page", [_url(inbox, seldom(n)) for n in range(rounds)], 50),
        Page("inbox, page 100", _deep(inbox, rounds, rng, channels), 50),
        Page("conversation", _conversations(inbox, rounds, rng), 50),
    ]
    for number, (language, words) in enumerate(world.vocabularies().items()):
        common = [_url(inbox, {"q": word}) for word in words.common]
        rare = [_url(inbox, {"q": word}) for word in _rare(number)]
        pages += [
            Page(f"search {language}, common word", [rng.choice(common) for _ in range(rounds)], 150),
            Page(f"search {language}, rare word", [rng.choice(rare) for _ in range(rounds)], 150),
        ]
    pages += [
        Page("numbers of a year", _numbers(f"{base}/numbers/", rounds, rng, channels), 200),
        Page("member", _members(f"{base}/members/", rounds, rng), 50),
        Page("members", _lists(f"{base}/members/", rounds, rng), 50),
    ]
    return pages


def _deep(inbox: str, rounds: int, rng: Random, channels: list[int]) -> list[str]:
    """The hundredth page, of all and of the busiest channels, and others as deep."""
    addresses = []
    for n in range(rounds):
        chosen: Query = {}
        where = ""
        if n % 2:
            chosen = {"channel": rng.choice(channels[:8])}
            where = f" AND channel_id = {chosen['channel']}"
        offset = PER_PAGE * (99 + (n // 2 if n > 1 else 0)) - 1
        rows = bulk.fetch(
            f"SELECT last_at, id FROM conversations_conversation WHERE workspace_id = (SELECT id FROM"
            f" workspaces_workspace WHERE slug = %s){where} ORDER BY last_at DESC, id DESC OFFSET %s LIMIT 1",
            [world.SLUG, offset],
        )
        for at, pk in rows:
            addresses.append(_url(inbox, {**chosen, "at": str(Mark(at, pk))}))
    return addresses


def _conversations(inbox: str, rounds: int, rng: Random) -> list[str]:
    """Any conversation, those with the most messages, and a message in the midst of one."""
    [(last, messages)] = bulk.fetch(
        "SELECT (SELECT max(id) FROM conversations_conversation), (SELECT max(id) FROM conversations_message)", []
    )
    longest = _ids("SELECT id FROM conversations_conversation ORDER BY message_count DESC LIMIT 100")
    addresses = []
    for n in range(rounds):
        if n % 3 == 0:
            addresses.append(f"{inbox}{rng.randint(1, last)}/")
        elif n % 3 == 1:
            addresses.append(f"{inbox}{rng.choice(longest)}/")
        else:
            pk = rng.randint(1, messages)
            [(conversation,)] = bulk.fetch("SELECT conversation_id FROM conversations_message WHERE id = %s", [pk])
            addresses.append(f"{inbox}{conversation}/?m={pk}")
    return addresses


def _numbers(here: str, rounds: int, rng: Random, channels: list[int]) -> list[str]:
    addresses = []
    for n in range(rounds):
        first = date(2024, 7, 1) + timedelta(days=rng.randrange(330))
        query = {"period": "set", "since": first.isoformat(), "until": (first + timedelta(days=364)).isoformat()}
        addresses.append(_url(here, {**query, "channel": rng.choice(channels)} if n % 3 == 0 else query))
    return addresses


def _members(here: str, rounds: int, rng: Random) -> list[str]:
    anybody = _ids(
        "SELECT id FROM members_member WHERE merged_into_id IS NULL ORDER BY hashint8extended(id, 1) LIMIT 500"
    )
    busiest = _ids("SELECT id FROM members_member ORDER BY message_count DESC LIMIT 100")
    return [f"{here}{rng.choice(anybody if n % 2 else busiest)}/" for n in range(rounds)]


def _lists(here: str, rounds: int, rng: Random) -> list[str]:
    queries: list[Query] = [
        {},
        {"sort": "busiest"},
        {"sort": "name"},
        {"network": "matrix"},
        {"q": "Maarja"},
        {"q": "Taras a"},
    ]
    return [_url(here, rng.choice(queries)) for _ in range(rounds)]


def _rare(language: int) -> list[str]:
    return [row[0] for row in bulk.fetch("SELECT word FROM bench_rare WHERE language = %s ORDER BY id", [language])]


def _ids(sql: str) -> list[int]:
    return [row[0] for row in bulk.fetch(sql, [])]


def _url(path: str, query: Query) -> str:
    return f"{path}?{urlencode(query)}" if query else path
