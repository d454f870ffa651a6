"""Proving who we are: SCRAM (RFC 5802, 7677), in which the password is never sent, and PLAIN (RFC 4616)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field

_MOST_ROUNDS = 2_000_000


class NotProved(Exception):
    """The server does not prove to know us."""


@dataclass(slots=True)
class Scram:
    """One proof. ``digest`` is the name of the hash."""

    user: str
    password: str = field(repr=False)
    digest: str
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _server: bytes = b""

    def first(self) -> bytes:
        return f"n,,{self._bare()}".encode()

    def final(self, challenge: bytes) -> bytes:
        """The proof. Raises ``NotProved`` for a challenge that is none."""
        try:
            given = dict(one.split("=", 1) for one in challenge.decode().split(","))
            salt, rounds, nonce = base64.b64decode(given["s"]), int(given["i"]), given["r"]
        except (ValueError, KeyError) as error:
            raise NotProved("the server's challenge can't be understood") from error
        if not nonce.startswith(self.nonce) or not 0 < rounds <= _MOST_ROUNDS:
            raise NotProved("the server's challenge is not for us")
        salted = hashlib.pbkdf2_hmac(self.digest, self.password.encode(), salt, rounds)
        bare = f"c=biws,r={nonce}"
        signed = f"{self._bare()},{challenge.decode()},{bare}".encode()
        client = self._sign(salted, b"Client Key")
        signature = self._sign(hashlib.new(self.digest, client).digest(), signed)
        self._server = self._sign(self._sign(salted, b"Server Key"), signed)
        proof = bytes(one ^ other for one, other in zip(client, signature, strict=True))
        return f"{bare},p={base64.b64encode(proof).decode()}".encode()

    def check(self, success: bytes) -> None:
        """Raises ``NotProved`` unless the server knows the password, too."""
        wanted = b"v=" + base64.b64encode(self._server)
        if not hmac.compare_digest(success.split(b",")[0], wanted):
            raise NotProved("the server does not prove to know the account")

    def _bare(self) -> str:
        name = self.user.replace("=", "=3D").replace(",", "=2C")
        return f"n={name},r={self.nonce}"

    def _sign(self, key: bytes, words: bytes) -> bytes:
        return hmac.new(key, words, self.digest).digest()


def choose(offered: Collection[str], *, safe: bool) -> str:
    """The best way that both know; PLAIN only where nobody else hears it. Empty: none."""
    wanted = ["SCRAM-SHA-256", "SCRAM-SHA-1", *(["PLAIN"] if safe else [])]
    return next((one for one in wanted if one in offered), "")


def plain(user: str, password: str) -> bytes:
    return f"\0{user}\0{password}".encode()
