"""What goes out, from the row to the network and back: docs/why/outbox.md draws the states.

One loop talks to the database: it claims what is due, hands it to threads that only talk to networks, and writes down
what came of it. The network is asked only after *sending* is on the disk, so that whoever dies leaves a trace.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from uuid import UUID, uuid4

import structlog
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from folkmoot.channels import actions as channels
from folkmoot.channels.models import Channel, Delivery, Enclosure
from folkmoot.channels.outbox import claim, rates
from folkmoot.channels.outbox.actions import WAKE
from folkmoot.flow import intake, jobs, news, sending
from folkmoot.flow.faults import DATABASE_AWAY, mistake
from folkmoot.flow.renewing import Renewer
from folkmoot.flow.sending import Again, Puzzled, Result
from folkmoot.flow.sessions import Pool
from folkmoot.lib import bulk
from folkmoot.lib.notices import Notices
from folkmoot.networks.acts import Pending, Sent
from folkmoot.networks.base import Batch, Rate, Seen, SeenDeletion
from folkmoot.networks.errors import MISTAKES, Later, Moved, NetworkError, Reconnect, Refused, Unsure

PRESENCE = "folkmoot outbox"
THREADS = 32  # one account takes half of them
LOOK_SECONDS = 1.0
SWITCH_SECONDS = 0.0005  # the loop waits often and shortly for the database; threads give way to it sooner than usual
ALIVE_SECONDS = 5.0
RENEWED_SECONDS = 5.0  # by then a new token is there, where there is one to be had
GIVE_UP = timedelta(hours=24)
MOST_ATTEMPTS = 20  # at what does no harm twice but never gets an answer
PAUSES = (0, 0, 30, 60, 300, 900, 3600)  # at least, by the number of attempts

UNSTORABLE = (DataError, IntegrityError, *MISTAKES)

State = Delivery.State
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    delivery: Delivery
    result: Result


class Outbox:
    """Sends until ``stop`` is called from another thread."""

    def __init__(self, threads: int = THREADS) -> None:
        self.sender = uuid4()
        self._threads = threads
        self._pool = Pool()
        self._renewer = Renewer(lambda: self._wake.put(None))
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._work: dict[Future[Result], Delivery] = {}
        self._stopped = threading.Event()
        self._said_alive = 0.0
        self._looked = 0.0

    def stop(self) -> None:
        self._stopped.set()
        self._wake.put(None)

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def run(self) -> None:
        """Until ``stop``; then waits for what is being sent and writes that down, too."""
        heard = lambda _name, _payload: self._wake.put(None)  # noqa: E731
        sys.setswitchinterval(SWITCH_SECONDS)
        with ThreadPoolExecutor(self._threads, "sending") as workers, Notices(PRESENCE, [WAKE], heard):
            while not self._stopped.is_set() or self._work:
                self._guarded(workers)
                self._wait()
        self._renewer.close()
        self._pool.close()
        connection.close()

    def once(self) -> int:
        """Does all that is due now and what follows from it; how many attempts that were. For commands and tests."""
        total = 0
        with ThreadPoolExecutor(self._threads, "sending") as workers:
            while self._turn(workers) or self._work:
                total += len(self._work)
                for future in list(self._work):
                    future.exception()
        self._renewer.close()
        self._pool.close()
        return total

    def _wait(self) -> None:
        try:
            self._wake.get(timeout=LOOK_SECONDS)
            while True:
                self._wake.get_nowait()
        except queue.Empty:
            return

    def _guarded(self, workers: ThreadPoolExecutor) -> None:
        try:
            self._turn(workers)
        except DATABASE_AWAY as error:
            log.warning("the database is away; trying again", error=str(error))
            connection.close()
            self._stopped.wait(2)

    def _turn(self, workers: ThreadPoolExecutor) -> int:
        """Writes down what is done, then claims what may begin; how many began."""
        now = timezone.now()
        done = [future for future in self._work if future.done()]
        if done:
            self._note(
                [Outcome(one := self._work[future], _result(future, one.connection.network)) for future in done],
                now=now,
            )
        for future in done:
            del self._work[future]
        self._stay_alive(now)
        if self._stopped.is_set():
            return 0
        begun = self._begin(workers, now)
        if monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = monotonic()
            claim.reap(now=now)
            begun += self._settle(workers, now)
        return begun

    def _stay_alive(self, now: datetime) -> None:
        if self._work and monotonic() - self._said_alive >= ALIVE_SECONDS:
            self._said_alive = monotonic()
            claim.live_on(self.sender, [delivery.pk for delivery in self._work.values()], now=now)

    def _begin(self, workers: ThreadPoolExecutor, now: datetime) -> int:
        free = self._threads - len(self._work)
        at_work = Counter(delivery.connection_id for delivery in self._work.values())
        claimed = claim.claim(self.sender, free, rates_of=_rates, now=now, at_work=at_work) if free > 0 else []
        for delivery in claimed:
            self._hand_over(workers, delivery, partial(_attempt, self._pool, delivery, _enclosures(delivery)))
        if claimed:
            for workspace_id in {delivery.workspace_id for delivery in claimed}:
                news.announce(workspace_id, "outbox")
        return len(claimed)

    def _settle(self, workers: ThreadPoolExecutor, now: datetime) -> int:
        free = self._threads - len(self._work)
        unsure = claim.to_settle(self.sender, free, now=now) if free > 0 else []
        for delivery in unsure:
            self._hand_over(workers, delivery, partial(_settle, self._pool, delivery, _enclosures(delivery), now))
        return len(unsure)

    def _hand_over(self, workers: ThreadPoolExecutor, delivery: Delivery, work: partial[Result]) -> None:
        future = workers.submit(work)
        self._work[future] = delivery
        future.add_done_callback(lambda _future: self._wake.put(None))

    def _note(self, outcomes: list[Outcome], *, now: datetime) -> None:
        """Writes down what came of acts, all in one transaction; where something in one of them can't be stored, each in
        its own, so that the others don't suffer."""
        try:
            with transaction.atomic():
                _note(outcomes, self.sender, now=now)
        except UNSTORABLE as error:
            log.warning("what came of an act could not be stored", exc_info=error)
            for outcome in outcomes:
                self._note_alone(outcome, now=now)
        for outcome in outcomes:
            if isinstance(outcome.result, Reconnect):
                self._renewer.or_break(outcome.delivery.connection, str(outcome.result))

    def _note_alone(self, outcome: Outcome, *, now: datetime) -> None:
        try:
            with transaction.atomic():
                _note([outcome], self.sender, now=now)
        except UNSTORABLE as error:
            log.error("what an act made will only show when its channel is read", exc_info=error)
            bare = Sent(str(outcome.result.remote_id)) if isinstance(outcome.result, Sent) else outcome.result
            with transaction.atomic():
                _note([Outcome(outcome.delivery, bare)], self.sender, now=now)


