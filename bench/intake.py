"""How fast messages are taken in, beside the same rows written by bare COPY and INSERT … SELECT."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from random import Random

from django.db import connection, transaction

from bench import apart, effort, warm, world
from bench.effort import Effort
from bench.figures import Figure
from folkmoot.channels.actions import channel_for
from folkmoot.channels.models import Channel
from folkmoot.flow import intake
from folkmoot.flow.archive import SETTLE_EVERY
from folkmoot.flow.settling import Beside
from folkmoot.lib import bulk
from folkmoot.lib.ahead import ahead
from folkmoot.networks.base import BATCH_SIZE, Attachment, Batch, Person, Place, PlaceKind, Reaction, SeenMessage
from folkmoot.workspaces.models import Workspace

TAKEN, BARE = "bench_intake", "bench_limit"
COLD = 4
STARTS = datetime(2026, 1, 5, 8, tzinfo=UTC)
PLACES: tuple[tuple[str, PlaceKind], ...] = (
    ("discord", "chat"), ("discourse", "forum"), ("telegram", "chat"), ("email", "list"), ("telegram", "page"),
)  # fmt: skip
# in the order in which the rows can be written; what is not known yet when a row is made is left out of the copy
TABLES = {
    "members_member": "",
    "members_identity": "",
    "conversations_conversation": "latest_author_id",
    "conversations_message": "",
    "conversations_attachment": "",
    "conversations_ask": "answer_id",
    "members_activity": "",
    "analytics_stale": "",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of each batch, waiting for its words included (``receiving``: without what follows), and the highest id in every table after it."""

    seconds: list[float]
    receiving: list[float]
    marks: list[dict[str, int]]
    spent: Effort


def measure(batches: int) -> list[Figure]:
    """``batches`` batches of 500, in turn from five places, first by ``intake.receive``, then bare."""
    apart.create(TAKEN)
    apart.migrate(TAKEN)
    apart.create(BARE, like=TAKEN)
    try:
        with apart.used(TAKEN):
            taken = _receive(batches)
            rows = _rows(taken.marks)
            fixed = {table: _copied(f"SELECT * FROM {table}") for table in ("workspaces_workspace", "channels_channel")}
        bare, count, bare_spent = _write(rows, fixed)
    finally:
        apart.drop(TAKEN)
        apart.drop(BARE)
    warm, warm_bare = sum(taken.seconds[COLD:]), sum(bare[COLD:])
    cold, received = sum(taken.seconds[:COLD]), sum(taken.receiving[COLD:])
    messages = (batches - COLD) * BATCH_SIZE
    rate, limit = messages / warm, messages / warm_bare
    what = "COPY + INSERT … SELECT"
    detail = {
        "rows_per_message": round(count / (batches * BATCH_SIZE), 2),
        "batches": batches,
        "cpu_ms_per_batch": {name: round(each * 1000 / batches, 1) for name, each in taken.spent.items()},
        "cpu_ms_per_batch_bare": {name: round(each * 1000 / batches, 1) for name, each in bare_spent.items()},
    }
    return [
        Figure("intake", "messages a second", rate, "/s", 4000, True, limit, what, detail),
        Figure("intake", "rows a second, all tables", rate * count / (batches * BATCH_SIZE), "/s"),
        Figure("intake", "share of the limit", rate / limit, "", 0.5, True),
        Figure("intake", "messages a second, received alone", messages / received, "/s"),
        Figure(
            "intake", f"messages a second, first {COLD} batches", COLD * BATCH_SIZE / cold, "/s",
            limit=COLD * BATCH_SIZE / sum(bare[:COLD]), limit_of=what,
        ),
    ]  # fmt: skip


