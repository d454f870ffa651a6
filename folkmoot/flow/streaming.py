"""A thread that holds one account's stream, and hands over batch after batch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import monotonic

import structlog

from folkmoot.channels import sessions
from folkmoot.channels.models import Channel, Connection
from folkmoot.networks.base import Batch
from folkmoot.networks.errors import MISTAKES, Later, NetworkError
from folkmoot.networks.live import Session, Streams

log = structlog.get_logger()

PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
STEADY_SECONDS = 60.0

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
            begun = monotonic()
            why = self._once()
            if not isinstance(why, Later):
                return  # stopped, or a person must do something
            failures = 0 if monotonic() - begun > STEADY_SECONDS else failures + 1
            self._stopped.wait(max(why.retry_after, PAUSES[min(failures, len(PAUSES) - 1)]) if failures else 0.5)

    def _once(self) -> NetworkError | None:
        """Why the stream ended; nothing if it was stopped."""
        try:
            with sessions.opened(self.connection) as session:
                return self._read(session)
        except NetworkError as error:
            self._hand_over(error)
            return error
        except MISTAKES as error:
            log.error("a connector failed", network=self.connection.network, exc_info=error)
            why = Later(f"Folkmoot made a mistake ({type(error).__name__}); its log says more", retry_after=PAUSES[-1])
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
