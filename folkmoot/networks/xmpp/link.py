"""A connection to a server of XMPP, signed in (RFC 6120)."""

from __future__ import annotations

import base64
import binascii
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import NoReturn

from folkmoot.lib import fetching
from folkmoot.networks.errors import Later, Reconnect, Refused
from folkmoot.networks.live import Access
from folkmoot.networks.xmpp.sasl import NotProved, Scram, choose, plain
from folkmoot.networks.xmpp.stanzas import Element, Malformed, Stream, tag

SOON = 30.0
PATIENCE = 30.0
PING = "urn:xmpp:ping"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
_SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
_TLS = "urn:ietf:params:xml:ns:xmpp-tls"
_BIND = "urn:ietf:params:xml:ns:xmpp-bind"


class Broken(Later):
    """The connection ended; whether what was sent last arrived is not known."""


class Silent(Later):
    """Another server than ours does not answer."""


class Rejected(Refused):
    """The server or a room answers with an error; ``condition`` is its name (RFC 6120, 8.3.3)."""

    def __init__(self, condition: str, words: str) -> None:
        super().__init__(words)
        self.condition = condition


@dataclass(slots=True)
class Link:
    access: Access
    jid: str = ""
    _socket: socket.socket | None = field(default=None, repr=False)
    _stream: Stream = field(default_factory=Stream, repr=False)
    _heard: deque[Element] = field(default_factory=deque, repr=False)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1), repr=False)

    @property
    def account(self) -> str:
        return self.access.settings["account"].strip().lower().partition("/")[0]

    def open(self) -> None:
        """Raises ``Later``, ``Reconnect`` or ``Refused``."""
        settings, domain = self.access.settings, self.account.partition("@")[2]
        if not domain or not self.account.partition("@")[0]:
            raise Refused("An account of XMPP looks like an e-mail address: folkmoot@example.org.")
        try:
            port = int(settings.get("port") or 5222)
        except ValueError as error:
            raise Refused("The port is a number, such as 5222.") from error
        secure = settings.get("tls", "starttls")
        self._heard.clear()
        self._socket = self.access.dial(settings.get("server", "").strip() or domain, port, tls=False)
        try:
            if secure == "direct":
                self._secure(domain)
            self._sign_in(domain, secure)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._socket is None:
            return
        with suppress(OSError):
            self._socket.sendall(b"</stream:stream>")
        self._socket.close()
        self._socket = None

    def send(self, text: str) -> None:
        """Raises ``Broken``."""
        if self._socket is None:
            raise Broken("The connection to the server has ended.", retry_after=SOON)
        try:
            self._socket.settimeout(PATIENCE)
            self._socket.sendall(text.encode("utf-8", "replace"))
        except OSError as error:
            self._end(error)

    def hear(self, seconds: float) -> list[Element]:
        """What has come, waiting at most so long for something to come. Raises ``Broken``."""
        if not self._heard:
            self._receive(seconds)
        found = list(self._heard)
        self._heard.clear()
        return found

    def ask(self, kind: str, *children: str, to: str = "") -> Element:
        """The answer to a question (``get``) or an order (``set``). What else comes is heard later.

        Raises ``Rejected`` and ``Broken``.
        """
        ident = f"f{next(self._numbers)}"
        self.send(tag("iq", {"type": kind, "id": ident, "to": to}, *children))
        return refused(
            self.wait(
                lambda one: one.name == "iq" and one.get("id") == ident and one.get("type") in ("result", "error")
            )
        )

    def wait(self, wanted: Callable[[Element], bool], *, seconds: float = PATIENCE, other: bool = False) -> Element:
        """The first thing to come that is wanted; what comes besides it is heard later. Raises ``Broken``.

        ``other`` says that it comes from another server: its silence is ``Silent``, and does not end the connection.
        """
        deadline, others = monotonic() + seconds, deque[Element]()
        try:
            while True:
                while self._heard:
                    one = self._heard.popleft()
                    if wanted(one):
                        return one
                    others.append(one)
                if (left := deadline - monotonic()) <= 0:
                    if other:
                        raise Silent("The room's server does not answer.", retry_after=SOON)
                    self._end("the server does not answer")
                self._receive(left)
        finally:
            self._heard.extendleft(reversed(others))

    def ping(self) -> None:
        self.ask("get", tag("ping", {"xmlns": PING}))

    def _end(self, why: object) -> NoReturn:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        error = why if isinstance(why, BaseException) else None
        raise Broken(f"The connection to the server has ended: {why}"[:200], retry_after=SOON) from error

    def _receive(self, seconds: float) -> None:
        if self._socket is None:
            self._end("it was closed")
        try:
            self._socket.settimeout(max(seconds, 0.01))
            data = self._socket.recv(64 * 1024)
            found = self._stream.feed(data) if data else []
        except TimeoutError:
            return
        except (OSError, Malformed) as error:
            self._end(error)
        for one in found:
            if one.name == "error":
                self._end(", ".join(child.name for child in one.children))
            elif one.name == "iq" and one.get("type") in ("get", "set"):
                self._answer(one)
            else:
                self._heard.append(one)
        if not data or self._stream.closed:
            self._end("the server closed it")

    def _answer(self, asked: Element) -> None:
        about = {"id": asked.get("id"), "to": asked.get("from")}
        if asked.child("ping", PING):
            self.send(tag("iq", {"type": "result", **about}))
        else:
            unable = tag("error", {"type": "cancel"}, tag("service-unavailable", {"xmlns": STANZAS}))
            self.send(tag("iq", {"type": "error", **about}, unable))

    # Signing in

    def _sign_in(self, domain: str, secure: str) -> None:
        features = self._restart(domain)
        if secure == "starttls":
            features = self._start_tls(domain, features)
        self._prove(features, safe=secure != "no")
        self._restart(domain)
        bound = self.ask("set", tag("bind", {"xmlns": _BIND})).child("bind")
        self.jid = bound.said("jid") if bound else self.account
        self.send(tag("presence", None, tag("priority", text="-1")))

    def _restart(self, domain: str) -> Element:
        self._stream = Stream()
        head = f"to='{domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
        self.send(f"<?xml version='1.0'?><stream:stream {head}>")
        return self.wait(lambda one: one.name == "features")

    def _start_tls(self, domain: str, features: Element) -> Element:
        if not features.child("starttls", _TLS):
            raise Refused(
                "The server offers no secure connection on this port. Choose TLS from the start, or another port."
            )
        self.send(tag("starttls", {"xmlns": _TLS}))
        if self.wait(lambda one: one.space == _TLS).name != "proceed":
            raise Later("The server could not make the connection secure.", retry_after=SOON)
        self._secure(domain)
        return self._restart(domain)

    def _secure(self, domain: str) -> None:
        """The certificate is to be the account's domain's, wherever its server stands (RFC 6120, 13.7.2; XEP-0368)."""
        if self._socket is None:
            self._end("it was closed")
        try:
            self._socket = fetching.trust().wrap_socket(self._socket, server_hostname=domain)
        except OSError as error:
            self._end(error)

    def _prove(self, features: Element, *, safe: bool) -> None:
        offered = features.child("mechanisms", _SASL)
        way = choose([one.text for one in offered.children] if offered else [], safe=safe)
        user, password = self.account.partition("@")[0], self.access.secrets.get("password", "")
        if not way:
            raise Refused(
                "The server knows no way of signing in that is safe on this connection (SCRAM, or PLAIN with TLS)."
            )
        if way == "PLAIN":
            self._exchange("auth", plain(user, password), mechanism=way)
            return
        proof = Scram(user, password, "sha256" if way.endswith("256") else "sha1")
        try:
            challenge = self._exchange("auth", proof.first(), mechanism=way)
            proof.check(self._exchange("response", proof.final(challenge)))
        except NotProved as error:
            raise Refused(f"Signing in failed: {error}.") from error

    def _exchange(self, name: str, words: bytes, *, mechanism: str = "") -> bytes:
        self.send(tag(name, {"xmlns": _SASL, "mechanism": mechanism}, text=base64.b64encode(words).decode()))
        answer = self.wait(lambda one: one.space == _SASL)
        if answer.name == "failure":
            why = {one.name for one in answer.children}
            if "temporary-auth-failure" in why:
                raise Later("The server can't check passwords now.", retry_after=SOON)
            raise Reconnect("The server does not accept this account and password. Check both.")
        try:
            return base64.b64decode(answer.text)
        except binascii.Error as error:
            raise Refused("The server's answer at signing in can't be understood.") from error


