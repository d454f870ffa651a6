"""The guarded ways out that a session is given: no address but public ones, and those that are allowed."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx

from folkmoot.lib import fetching
from folkmoot.lib.addresses import NOTHING_PRIVATE, Allowed
from folkmoot.networks.errors import Later, Refused
from folkmoot.networks.live import Access

SOON = 30.0


@dataclass(frozen=True, slots=True)
class Dialling:
    """``live.Dial`` that reaches nothing but public and ``allowed`` addresses."""

    allowed: Allowed

    def __call__(self, host: str, port: int, *, tls: bool, seconds: float = 20.0) -> socket.socket:
        try:
            return fetching.dial(host, port, tls=tls, allowed=self.allowed, seconds=seconds)
        except fetching.NeverAsked as error:
            raise Later(str(error), retry_after=SOON) from error
        except fetching.CantFetch as error:
            raise Refused(str(error)) from error


def access(
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    *,
    now: Callable[[], datetime],
    allowed: Allowed = NOTHING_PRIVATE,
    http: httpx.Client | None = None,
) -> Access:
    """What a session is made with; ``http``, one made here if none is given, is closed by whoever ends the session."""
    return Access(settings, secrets, http or fetching.client(allowed=allowed), Dialling(allowed), now)