def _receive(batches: int) -> Taken:
    workspace = Workspace.objects.create(slug="intake", name="Intake")
    channels = [
        channel_for(workspace, network, Place(f"place-{n}", f"Place {n}", kind))
        for n, (network, kind) in enumerate(PLACES)
    ]
    per_channel = -(-batches // len(PLACES))
    streams = [_stream(channel, per_channel * BATCH_SIZE) for channel in channels]
    ready = [
        (channel, Batch(Place(channel.remote_id, channel.name, "chat"), seen, ""))
        for channel, seen in ((channels[n % len(channels)], _next(streams, n)) for n in range(batches))
    ]
    seconds, receiving, marks = list[float](), list[float](), [_highest()]
    warm.settle_objects()  # an archive is never held as a whole, as all these batches are
    before = effort.so_far()
    began = time.perf_counter()
    with ahead((channel, batch, intake.look_up(batch)) for channel, batch in ready) as coming, Beside() as beside:
        for n, (channel, batch, words) in enumerate(coming, 1):
            with transaction.atomic():
                bulk.write_behind()
                received = intake.receive(channel, batch, now=STARTS, past=True, words=words)
            receiving.append(time.perf_counter() - began)
            if n % SETTLE_EVERY == 0 or n == batches:
                beside.settle(workspace.pk)
            if n == batches:
                beside.finish()
            if received.messages_new != len(batch.seen):
                raise AssertionError(f"batch {n}: {received.messages_new} of {len(batch.seen)} messages were new")
            marks.append(_highest())
            seconds.append(time.perf_counter() - began)
            began = time.perf_counter()
    return Taken(seconds, receiving, marks, effort.since(before))


def _next(streams: list[Iterator[SeenMessage]], n: int) -> list[SeenMessage]:
    return list(islice(streams[n % len(streams)], BATCH_SIZE))


def _stream(channel: Channel, count: int) -> Iterator[SeenMessage]:
    """One place's messages, oldest first: talk with silences, or threads, by people of whom a few say most."""
    rng = Random(f"{world.SEED}/{channel.remote_id}")
    languages = list(world.vocabularies().values())
    people = [Person(f"{channel.network}-{n}", f"Person {n}", f"person{n}") for n in range(4000)]
    at, recent, thread, language = STARTS, list[str](), 0, languages[0]
    for n in range(count):
        opens = rng.random() < 0.12
        if opens:
            thread, language = n, rng.choice(languages)
        at += timedelta(seconds=rng.expovariate(1 / 40)) + (timedelta(minutes=45) if opens else timedelta())
        # one of the latest threads goes on, not always the newest
        chosen = thread if opens or rng.random() < 0.7 else max(thread - rng.randrange(200), 0)
        yield SeenMessage(
            remote_id=f"{channel.pk}-{n}",
            at=at,
            author=_somebody(rng, people),
            text=language.say(),
            thread=f"t{chosen}" if channel.kind != "chat" else None,
            thread_title=f"Thread {chosen}" if channel.kind != "chat" else "",
            parent=rng.choice(recent) if recent and not opens and rng.random() < 0.3 else None,
            attachments=(Attachment("image", f"https://example.org/{n}.jpg", f"{n}.jpg"),) if n % 30 == 0 else (),
            reactions=_reactions(rng, people) if rng.random() < 0.1 else (),
        )
        recent = [*recent[-20:], f"{channel.pk}-{n}"]


def _somebody(rng: Random, people: list[Person]) -> Person:
    return people[int(len(people) * rng.random() ** 3)]


def _reactions(rng: Random, people: list[Person]) -> tuple[Reaction, ...]:
    who = {person.remote_id: person for person in (_somebody(rng, people) for _ in range(rng.randint(1, 4)))}
    return (Reaction("👍", len(who), tuple(who.values())),)


def _highest() -> dict[str, int]:
    newest = ", ".join(f"(SELECT coalesce(max(id), 0) FROM {table})" for table in TABLES)
    [row] = bulk.fetch(f"SELECT {newest}", [])
    return dict(zip(TABLES, row, strict=True))


def _rows(marks: list[dict[str, int]]) -> list[dict[str, tuple[bytes, int]]]:
    """Of each batch and table: the rows it made, as COPY writes them, and how many."""
    found = []
    for before, after in pairwise(marks):
        rows = {}
        for table, unknown in TABLES.items():
            columns = ", ".join("NULL" if name == unknown else name for name in _columns(table))
            sql = f"SELECT {columns} FROM {table} WHERE id > {before[table]} AND id <= {after[table]} ORDER BY id"
            copied = _copied(sql)
            rows[table] = copied, copied.count(b"\n")
        found.append(rows)
    return found


def _columns(table: str) -> list[str]:
    rows = bulk.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " ORDER BY attnum",
        [table],
    )
    return [row[0] for row in rows]


def _copied(sql: str) -> bytes:
    with connection.cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT") as copy:
        return b"".join(bytes(block) for block in copy)


def _write(rows: list[dict[str, tuple[bytes, int]]], fixed: dict[str, bytes]) -> tuple[list[float], int, Effort]:
    """Seconds of each batch, in one transaction as intake has it, the number of rows in all, and the processor's time."""
    seconds, count = list[float](), 0
    with apart.plain(BARE) as server:
        for table, copied in fixed.items():
            with server.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(copied)
        for table in TABLES:
            server.execute(f"CREATE TEMP TABLE new_{table} (LIKE {table}) ON COMMIT DELETE ROWS")
        backend = server.info.backend_pid
        before = effort.so_far(backend)
        for batch in rows:
            began = time.perf_counter()
            with server.transaction():
                server.execute("SET LOCAL synchronous_commit = off")
                for table, (copied, _number) in batch.items():
                    with server.cursor().copy(f"COPY new_{table} FROM STDIN") as copy:
                        copy.write(copied)
                    server.execute(f"INSERT INTO {table} SELECT * FROM new_{table}")
            seconds.append(time.perf_counter() - began)
            count += sum(number for _copied, number in batch.values())
        spent = effort.since(before, backend)
    return seconds, count, spent