def _attempt(pool: Pool, delivery: Delivery, enclosures: list[Enclosure]) -> Result:
    try:
        with pool.session(delivery.connection) as session:
            return sending.attempt(session, delivery, enclosures)
    except NetworkError as error:  # out of the block first: a session that failed is not used again
        return error


def _settle(pool: Pool, delivery: Delivery, enclosures: list[Enclosure], now: datetime) -> Result:
    try:
        with pool.session(delivery.connection) as session:
            return sending.settle(session, delivery, enclosures, now=now)
    except NetworkError as error:
        return error


def _result(future: Future[Result], network: str) -> Result:
    """What a thread came back with; an error of our own leaves it open whether the act was done."""
    error = future.exception()
    if error is None:
        result = future.result()
        if isinstance(result, Result):
            return result
        error = TypeError(f"a connector gave {type(result).__name__}")
    return Unsure(str(mistake(error, network)))


def _enclosures(delivery: Delivery) -> list[Enclosure]:
    return sorted(delivery.enclosures.all(), key=lambda one: one.position)


def _rates(delivery: Delivery) -> tuple[Rate, ...]:
    connector = delivery.connection.connector
    return connector.facts.limits.rates if connector else ()


def _note(outcomes: Sequence[Outcome], sender: UUID, *, now: datetime) -> None:
    """What outcomes make of their deliveries, channels and accounts."""
    done = [
        (one.delivery.pk, bulk.key(one.result.remote_id), bulk.storable(one.result.url, 1000))
        for one in outcomes
        if isinstance(one.result, Sent)
    ]
    noted = claim.sent(done, sender, now=now)
    shown: dict[int, tuple[Channel, list[Seen]]] = {}
    for outcome in outcomes:
        delivery, result = outcome.delivery, outcome.result
        if isinstance(result, Sent) and delivery.pk in noted:
            _channel, seen = shown.setdefault(delivery.channel_id, (delivery.channel, []))
            seen += _made(delivery, result, now=now)
        elif isinstance(result, Sent) or not claim.change(delivery, sender, **_fields(delivery, result, now=now)):
            log.warning("a delivery was decided otherwise meanwhile", delivery=delivery.pk)
        elif isinstance(result, Later | Moved):
            _wait_or_move(delivery, result, now=now)
    for _number, (channel, seen) in sorted(shown.items()):
        if seen:
            batch = Batch(channel.place, seen, "", more=False)
            follow = jobs.consider_later  # our answer ends somebody's waiting
            intake.receive(channel, batch, now=now, mark=lambda _received: None, follow_up=follow)
    for workspace_id in {outcome.delivery.workspace_id for outcome in outcomes}:
        news.announce(workspace_id, "outbox")


