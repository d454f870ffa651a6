"""A thread that holds one account's stream, and hands over batch after batch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import monotonic

from folkmoot.channels import sessions
from folkmoot.channels.models import Channel, Connection
from folkmoot.flow.faults import Caught
from folkmoot.networks.base import Batch
from folkmoot.networks.errors import Later, NetworkError
from folkmoot.networks.live import Session, Streams

PAUSES = (0.5, 2.0, 5.0, 15.0, 60.0, 300.0)  # at least, by how often it failed without getting on
STEADY_SECONDS = 20.0

Offer = Callable[["Stream", Batch | NetworkError], None]


class Stream:
    """Reads on from the account's cursor until ``stop``, through broken connections; waits until each batch is stored."""

    def __init__(self, connection: Connection, channels: Sequence[Channel], offer: Offer) -> None:
        self.connection = connection
        self._places = [channel.place for channel in channels]
        self._cursor = connection.cursor
        self._offer = offer
        self._stored = threading.Semaphore(0)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"stream {connection.pk}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """It ends soon; not waited for, for it may hang in the network."""
        self._stopped.set()
        self._stored.release()

    def taken(self) -> None:
        """What was offered last is stored, or is not wanted."""
        self._stored.release()

    @property
    def ended(self) -> bool:
        return self._thread.ident is not None and not self._thread.is_alive()

    def _run(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            begun, before = monotonic(), self._cursor
            why = self._once()
            if not isinstance(why, Later):
                return  # stopped, or a person must do something
            got_on = self._cursor != before or monotonic() - begun > STEADY_SECONDS
            failures = 0 if got_on else failures + 1
            self._stopped.wait(max(why.retry_after, PAUSES[min(failures, len(PAUSES) - 1)]))

    def _once(self) -> NetworkError | None:
        """Why the stream ended; nothing if it was stopped."""
        why: NetworkError | None
        try:
            with Caught(self.connection.network) as caught, sessions.opened(self.connection) as session:
                return self._read(session)
            why = caught.why
        except NetworkError as error:
            why = error
        if why:
            self._hand_over(why)
        return why

    def _read(self, session: Session) -> NetworkError | None:
        if not isinstance(session, Streams):
            return None
        for batch in session.stream(self._places, self._cursor, self._stopped.is_set):
            if not self._hand_over(batch):
                return None
            self._cursor = batch.cursor
        return None if self._stopped.is_set() else Later("the network ended the connection", retry_after=PAUSES[0])

    def _hand_over(self, what: Batch | NetworkError) -> bool:
        """False once it is stopped."""
        self._offer(self, what)
        self._stored.acquire()
        return not self._stopped.is_set()
