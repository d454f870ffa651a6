"""python -m bench [--small] [--rebuild] [--only PART …] [--json FILE]"""

from __future__ import annotations

import argparse
import os
from importlib import import_module
from pathlib import Path

from folkmoot.cli import ONE_THREAD  # imports neither Django nor NumPy, which look at the environment

CACHE = Path(__file__).resolve().parent.parent / ".cache"
PARTS = ("intake", "reading", "topics", "live", "hooks", "pages", "crowd", "idle")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description="Measures Folkmoot.")
    parser.add_argument("--small", action="store_true", help="a twentieth of the size, for a quick look")
    parser.add_argument("--rebuild", action="store_true", help="build the synthetic workspace anew")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--json", default="bench-results.json", help="where the figures go")
    parser.add_argument("--rounds", type=int, default=150, help="requests to each page")
    parser.add_argument("--like", default="", help="only pages whose name contains this, such as search")
    chosen = parser.parse_args()
    # the settings are read once, when Django is first imported
    os.environ["FOLKMOOT_HOME"] = str(CACHE / ("bench-small" if chosen.small else "bench"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "folkmoot.settings"
    os.environ |= dict.fromkeys(ONE_THREAD, "1")  # as folkmoot's own command does
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("FOLKMOOT_DEBUG", None)
    return int(import_module("bench.run").run(chosen))


if __name__ == "__main__":
    raise SystemExit(main())
