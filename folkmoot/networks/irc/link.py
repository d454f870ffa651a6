"""A connection to a server of IRC, signed in."""

from __future__ import annotations

import base64
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import NoReturn

from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused
from folkmoot.networks.irc.wire import Wire, read, write
from folkmoot.networks.live import Access

SOON = 30.0
PATIENCE = 30.0
_LONGEST = 16 * 1024
_WANTED = ("server-time", "message-tags", "echo-message", "batch", "multi-prefix")
# A sign-in may need so many names: of the listener, of a worker, of those whose end the server has not noticed
_MOST_NAMES = 4
_TAKEN = ("433", "436", "437")
_NO_ENTRY: dict[str, tuple[type[NetworkError], str]] = {
    "464": (Reconnect, "The server does not accept its password. Connect the account again with the right one."),
    "465": (Refused, "The server has banned this address or account. Ask the network's operators."),
    "432": (Refused, "The server takes no such nick. Choose one of letters and digits that begins with a letter."),
    "904": (Reconnect, "The network does not accept this account and password. Check both."),
    "905": (Reconnect, "The network does not accept this account and password. Check both."),
    "902": (Reconnect, "The account is locked at the network. Ask its operators."),
    "461": (Refused, "The server does not understand how we sign in."),
    "451": (Refused, "The server asks for a sign-in of another kind."),
}


class Broken(Later):
    """The connection ended; whether what was sent last arrived is not known."""


