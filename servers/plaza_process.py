"""python -m servers.plaza_process listen|send: one of Folkmoot's own processes, to which the plaza is known."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module

import django

from servers import plaza_connector


def main(part: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "folkmoot.settings")
    plaza_connector.register()
    django.setup()
    if part == "listen":
        import_module("folkmoot.cli.listen").listen()
        return
    outbox = import_module("folkmoot.flow.outgoing").Outbox()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: outbox.stop())
    outbox.run()


if __name__ == "__main__":
    main(sys.argv[1])
