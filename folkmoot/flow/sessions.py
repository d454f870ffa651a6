"""Sessions kept open between uses: each by one thread at a time, none beyond a change of its account."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic

from folkmoot.channels import sessions
from folkmoot.channels.models import Connection
from folkmoot.networks.live import Session

KEPT = 4  # of one account
IDLE_SECONDS = 120.0  # after which a network may have hung up

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Open:
    session: Session
    stack: ExitStack
    used_at: float = field(default_factory=monotonic)


class Pool:
    """Open sessions of accounts. A session whose use ended in an error is not used again."""

    def __init__(self) -> None:
        self._free: dict[Key, list[_Open]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def session(self, connection: Connection) -> Iterator[Session]:
        """Raises ``Reconnect`` where there can be none."""
        key = (connection.pk, connection.secrets_version)
        self._tidy(key)
        with self._lock:
            free = self._free.get(key)
            one = free.pop() if free else None
        one = one or _opened(connection)
        sound = False
        try:
            yield one.session
            sound = True
        finally:
            if not (sound and self._keep(key, one)):
                one.stack.close()

    def _keep(self, key: Key, one: _Open) -> bool:
        with self._lock:
            if any(other > key for other in self._free if other[0] == key[0]):
                return False
            free = self._free.setdefault(key, [])
            if len(free) < KEPT:
                free.append(replace(one, used_at=monotonic()))
                return True
        return False

    def _tidy(self, key: Key) -> None:
        """Closes what was open before the account changed, and what was not used for long."""
        long_ago = monotonic() - IDLE_SECONDS
        gone = []
        with self._lock:
            for other, free in list(self._free.items()):
                old = other[0] == key[0] and other < key
                gone.append([one for one in free if old or one.used_at < long_ago])
                self._free[other] = [one for one in free if not old and one.used_at >= long_ago]
                if not self._free[other]:
                    del self._free[other]
        _close(gone)

    def forget(self, connection_id: int) -> None:
        """Closes what is open of an account and not in use."""
        with self._lock:
            gone = [self._free.pop(key) for key in list(self._free) if key[0] == connection_id]
        _close(gone)

    def close(self) -> None:
        with self._lock:
            gone, self._free = list(self._free.values()), {}
        _close(gone)


def _opened(connection: Connection) -> _Open:
    stack = ExitStack()
    return _Open(stack.enter_context(sessions.opened(connection)), stack)


def _close(many: list[list[_Open]]) -> None:
    for one in (one for some in many for one in some):
        one.stack.close()
