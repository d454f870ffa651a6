"""How fast messages are read: by the model alone on one core, and while an archive is imported."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from bench import apart, world
from bench.figures import Figure, quantile, spread
from folkmoot.channels import actions as channels
from folkmoot.flow import archive, reading
from folkmoot.workspaces.models import Workspace

SINGLES = 2000
TAKEN = "bench_reading"
STARTS = datetime(2026, 1, 5, 8, tzinfo=UTC)


def measure(messages: int, imported: int, say: Callable[[str], None]) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        figures = _alone(Path(folder) / "texts.txt", messages)
        say(f"read alone: {[(figure.name, round(figure.value, 2)) for figure in figures]}")
        return [*figures, _imported(Path(folder) / "archive.jsonl", imported)]


def _texts(count: int) -> list[str]:
    rng = Random(world.SEED)
    languages = list(world.vocabularies().values())
    return [rng.choice(languages).say() for _ in range(count)]


def _alone(path: Path, messages: int) -> list[Figure]:
    path.write_text("\n".join(_texts(messages)), encoding="utf-8")
    told = subprocess.run(
        [sys.executable, "-m", "bench.reader", str(path), str(SINGLES)], check=True, capture_output=True, text=True
    )
    facts = json.loads(told.stdout)
    singles: list[float] = facts["singles"]
    return [
        Figure(
            "reading", "messages a second, one core", facts["rate"], "/s", 2000, True, detail={"messages": messages}
        ),
        Figure("reading", "one message alone, p95", quantile(singles, 0.95), "ms", 5, detail=dict(spread(singles))),
        Figure("reading", "loading the model", facts["load"], "s", 3),
        Figure("reading", "memory of its own", facts["memory"], "MB", 250),
    ]


def _imported(path: Path, messages: int) -> Figure:
    """A table of messages by people of whom few say most, in threads, until all of it is stored, settled and read."""
    rng = Random(world.SEED)
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(_texts(messages)):
            who = int(4000 * rng.random() ** 3)
            at = STARTS + timedelta(seconds=40 * number)
            row = {"id": str(number), "author": f"Person {who}", "time": at.isoformat(), "text": text}
            file.write(json.dumps(row | {"thread": f"t{number // 12}"}, ensure_ascii=False) + "\n")
    apart.create(TAKEN)
    apart.migrate(TAKEN)
    try:
        with apart.used(TAKEN):
            workspace = Workspace.objects.create(slug="reading", name="Reading")
            began = time.perf_counter()
            order = archive.run(channels.order_import(workspace, path=str(path), name=path.name, by=None))
            seconds = time.perf_counter() - began
            if order.messages_new != messages or reading.is_left(workspace.pk):
                raise AssertionError(f"{order.messages_new} of {messages} messages were imported, or some are not read")
    finally:
        apart.drop(TAKEN)
    return Figure(
        "reading", "import with reading, messages a second", messages / seconds, "/s", 1500, True,
        detail={"messages": messages},
    )  # fmt: skip
