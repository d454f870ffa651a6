"""Listens to every connected account: polls, holds streams, hears requests, reads the past.

One loop talks to the database; threads only talk to networks and hand over what they got. An account is one listener's
at a time, by a lease in the database that it renews; what it reads after losing it is not stored.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from uuid import uuid4

import structlog
from django.db import connection
from django.utils import timezone

from folkmoot.channels import actions as channels
from folkmoot.channels import listening, sessions
from folkmoot.channels.connecting import CHANGED
from folkmoot.channels.listening import LostLease
from folkmoot.channels.models import Channel, Connection, Cursor, Recall
from folkmoot.flow import hearing, news
from folkmoot.flow.faults import AFTER_A_MISTAKE, DATABASE_AWAY, Caught, mistake
from folkmoot.flow.renewing import Renewer
from folkmoot.flow.sessions import Pool
from folkmoot.flow.storing import Store
from folkmoot.flow.streaming import Stream
from folkmoot.lib import bulk
from folkmoot.lib.notices import Notices
from folkmoot.networks.base import Batch
from folkmoot.networks.errors import Later, Moved, NetworkError, Reconnect, Refused
from folkmoot.networks.live import Polls, PollsThreads, Recalled, Recalls, Session, Streams

PRESENCE = "folkmoot listener"
THREADS = 12
ACCOUNTS = 500
LEASE_SECONDS = 5.0
HOOK_SECONDS = 5.0
LOOK_SECONDS = 1.0
REFUSED_SECONDS = 3600.0
LEAST_SECONDS = 1.0
RENEW_BEFORE = timedelta(minutes=10)

log = structlog.get_logger()


@dataclass(slots=True)
class Account:
    """An account that this listener has, as it was when last looked at."""

    connection: Connection
    channels: list[Channel]
    kinds: dict[tuple[int, str], float]
    stream: Stream | None = None


class Listener:
    """Listens until ``stop`` is called from another thread."""

    def __init__(self, threads: int = THREADS) -> None:
        self.id = uuid4()
        self._threads = threads
        self._store = Store(self.id)
        self._pool = Pool()
        self._renewer = Renewer(lambda: self._tasks.put(self._hurry))
        self._accounts: dict[int, Account] = {}
        self._work: dict[Future[Batch | Recalled], Cursor | Recall] = {}
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._lease_at = self._hooks_at = 0.0

    def stop(self) -> None:
        self._stopped.set()
        self._tasks.put(lambda: None)

    def run(self) -> None:
        """Until ``stop``; comes back when the database was away."""
        with (
            ThreadPoolExecutor(self._threads, "listening") as workers,
            Notices(PRESENCE, [CHANGED, listening.HOOKS], self._told),
        ):
            while not self._stopped.is_set():
                try:
                    self._turn(workers)
                except DATABASE_AWAY as error:
                    log.warning("the database is away; trying again", error=str(error))
                    connection.close()
                    self._stopped.wait(2)
            self._end()
        self._renewer.close()
        self._pool.close()
        connection.close()

    def _told(self, name: str, _payload: str) -> None:
        """In the thread that waits for notices."""
        self._tasks.put(self._hurry_hooks if name == listening.HOOKS else self._hurry)

    def _hurry(self) -> None:
        self._lease_at = 0.0

    def _hurry_hooks(self) -> None:
        self._hooks_at = 0.0

    def _turn(self, workers: ThreadPoolExecutor) -> None:
        clock = monotonic()
        if clock - self._lease_at >= LEASE_SECONDS:
            self._lease_at = clock
            self._look()
        more = clock - self._hooks_at >= HOOK_SECONDS and self._hear()
        self._ask(workers)
        self._do(0.0 if more else LOOK_SECONDS)

    def _hear(self) -> bool:
        """Hears some of the requests that are kept; whether there may be more."""
        self._hooks_at = monotonic()
        heard = hearing.hear(self._pool, self._store, self._renewer, self._connections()) if self._accounts else 0
        if heard:
            self._hooks_at = 0.0
        return bool(heard)

    def _do(self, pause: float) -> None:
        """Does what threads handed over; waits for it until something else is to be done, and leaves the rest for the
        next turn when it takes long: the lease must be renewed however much comes."""
        until = monotonic() + LOOK_SECONDS
        while True:
            try:
                task = self._tasks.get(timeout=pause)
            except queue.Empty:
                return
            task()
            if monotonic() >= until:
                return
            pause = 0.001  # whatever else is there already

    # Which accounts

    def _look(self) -> None:
        """Renews the lease, takes over what is free, and notices what people changed."""
        now = timezone.now()
        held = {one.pk: one for one in listening.lease(self.id, ACCOUNTS, now=now)}
        for number in [number for number in self._accounts if number not in held]:
            self._drop(number)
        live = listening.live(held)
        for number, account in held.items():
            self._renew(account)
            self._take(account, live[number])

    def _connections(self) -> list[Connection]:
        return [account.connection for account in self._accounts.values()]

    def _drop(self, number: int) -> None:
        account = self._accounts.pop(number)
        if account.stream:
            account.stream.stop()
        self._pool.forget(number)

    def _take(self, account: Connection, live: list[Channel]) -> None:
        before = self._accounts.get(account.pk)
        waits = account.retry_at is not None and account.retry_at > timezone.now()
        if before and _signature(before.connection, before.channels) == _signature(account, live):
            before.connection.retry_at = account.retry_at
            if waits or not (before.stream and before.stream.ended):
                return
        if before:
            self._drop(account.pk)
        if waits:
            return
        for channel in live:
            channel.connection = account
        taken = Account(account, live, {})
        wrong: NetworkError | None
        try:
            with Caught(account.network) as caught, self._pool.session(account) as session:
                self._prepare(taken, session)
            wrong = caught.why
        except NetworkError as error:
            wrong = error
        if wrong:
            self._account_wrong(account, wrong)
            return
        self._accounts[account.pk] = taken
        if taken.stream:
            taken.stream.start()

    def _prepare(self, taken: Account, session: Session) -> None:
        if isinstance(session, Polls):
            for channel in taken.channels:
                kinds = session.kinds(channel.place)
                taken.kinds |= {(channel.pk, kind.name): kind.seconds for kind in kinds}
                listening.ask_for(channel, kinds)
        if isinstance(session, Streams):
            taken.stream = Stream(taken.connection, taken.channels, self._offer)

    def _renew(self, account: Connection) -> None:
        ends = account.token_expires_at
        if ends is not None and ends - RENEW_BEFORE <= timezone.now():
            self._renewer.ahead(account)

    # Polling, and the past

    def _ask(self, workers: ThreadPoolExecutor) -> None:
        free = self._threads - len(self._work)
        if free <= 0 or not self._accounts:
            return
        now = timezone.now()
        cursors = {one.pk for one in self._work.values() if isinstance(one, Cursor)}
        self._submit(workers, listening.due(self.id, free, busy=cursors, now=now), free)
        pasts = {one.pk for one in self._work.values() if isinstance(one, Recall)}
        if room := min(self._threads - len(self._work), max(self._threads // 3, 1) - len(pasts)):
            self._submit(workers, listening.recalls(self.id, max(room, 0), busy=pasts, now=now), room)

    def _submit(self, workers: ThreadPoolExecutor, wanted: Iterable[Cursor | Recall], free: int) -> None:
        for one in self._fair(wanted, free):
            self._begin(workers, one, self._accounts[one.channel.connection_id or 0])

    def _fair(self, wanted: Iterable[Cursor | Recall], free: int) -> Iterator[Cursor | Recall]:
        """Those that begin now: an account whose network is slow leaves half of what is free to others."""
        at_work = Counter(one.channel.connection_id for one in self._work.values())
        for one in wanted:
            number = one.channel.connection_id
            own = at_work[number]
            if free <= 0:
                return
            if number in self._accounts and (own == 0 or own < (free + own) // 2):
                at_work[number] += 1
                free -= 1
                yield one

    def _begin(self, workers: ThreadPoolExecutor, wanted: Cursor | Recall, account: Account) -> None:
        future = workers.submit(_fetch, self._pool, account.connection, wanted)
        self._work[future] = wanted
        future.add_done_callback(lambda done: self._tasks.put(lambda: self._came(done)))

    def _came(self, future: Future[Batch | Recalled]) -> None:
        wanted = self._work.pop(future)
        network, error = wanted.channel.network, future.exception()
        if error is None:
            with Caught(network) as caught:
                self._keep(wanted, future.result())
            error = caught.why
        if error is not None:
            self._wrong(wanted, error if isinstance(error, NetworkError) else mistake(error, network))

    def _keep(self, wanted: Cursor | Recall, found: Batch | Recalled) -> None:
        now, channel = timezone.now(), wanted.channel
        account = self._accounts.get(channel.connection_id or 0)
        if account is None:
            return
        try:
            if isinstance(wanted, Recall) and isinstance(found, Recalled):
                self._store.recalled(wanted, found, now=now)
                news.announce(channel.workspace_id, "channels", channel=channel.pk)
            elif isinstance(wanted, Cursor) and isinstance(found, Batch):
                every = account.kinds.get((channel.pk, wanted.kind), listening.THREAD_FIRST)
                session = sessions.connects(account.connection).session
                threads = issubclass(session, PollsThreads)
                self._store.polled(wanted, found, every=every, threads=threads, now=now)
                if not issubclass(session, Streams):
                    listening.account_again(account.connection, now=now)
            else:
                raise TypeError(f"a connector gave {type(found).__name__}")
        except LostLease:
            self._lease_at = 0.0

    def _wrong(self, wanted: Cursor | Recall, error: NetworkError) -> None:
        now, channel = timezone.now(), wanted.channel
        if isinstance(error, Moved) and channels.move(channel, error.remote_id):
            self._lease_at = 0.0
        seconds = _pause(error, moved_to=channel.remote_id)
        retry_at = now + timedelta(seconds=seconds)
        if isinstance(wanted, Recall):
            listening.recall_wrong(
                wanted, str(error), retry_at=None if isinstance(error, Refused) else retry_at, now=now
            )
        else:
            listening.put_off(wanted, seconds, now=now)
            by_person = isinstance(error, Reconnect)
            listening.went_wrong(channel, str(error), retry_at=None if by_person else retry_at, now=now)
        account = self._accounts.get(channel.connection_id or 0)
        if account and (isinstance(error, Reconnect) or (isinstance(error, Later) and error.everywhere)):
            self._account_wrong(account.connection, error)
        news.announce(channel.workspace_id, "channels", channel=channel.pk)

    def _account_wrong(self, account: Connection, error: NetworkError) -> None:
        now = timezone.now()
        if isinstance(error, Reconnect):
            self._renewer.or_break(account, str(error))
        else:
            seconds = max(error.retry_after, LEAST_SECONDS) if isinstance(error, Later) else AFTER_A_MISTAKE
            listening.account_wrong(account, str(error), retry_at=now + timedelta(seconds=seconds), now=now)
        news.announce(account.workspace_id, "channels", connection=account.pk)

    # Streams

    def _offer(self, stream: Stream, what: Batch | NetworkError) -> None:
        """In a stream's thread: hands over what came."""
        self._tasks.put(lambda: self._streamed(stream, what))

    def _streamed(self, stream: Stream, what: Batch | NetworkError) -> None:
        account = self._accounts.get(stream.connection.pk)
        if account is None or account.stream is not stream:
            stream.taken()
            return
        kept = False
        try:
            if isinstance(what, Moved):
                self._moved(account, what)
            elif isinstance(what, NetworkError):
                self._account_wrong(account.connection, what)
                kept = True
            else:
                kept = self._store_stream(account, what)
        finally:
            if kept:
                stream.taken()
            else:  # what was not stored must be read again: from where the database says
                self._drop(account.connection.pk)

    def _moved(self, account: Account, error: Moved) -> None:
        """The stream ended with it, and begins anew with the place as it is now."""
        moved = [
            channels.move(channel, error.remote_id)
            for channel in account.channels
            if channel.remote_id == error.was or len(account.channels) == 1
        ]
        if any(moved):
            self._lease_at = 0.0
        else:
            self._account_wrong(account.connection, error)

    def _store_stream(self, account: Account, batch: Batch) -> bool:
        """False where it could not be stored."""
        place = batch.place
        channel = next((one for one in account.channels if place and one.remote_id == place.remote_id), None)
        try:
            with Caught(account.connection.network) as caught:
                self._store.streamed(account.connection, channel, batch, now=timezone.now())
                return True
        except LostLease:
            self._lease_at = 0.0
        if caught.why:
            self._account_wrong(account.connection, caught.why)
        return False

    def _end(self) -> None:
        for number in list(self._accounts):
            self._drop(number)
        listening.let_go(self.id)


