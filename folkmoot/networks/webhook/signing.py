"""Proofs that a request is from who it says: Standard Webhooks (https://www.standardwebhooks.com), or a plain HMAC."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import timedelta

from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Hook

STANDARD, PLAIN = "standard", "plain"
_TOLERANCE = timedelta(minutes=5)
_PREFIX = "whsec_"


def secret_bytes(secret: str) -> bytes:
    """What stands behind ``whsec_`` is Base64; anything else is taken as it is written. Raises ``Refused``."""
    written = secret.strip()
    if not written.startswith(_PREFIX):
        return written.encode()
    try:
        return base64.b64decode(written.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("the secret begins with whsec_, but is not written in Base64 behind it") from error


def signed(secret: str, ident: str, seconds: int, body: bytes) -> str:
    """The value of ``webhook-signature``. Raises ``Refused``."""
    proof = hmac.new(secret_bytes(secret), f"{ident}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(proof).decode()}"


def check_standard(hook: Hook, secret: str) -> str:
    """The id of a request that is signed well and lately. Raises ``Refused``."""
    ident, stated = hook.headers.get("webhook-id", ""), hook.headers.get("webhook-timestamp", "")
    if not secret or not ident or not stated.isascii() or not stated.isdigit() or len(stated) > 12:
        raise Refused("this is not signed")
    if abs(hook.at.timestamp() - int(stated)) > _TOLERANCE.total_seconds():
        raise Refused("this was signed too long ago")
    wanted = signed(secret, ident, int(stated), hook.body).encode()
    given = hook.headers.get("webhook-signature", "").encode()
    if not any(hmac.compare_digest(wanted, one) for one in given.split()):
        raise Refused("this is not signed with our secret")
    return ident


def check_plain(hook: Hook, secret: str, header: str) -> None:
    """An HMAC-SHA256 of the body, in hexadecimal. Raises ``Refused``."""
    wanted = hmac.new(secret_bytes(secret), hook.body, hashlib.sha256).hexdigest().encode()
    given = hook.headers.get(header.strip().lower(), "").strip().lower().removeprefix("sha256=").encode()
    if not secret or not hmac.compare_digest(wanted, given):
        raise Refused("this is not signed with our secret")
