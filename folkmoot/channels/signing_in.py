"""Connecting an account by signing in at the network (OAuth 2 with PKCE): the way there, and the way back."""

from __future__ import annotations

import hashlib
import secrets as chance
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import cast

import httpx
from django.utils.translation import gettext as _

from folkmoot.channels import sessions
from folkmoot.channels.actions import UnableTo
from folkmoot.channels.connecting import Filled, connector
from folkmoot.lib import fetching
from folkmoot.networks.errors import NetworkError
from folkmoot.networks.live import SignsIn


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes, and what must be kept, in secret, until it comes back with ``state``."""

    url: str
    state: str
    verifier: str
    kept: Mapping[str, str]


def begin(filled: Filled, *, callback: str) -> Begun:
    """Raises ``UnableTo`` with what to do."""
    state, verifier = chance.token_urlsafe(32), chance.token_urlsafe(64)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    with _way_out(filled) as http:
        known = {**filled.settings, **filled.secrets}
        begun = _signs_in(filled).begin(known, http, callback=callback, state=state, challenge=challenge)
    if not begun.url.startswith(("https://", "http://")):
        raise UnableTo(_("The network named no page to sign in at."))
    return Begun(begun.url, state, verifier, begun.kept)


def finish(filled: Filled, *, kept: Mapping[str, str], callback: str, code: str, verifier: str) -> Filled:
    """What was filled in, with the tokens for ``code``. Raises ``UnableTo`` with what to do."""
    with _way_out(filled) as http:
        tokens = _signs_in(filled).finish(
            filled.settings, http, kept=kept, callback=callback, code=code, verifier=verifier
        )
    return replace(
        filled,
        settings={**filled.settings, **{name: value for name, value in tokens.settings.items() if value}},
        secrets={**filled.secrets, **{name: value for name, value in tokens.secrets.items() if value}},
        expires_at=tokens.expires_at,
    )


def _signs_in(filled: Filled) -> SignsIn:
    made = connector(filled.network)
    if not isinstance(made, SignsIn):
        raise UnableTo(_("This network has no page to sign in at."))
    return cast("SignsIn", made)


@contextmanager
def _way_out(filled: Filled) -> Iterator[httpx.Client]:
    try:
        with fetching.client(allowed=sessions.allowed(filled.allowed)) as http:
            yield http
    except NetworkError as error:
        raise UnableTo(str(error)) from error
