"""Listener and sender killed with -9 at random moments, on a network that fails every tenth time: nothing is lost, nothing
done twice, in either direction.

KILLS="2000 1000 8" makes it so many messages in, acts out, and kills of each.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from folkmoot.channels.models import Channel, Connection, Delivery
from folkmoot.channels.outbox import actions
from folkmoot.conversations.models import Message
from folkmoot.networks.acts import Reply
from folkmoot.workspaces.models import User
from servers.plaza import Square

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
IN, OUT, TIMES = map(int, os.environ.get("KILLS", "200 100 2").split())
PATIENCE = 900.0


class Immortal:
    """A process that is started again each time it is killed."""

    def __init__(self, part: str) -> None:
        self._part = part
        self.deaths = 0
        self._start()

    def _start(self) -> None:
        known = connection.settings_dict
        named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
        conninfo = make_conninfo(**{name: known[key] for name, key in named.items() if known.get(key)})
        environment = os.environ | {"DATABASE_URL": conninfo, "FOLKMOOT_HOME": str(settings.HOME)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "servers.plaza_process", self._part], env=environment, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.deaths += 1
        self._start()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def dying(parts: list[Immortal], times: int) -> Iterator[threading.Event]:
    """Kills each of ``parts`` so many times, at random moments."""
    chance, over = random.Random(7), threading.Event()

    def reap() -> None:
        for _ in range(times):
            for part in parts:
                if over.wait(chance.uniform(1.0, 6.0)):
                    return
                part.kill()

    thread = threading.Thread(target=reap)
    thread.start()
    try:
        yield over
    finally:
        over.set()
        thread.join()
        for part in parts:
            part.end()


def until(true: Callable[[], bool], what: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, what()
        time.sleep(0.2)


def test_nothing_is_lost_and_nothing_doubled(connect: Callable[..., Connection], square: Square, mira: User) -> None:
    account = connect(now=datetime.now(UTC))
    channel = Channel.objects.select_related("connection", "workspace").get(connection=account, remote_id="lounge")
    square.faults = 0.1
    parts = [Immortal("listen"), Immortal("send")]
    with dying(parts, TIMES):
        for number in range(max(IN, OUT)):
            if number < IN:
                place = "kitchen" if number % 3 == 0 else "lounge"
                square.add({"place": place, "thread": f"t{number % 20}", "author": "ada", "text": f"in {number}"})
            if number < OUT:
                actions.order(channel, Reply(channel.place, f"t{number % 20}", "", f"out {number}"), by=mira)
            time.sleep(0.02)
        until(lambda: all(part.deaths == TIMES for part in parts), lambda: [part.deaths for part in parts])
        until(
            lambda: not Delivery.objects.exclude(state="sent").filter(puzzled=False).exists(),
            lambda: Counter(Delivery.objects.values_list("state", flat=True)),
        )
        square.faults = 0.0
        until(
            lambda: Message.objects.filter(ours=False).count() >= IN,
            lambda: Message.objects.filter(ours=False).count(),
        )
    sent = Counter(post["text"] for post in square.posts if post["author"] == "us")
    assert sent == Counter(f"out {number}" for number in range(OUT))
    assert not Delivery.objects.exclude(state="sent").exists()
    heard = Message.objects.filter(ours=False).values_list("text", flat=True)
    assert Counter(heard) == Counter(f"in {number}" for number in range(IN))
    shown = Message.objects.filter(ours=True).values_list("text", flat=True)
    assert Counter(shown) == sent