def _wait_or_move(delivery: Delivery, result: Later | Moved, *, now: datetime) -> None:
    if isinstance(result, Moved):
        if not channels.move(delivery.channel, result.remote_id):
            claim.send_to(delivery, result.remote_id)
    elif result.retry_after > 0:
        place = rates.ACCOUNT if result.everywhere else delivery.channel.remote_id
        rates.block(delivery.connection, place, now + timedelta(seconds=result.retry_after))


def _fields(delivery: Delivery, result: Result, *, now: datetime) -> dict[str, object]:
    match result:
        case Pending(handle=handle, retry_after=seconds):
            return {
                "state": State.UNSURE,
                "handle": handle,
                "next_try_at": now + timedelta(seconds=seconds),
                "error": "",
            }
        case Again() if delivery.attempts >= MOST_ATTEMPTS:
            return {"puzzled": True, "state": State.UNSURE}
        case Again():
            return {"state": State.READY, "next_try_at": now}
        case Puzzled():
            return {"puzzled": True, "state": State.UNSURE}
        case NetworkError():
            return _failed(delivery, result, now=now)
    raise TypeError(result)


def _failed(delivery: Delivery, error: NetworkError, *, now: datetime) -> dict[str, object]:
    what: dict[str, object] = {"error": str(error)}
    if delivery.state == State.UNSURE and isinstance(error, Moved):
        return what | {"puzzled": delivery.attempts >= MOST_ATTEMPTS}  # it is looked for where the place is now
    if delivery.state == State.UNSURE:  # finding out failed, not the act
        late = now - (delivery.sending_at or delivery.ordered_at) > GIVE_UP
        return what | {"puzzled": late or isinstance(error, Unsure | Refused)}
    if isinstance(error, Unsure):
        return what | {"state": State.UNSURE, "next_try_at": now + claim.SETTLE_AFTER}
    if isinstance(error, Refused) or (isinstance(error, Moved) and delivery.attempts >= MOST_ATTEMPTS):
        return what | {"state": State.REFUSED, "ended_at": now}
    if now - delivery.ordered_at > GIVE_UP and delivery.attempts > 1:
        return what | {"state": State.REFUSED, "ended_at": now}
    asked = error.retry_after if isinstance(error, Later) else RENEWED_SECONDS if isinstance(error, Reconnect) else 0.0
    pause = max(asked, PAUSES[min(delivery.attempts, len(PAUSES) - 1)])
    return what | {"state": State.READY, "next_try_at": now + timedelta(seconds=pause)}


def _made(delivery: Delivery, sent: Sent, *, now: datetime) -> list[Seen]:
    """What we did shows at once, and not only when the network tells of it."""
    if delivery.act == Delivery.Act.DELETE:
        return [SeenDeletion(delivery.payload["remote_id"], now)]
    return [sent.seen] if sent.seen else []