@dataclass(slots=True)
class Link:
    """``nick`` is ours there: the one that was asked for, or with underscores where that was taken."""

    access: Access
    nick: str = ""
    mask: str = ""
    caps: set[str] = field(default_factory=set)
    features: dict[str, str] = field(default_factory=dict)
    _socket: socket.socket | None = field(default=None, repr=False)
    _rest: bytes = field(default=b"", repr=False)
    _heard: deque[Wire] = field(default_factory=deque, repr=False)
    _pings: Iterator[int] = field(default_factory=lambda: count(1), repr=False)

    @property
    def wanted(self) -> str:
        return self.access.settings["nick"].strip()

    def open(self) -> None:
        """Raises ``Later``, ``Reconnect`` or ``Refused``."""
        settings = self.access.settings
        try:
            port = int(settings.get("port") or 6697)
        except ValueError as error:
            raise Refused("The port is a number, such as 6697.") from error
        self._socket = self.access.dial(settings["server"].strip(), port, tls=settings.get("tls", "yes") == "yes")
        self._rest, self.nick = b"", self.wanted
        self._heard.clear()
        try:
            self._sign_in()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._socket is None:
            return
        with suppress(OSError):
            self._socket.sendall(write("QUIT", "bye"))
        self._socket.close()
        self._socket = None

    def send(self, command: str, *params: str) -> None:
        """Raises ``Broken``."""
        if self._socket is None:
            raise Broken("The connection to the server has ended.", retry_after=SOON)
        try:
            self._socket.settimeout(PATIENCE)
            self._socket.sendall(write(command, *params))
        except OSError as error:
            self._end(error)

    def hear(self, seconds: float) -> list[Wire]:
        """What has come, waiting at most so long for something to come. Answers the server's pings. Raises ``Broken``."""
        if not self._heard:
            self._receive(seconds)
        found = list(self._heard)
        self._heard.clear()
        return found

    def until(self, done: Callable[[Wire], bool], *, seconds: float = PATIENCE) -> list[Wire]:
        """All that came up to the line that is ``done``. Raises ``Broken``, also when it does not come in time."""
        found: list[Wire] = []
        deadline = monotonic() + seconds
        while True:
            while self._heard:
                found.append(self._heard.popleft())
                if done(found[-1]):
                    return found
            if (left := deadline - monotonic()) <= 0:
                self._end("the server does not answer")
            self._receive(left)

    def settle(self) -> list[Wire]:
        """All that the server says up to now: it answers in order, so that a ping comes back behind all else."""
        token = f"folkmoot-{next(self._pings)}"
        self.send("PING", token)
        return self.until(lambda wire: wire.command == "PONG" and wire.last == token)[:-1]

    def peek(self) -> list[Wire]:
        """``settle``, of which all will be heard again."""
        found = self.settle()
        self._heard.extendleft(reversed(found))
        return found

    def listen(self, seconds: float) -> None:
        """Lets things come in."""
        self._receive(seconds)

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
            data = self._socket.recv(_LONGEST)
        except TimeoutError:
            return
        except OSError as error:
            self._end(error)
        if not data:
            self._end("the server closed it")
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-_LONGEST:]
        for raw in whole:
            wire = read(raw.rstrip(b"\r"))
            if wire is None:
                continue
            if wire.command == "PING":
                self.send("PONG", wire.last)
            elif wire.command == "ERROR":
                self._end(wire.last)
            else:
                self._note(wire)
                self._heard.append(wire)

    def _note(self, wire: Wire) -> None:
        if wire.command == "005":
            for one in wire.params[1:-1]:
                name, _, value = one.partition("=")
                self.features[name] = value
        elif wire.command == "NICK" and wire.nick == self.nick:
            self.nick = wire.last
        elif wire.command == "JOIN" and wire.nick == self.nick:
            self.mask = f"{wire.user}@{wire.host}"

    # Signing in

    def _sign_in(self) -> None:
        secrets = self.access.secrets
        if secrets.get("server_password"):
            self.send("PASS", secrets["server_password"])
        self.send("CAP", "LS", "302")
        self.send("NICK", self.nick)
        self.send("USER", self.wanted[:9], "0", "*", "Folkmoot")
        if not self._negotiate():
            self._welcome()
        self.settle()
        if secrets.get("password") and self.access.settings.get("sign_in") == "nickserv":
            self._identify()

    def _negotiate(self) -> bool:
        """Asks for what makes listening better, and proves who we are; whether the server greeted us already."""
        offered: dict[str, str] = {}
        while True:
            wire = self._next(lambda one: one.command in ("CAP", "421", "410", "001") or self._is_trouble(one))
            if wire.command == "001":
                return True  # a server that knows nothing of capabilities
            if wire.command in ("421", "410"):
                break
            if self._is_trouble(wire):
                self._trouble(wire)
                continue
            offered |= dict(_part(one) for one in wire.last.split())
            if wire.param(2) != "*":
                break
        if asked := [cap for cap in _WANTED if cap in offered]:
            self.send("CAP", "REQ", " ".join(asked))
            if self._next(lambda one: one.command == "CAP" and one.param(1) in ("ACK", "NAK")).param(1) == "ACK":
                self.caps.update(asked)
        if self.access.secrets.get("password") and self.access.settings.get("sign_in", "sasl") == "sasl":
            self._prove(offered)
        self.send("CAP", "END")
        return False

    def _prove(self, offered: dict[str, str]) -> None:
        if "sasl" not in offered or (offered["sasl"] and "PLAIN" not in offered["sasl"].split(",")):
            raise Refused("This server takes no sign-in by SASL PLAIN. Choose NickServ, or no password.")
        self.send("CAP", "REQ", "sasl")
        self._next(lambda one: one.command == "CAP" and one.param(1) in ("ACK", "NAK"))
        self.send("AUTHENTICATE", "PLAIN")
        self._next(lambda one: one.command == "AUTHENTICATE" or self._is_trouble(one), fail=True)
        account = self.access.settings.get("account", "").strip() or self.wanted
        proof = base64.b64encode(f"{account}\0{account}\0{self.access.secrets['password']}".encode()).decode()
        for start in range(0, len(proof) + 1, 400):
            self.send("AUTHENTICATE", proof[start : start + 400] or "+")
        self._next(lambda one: one.command == "903" or self._is_trouble(one), fail=True)

    def _welcome(self) -> None:
        while True:
            wire = self._next(lambda one: one.command == "001" or self._is_trouble(one))
            if wire.command == "001":
                self.nick = wire.param(0) or self.nick
                return
            self._trouble(wire)

    def _identify(self) -> None:
        account = self.access.settings.get("account", "").strip()
        self.send(
            "PRIVMSG",
            "NickServ",
            " ".join(["IDENTIFY", *([account] if account else []), self.access.secrets["password"]]),
        )
        said = self.until(lambda one: one.command == "401" or one.nick.lower() == "nickserv", seconds=PATIENCE)[-1]
        if said.command == "401":
            raise Refused("This network has no NickServ. Choose SASL, or no password.")
        if any(word in said.last.lower() for word in ("incorrect", "invalid", "not registered", "failed")):
            raise Reconnect("NickServ does not accept this account and password. Check both.")

    def _next(self, done: Callable[[Wire], bool], *, fail: bool = False) -> Wire:
        *before, found = self.until(done)
        for wire in [*before, found] if fail else before:
            self._trouble(wire)
        return found

    @staticmethod
    def _is_trouble(wire: Wire) -> bool:
        return wire.command in _TAKEN or wire.command in _NO_ENTRY

    def _trouble(self, wire: Wire) -> None:
        """Takes another nick where ours is taken; raises for what no other helps against."""
        if wire.command in _TAKEN:
            if len(self.nick) - len(self.wanted) >= _MOST_NAMES:
                raise Later("All names of the account are in use there.", retry_after=SOON)
            self.nick += "_"
            self.send("NICK", self.nick)
        elif wire.command in _NO_ENTRY:
            error, words = _NO_ENTRY[wire.command]
            raise error(words)


def _part(one: str) -> tuple[str, str]:
    name, _, value = one.partition("=")
    return name, value
