"""Faults of our own, as in a connector: logged, told to a person, and no end of listening or sending for others."""

from __future__ import annotations

from contextlib import AbstractContextManager

import structlog
from django.db import InterfaceError, OperationalError

from folkmoot.channels.listening import LostLease
from folkmoot.networks.errors import Later, NetworkError

AFTER_A_MISTAKE = 300.0
DATABASE_AWAY = (OperationalError, InterfaceError)

log = structlog.get_logger()


class Caught(AbstractContextManager["Caught"]):
    """Ends a mistake at its own account; ``why`` is then what a person is told.

    What is none passes: an error of the network, a lease that was lost, a database that is away.
    """

    def __init__(self, network: str) -> None:
        self._network = network
        self.why: Later | None = None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if not isinstance(error, Exception) or isinstance(error, (NetworkError, LostLease, *DATABASE_AWAY)):
            return False
        self.why = mistake(error, self._network)
        return True


def mistake(error: BaseException, network: str) -> Later:
    """What a person is told of it; the log has the rest."""
    log.error("a connector failed", network=network, exc_info=error)
    return Later(f"Folkmoot made a mistake ({type(error).__name__}); its log says more", retry_after=AFTER_A_MISTAKE)
