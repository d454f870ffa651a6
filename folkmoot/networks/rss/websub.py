"""News by WebSub (https://www.w3.org/TR/websub/): a hub calls us with each new state of a feed."""

from __future__ import annotations

import hashlib
import hmac
import re

from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Answer, Hook

_NUMBER = re.compile(r"[0-9a-f]{16}")
LEASE = 10 * 24 * 3600
_METHODS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


def number(address: str) -> str:
    """By which a request at our address is known to speak of this feed."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]


def request(mode: str, topic: str, callback: str, secret: str) -> dict[str, str]:
    asked = {"hub.mode": mode, "hub.topic": topic, "hub.callback": callback}
    return asked | ({"hub.secret": secret, "hub.lease_seconds": str(LEASE)} if mode == "subscribe" else {})


def verified(hook: Hook) -> Answer:
    """What a hub is answered that asks whether we meant it. Raises ``Refused`` for what can't be ours.

    The hub may ask while we still wait for its answer, so nothing that is stored afterwards is looked at. Whoever else
    has a hub call us gains nothing: what is not signed with our secret is not listened to.
    """
    mode, known = hook.query.get("hub.mode", ""), _NUMBER.fullmatch(hook.query.get("feed", ""))
    if mode == "denied":
        return Answer(keep=False)
    challenge = hook.query.get("hub.challenge", "")
    if mode not in ("subscribe", "unsubscribe") or not known or not challenge:
        raise Refused("no feed of ours is spoken of")
    return Answer(body=challenge.encode(), keep=False)


def check_signature(hook: Hook, secret: str) -> None:
    """Raises ``Refused`` for what the hub did not sign with the secret it was given."""
    method, _, stated = hook.headers.get("x-hub-signature", "").partition("=")
    make = _METHODS.get(method.strip().lower())
    if not secret or make is None:
        raise Refused("not signed by the hub")
    if not hmac.compare_digest(hmac.new(secret.encode(), hook.body, make).hexdigest(), stated.strip().lower()):
        raise Refused("not signed by the hub")
