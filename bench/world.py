"""The synthetic workspace: 4 million messages, 450 000 conversations, 100 000 members, the same at every build.

Rows are made by the server from hashes of their numbers, with indexes and triggers away, in one transaction (which
needs no write-ahead log); then everything derived is derived by the code that does it in real life.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

from django.db import connection, transaction

from bench.words import LANGUAGES, POOL, Vocabulary
from folkmoot.analytics import actions as analytics
from folkmoot.conversations import asks
from folkmoot.lib import bulk
from folkmoot.lib.lemmas import vector
from folkmoot.workspaces.models import Rank, Role, User, Workspace

SEED = 20
SLUG = "bench"
YEARS = timedelta(days=730)
ENDS = datetime(2026, 6, 1, tzinfo=UTC)
NETWORKS = ("discord", "telegram", "discourse", "slack", "matrix", "email")
KINDS = {"discourse": "forum", "email": "list"}
SQL = Path(__file__).resolve().parent / "sql"
LOADED = (
    "conversations_message", "conversations_conversation", "conversations_ask", "conversations_attachment",
    "conversations_revision", "members_member", "members_identity", "members_activity",
)  # fmt: skip
CHECKED = 300


@dataclass(frozen=True, slots=True)
class Size:
    messages: int = 4_000_000
    conversations: int = 450_000
    members: int = 100_000
    channels: int = 60

    def shrunk(self, by: int) -> Size:
        return Size(self.messages // by, self.conversations // by, self.members // by, self.channels)


@dataclass(slots=True)
class Steps:
    """How long each step of the build took, in seconds."""

    seconds: dict[str, float] = field(default_factory=dict)
    said: Callable[[str], None] = lambda _text: None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.said(f"{name} …")
        began = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - began, 1)
        self.said(f"{name}: {self.seconds[name]} s")


@cache
def vocabularies() -> dict[str, Vocabulary]:
    return {language: Vocabulary(language, SEED) for language in LANGUAGES}


def existing() -> Workspace | None:
    """The workspace of an earlier run, if its build came to its end."""
    return Workspace.objects.filter(slug=SLUG, name__startswith="Bench").first()


def build(size: Size, steps: Steps) -> Workspace:
    with steps.step("forget what was there"):
        counted = ("analytics_memberday", "analytics_daycount", "analytics_stale")
        _run(f"TRUNCATE {', '.join((*LOADED, *counted))}, channels_channel CASCADE")
        Workspace.objects.filter(slug=SLUG).delete()
    workspace = Workspace.objects.create(slug=SLUG, name="building", timezone="Europe/Tallinn")
    for setting in ("maintenance_work_mem = '1GB'", "work_mem = '256MB'", "synchronous_commit = off"):
        _run(f"SET {setting}")
    with steps.step("make texts"):
        _texts()
    with steps.step("make channels, people and threads"):
        _threads(workspace, size)
    _load(workspace, size, steps)
    _run("RESET ALL")
    with steps.step("vacuum and analyze"):
        _vacuum((*LOADED, "channels_channel"))
    with steps.step("check who asked and who answered"):
        _check_asks()
    with steps.step("count the numbers (analytics.count)"):
        analytics.mark_all_stale(workspace.pk)
        analytics.count(workspace.pk)
    with steps.step("vacuum and analyze the numbers"):
        _vacuum(("analytics_memberday", "analytics_daycount", "workspaces_workspace"))
    Workspace.objects.filter(pk=workspace.pk).update(name=f"Bench ({size.messages:,} messages)")
    workspace.refresh_from_db()
    return workspace


def owner(workspace: Workspace, number: int = 0) -> User:
    user, _made = User.objects.get_or_create(email=f"owner{number}@example.org", defaults={"name": f"Owner {number}"})
    Role.objects.get_or_create(workspace=workspace, user=user, defaults={"rank": Rank.OWNER})
    return user


def facts(workspace: Workspace) -> dict[str, int | str]:
    """What is really there."""
    counts = {
        table.partition("_")[2]: bulk.fetch(f"SELECT count(*) FROM {table} WHERE workspace_id = %s", [workspace.pk])[0][0]
        for table in (
            "conversations_message", "conversations_conversation", "conversations_ask", "members_member",
            "members_identity", "members_activity", "analytics_memberday", "analytics_daycount", "channels_channel",
        )
    }  # fmt: skip
    [(size,)] = bulk.fetch("SELECT pg_size_pretty(pg_database_size(current_database()))", [])
    return {**counts, "database": size}


def _texts() -> None:
    _run("DROP TABLE IF EXISTS bench_pool, bench_rare")
    _run("CREATE UNLOGGED TABLE bench_pool (id int PRIMARY KEY, text text, lexemes tsvector)")
    _run("CREATE UNLOGGED TABLE bench_rare (id int PRIMARY KEY, language int, word text, lexemes tsvector)")
    for number, words in enumerate(vocabularies().values()):
        bulk.copy_rows(
            "bench_pool",
            ["id", "text", "lexemes"],
            ((number * POOL + n, text.words, text.lexemes) for n, text in enumerate(words.texts(POOL))),
        )
        rare = [(number * 1000 + n, number, word, vector(word)) for n, word in enumerate(words.rare)]
        bulk.copy_rows("bench_rare", ["id", "language", "word", "lexemes"], rare)
    _run("ANALYZE bench_pool, bench_rare")


def _threads(workspace: Workspace, size: Size) -> None:
    """Staging rows: one per identity, and one per conversation with its size, time, language and place."""
    rng = Random(SEED)
    channels = _channels(workspace, size)
    _run("DROP TABLE IF EXISTS bench_identity, bench_thread")
    _run(
        "CREATE UNLOGGED TABLE bench_identity (id bigint PRIMARY KEY, member_id bigint, network text, ours bool, bot bool)"
    )
    bulk.copy_rows("bench_identity", ["id", "member_id", "network", "ours", "bot"], _identities(size))
    _run(
        "CREATE UNLOGGED TABLE bench_thread (id bigint PRIMARY KEY, channel_id bigint, network int, threaded bool,"
        " by_us bool, language int, size int, first_no bigint, first_at timestamptz, span interval)"
    )
    bulk.copy_rows(
        "bench_thread",
        ["id", "channel_id", "network", "threaded", "by_us", "language", "size", "first_no", "first_at", "span"],
        _thread_rows(rng, channels, size),
    )
    _run("ANALYZE bench_identity, bench_thread")


def _channels(workspace: Workspace, size: Size) -> list[tuple[int, int, str]]:
    """Id, number of the network, and kind of each channel."""
    rows = []
    for n in range(size.channels):
        network = NETWORKS[n % len(NETWORKS)]
        kind = "page" if n % 10 == 1 else KINDS.get(network, "chat")
        [(pk,)] = bulk.fetch(
            "INSERT INTO channels_channel (workspace_id, network, remote_id, name, kind, url, cursor)"
            " VALUES (%s, %s, %s, %s, %s, '', '') RETURNING id",
            [workspace.pk, network, f"place-{n}", f"{network} {n}", kind],
        )
        rows.append((pk, n % len(NETWORKS), kind))
    return rows


def _identities(size: Size) -> Iterator[tuple[int, int, str, bool, bool]]:
    """Networks one after the other; the first two of each are us. Every twelfth member has a second account."""
    per = size.members // len(NETWORKS)
    number = 0
    for index, network in enumerate(NETWORKS):
        last = size.members if index == len(NETWORKS) - 1 else (index + 1) * per
        for position, member in enumerate(range(index * per, last)):
            number += 1
            yield number, member + 1, network, position < 2, position == 40
        for member in range(0, index * per, 12 * len(NETWORKS)):
            number += 1
            yield number, member + 1, network, False, False


def _thread_rows(rng: Random, channels: list[tuple[int, int, str]], size: Size) -> Iterator[tuple[object, ...]]:
    """Most threads are short and some endless; more begin from month to month; channels differ in size."""
    raw = [min(rng.paretovariate(1.1), 3000.0) for _ in range(size.conversations)]
    scale = (size.messages - size.conversations) / sum(each - 1 for each in raw)
    sizes = [1 + int((each - 1) * scale) for each in raw]
    for n in range(size.messages - sum(sizes)):
        sizes[n % len(sizes)] += 1
    starts = sorted(ENDS - YEARS * (1 - rng.random() ** 0.6) - timedelta(hours=1) for _ in sizes)
    weights = [1 / (n + 1) ** 0.7 for n in range(len(channels))]
    chosen = rng.choices(channels, weights, k=len(sizes))
    number = 1
    for pk, (length, start, (channel, network, kind)) in enumerate(zip(sizes, starts, chosen, strict=True), 1):
        minutes = rng.expovariate(1 / 20.0) * length * (20 if kind in {"forum", "list"} else 1)
        span = min(timedelta(minutes=minutes), ENDS - start, timedelta(days=60))
        language = rng.choices(range(len(LANGUAGES)), (40, 25, 15, 12, 8))[0]
        threaded = kind != "chat"
        yield pk, channel, network, threaded, kind == "page", language, length, number, start, span
        number += length


def _load(workspace: Workspace, size: Size, steps: Steps) -> None:
    facts = {"workspace": workspace.pk, "pool": POOL}
    with transaction.atomic():
        _run("SET LOCAL session_replication_role = replica")
        _run("TRUNCATE " + ", ".join(LOADED) + " CASCADE")
        with _without_indexes(steps):
            for name in (
                "messages",
                "rare_words",
                "identities",
                "members",
                "asks",
                "conversations",
                "activities",
                "extras",
            ):
                with steps.step(f"load {name}"):
                    for statement in (SQL / f"{name}.sql").read_text(encoding="utf-8").split(";\n"):
                        if statement.strip():
                            bulk.change(statement, facts)
        for table in LOADED:
            _run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest((SELECT max(id) FROM {table}), 1))")


@contextmanager
def _without_indexes(steps: Steps) -> Iterator[None]:
    """All but primary keys go, and come back in one go each."""
    constraints = bulk.fetch(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'u' AND conrelid = ANY(%s::regclass[])",
        [list(LOADED)],
    )
    for table, name, _definition in constraints:
        _run(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE')
    indexes = bulk.fetch(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisprimary",
        [list(LOADED)],
    )
    for name, _definition in indexes:
        _run(f"DROP INDEX {name}")
    yield
    with steps.step("build indexes"):
        for _name, definition in indexes:
            _run(definition)
        for table, name, definition in constraints:
            _run(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def _check_asks() -> None:
    """The asks made in one pass are those that Folkmoot works out, looked at in a few hundred conversations."""
    [(last,)] = bulk.fetch("SELECT max(id) FROM conversations_conversation", [])
    some = Random(SEED).sample(range(1, last + 1), CHECKED)
    told = (
        "SELECT message_id, asked_at, answer_id, answered_at FROM conversations_ask"
        " WHERE conversation_id = ANY(%s) ORDER BY message_id"
    )
    made = bulk.fetch(told, [some])
    asks.reckon(some)
    if bulk.fetch(told, [some]) != made:
        raise AssertionError("the asks of the synthetic workspace are not those of folkmoot.conversations.asks")


def _vacuum(tables: Sequence[str]) -> None:
    for table in tables:
        _run(f"VACUUM (ANALYZE) {table}")


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