def refused(answer: Element) -> Element:
    """An answer that says yes. Raises ``Rejected``."""
    if answer.get("type") != "error":
        return answer
    error = answer.child("error")
    conditions = [one for one in error.children if one.space == STANZAS] if error else []
    condition = next((one.name for one in conditions if one.name != "text"), "error")
    said = next((one.text for one in conditions if one.name == "text"), "")
    raise Rejected(
        condition,
        _WORDS.get(condition, f"The server refuses it ({condition}).") + (f" It says: {said[:150]}" if said else ""),
    )


_WORDS = {
    "forbidden": "The account may not do this in the room. Make it an administrator there, or give it a voice.",
    "not-allowed": "The room does not allow this to the account, or not to this person. Make it an administrator there.",
    "not-acceptable": "The room does not take this; is the account in it?",
    "registration-required": "The room is open to members only. Make the account a member.",
    "not-authorized": "The room has a password: write it behind the room's address.",
    "item-not-found": "It is not there.",
    "conflict": "The nick is taken in the room. Choose another.",
    "service-unavailable": "The server does not offer this, or the room is full.",
    "remote-server-not-found": "The room's server can't be reached. Is the address right?",
    "policy-violation": "The server's rules forbid this; it may be too much, or too often.",
    "resource-constraint": "The server has too much to do.",
}
