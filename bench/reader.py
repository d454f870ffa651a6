"""A process that reads messages on one core and says how fast it was: ``python -m bench.reader FILE SINGLES``."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import psutil

BATCH = 1000  # as the product reads


def main(path: Path, singles: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    texts = path.read_text(encoding="utf-8").splitlines()
    before = psutil.Process().memory_full_info().uss
    began = time.perf_counter()
    from folkmoot.understanding.reading.reader import reader

    found = reader()
    found.read(texts[:1])
    load = time.perf_counter() - began
    one_by_one = []
    for text in texts[:singles]:
        began = time.perf_counter()
        found.read([text])
        one_by_one.append((time.perf_counter() - began) * 1000)
    began = time.perf_counter()
    for start in range(0, len(texts), BATCH):
        found.read(texts[start : start + BATCH])
    seconds = time.perf_counter() - began
    memory = (psutil.Process().memory_full_info().uss - before) / 1e6
    facts = {"load": load, "singles": one_by_one, "rate": len(texts) / seconds, "memory": memory}
    print(json.dumps(facts | {"version": found.version}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