def _signature(account: Connection, live: list[Channel]) -> tuple[object, ...]:
    """What makes an account another one to listen to, when it changes."""
    return account.secrets_version, account.allowed, tuple((channel.pk, channel.remote_id) for channel in live)


def _pause(error: NetworkError, *, moved_to: str) -> float:
    """Seconds until it is asked for again. An account that must be connected anew is not asked anyway, and nothing is to
    wait once it is."""
    if isinstance(error, Later):
        return max(error.retry_after, LEAST_SECONDS)
    soon = isinstance(error, Reconnect) or (isinstance(error, Moved) and bulk.key(error.remote_id) == moved_to)
    return LEASE_SECONDS if soon else REFUSED_SECONDS


def _fetch(pool: Pool, account: Connection, wanted: Cursor | Recall) -> Batch | Recalled:
    """In a thread: asks the network. Raises ``NetworkError``."""
    place = wanted.channel.place
    with pool.session(account) as session:
        if isinstance(wanted, Recall):
            if not isinstance(session, Recalls):
                raise Refused("This network gives no past.")
            return session.recall(place, wanted.cursor, since=wanted.since)
        if wanted.thread and isinstance(session, PollsThreads):
            return session.poll_thread(place, wanted.thread, wanted.text)
        if isinstance(session, Polls):
            return session.poll(place, wanted.kind, wanted.text)
    raise Refused("This network is not asked for news.")
