"""A mailbox by IMAP4rev1 (RFC 3501) with IDLE (RFC 2177), on a connection that was opened for it."""

from __future__ import annotations

import imaplib
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic, sleep
from typing import Any

from folkmoot.lib.fetching import trust
from folkmoot.networks.email.account import Account
from folkmoot.networks.errors import Later, Reconnect, Refused

_SOON = 30.0
_SILENCE = 60.0
# Of mails larger than that only the beginning is taken: the words come first
LARGE, _BEGINNING = 8 * 1024**2, 1024**2
_FOLDER = re.compile(rb'\(([^)]*)\) (?:"(?:\\.|[^"])*"|NIL) (.+)$', re.I)
_BUSY = ("UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG", "TRYAGAIN")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Folder:
    """``name`` as the server writes it; ``uses`` are its special uses (RFC 6154), in small letters."""

    name: str
    uses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Mail:
    """``received`` is when the server got it, as it writes that."""

    uid: int
    raw: bytes
    received: str = ""


class _Connection(imaplib.IMAP4):
    """Reads by itself, so that waiting in vain for a line loses nothing of it."""

    def __init__(self, made: socket.socket, host: str) -> None:
        self._made = made
        self._held = bytearray()
        super().__init__(host)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        self.host, self.port, self.sock = host, port, self._made
        self.sock.settimeout(_SILENCE)

    def starttls(self, ssl_context: Any = None) -> Any:
        answer = super().starttls(ssl_context)
        self.file.close()  # made by the library for the new connection; we read by ourselves
        if self._held:  # said before there was encryption, so perhaps by somebody in between
            raise self.abort("the server said something between")
        return answer

    def read(self, size: int) -> bytes:
        while len(self._held) < size:
            self._more()
        return self._take(size)

    def readline(self) -> bytes:
        looked = 0
        while (end := self._held.find(b"\n", looked)) < 0:
            looked = len(self._held)
            self._more()
        return self._take(end + 1)

    def shutdown(self) -> None:
        self.sock.close()

    def wait(self, seconds: float) -> bytes:
        """The next line, or nothing within that time."""
        self.sock.settimeout(seconds)
        try:
            return self.readline()
        except TimeoutError:
            return b""
        finally:
            self.sock.settimeout(_SILENCE)

    def tag(self) -> bytes:
        return bytes(self._new_tag())

    def _more(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise self.abort("the server hung up")
        self._held += data

    def _take(self, size: int) -> bytes:
        taken = bytes(self._held[:size])
        del self._held[:size]
        return taken


class Mailbox:
    """One connection, signed in. Everything raises ``Later``, ``Reconnect`` or ``Refused``."""

    def __init__(self, connection: _Connection) -> None:
        self._imap = connection
        self._folders: list[Folder] | None = None

    def able(self, capability: str) -> bool:
        return capability in self._imap.capabilities

    def folders(self) -> list[Folder]:
        if self._folders is None:
            found = [line for line in self._ask("LIST", '""', '"*"', told="LIST") if line]
            self._folders = [_folder(line) for line in found]
        return self._folders

    def folder(self, use: str, *names: str) -> str | None:
        """The folder for this use, by what the server says of it, else by its name."""
        for folder in self.folders():
            if use in folder.uses:
                return folder.name
        called = {folder.name.lower().rpartition(".")[2].rpartition("/")[2]: folder.name for folder in self.folders()}
        return next((called[name] for name in names if name in called), None)

    def make(self, name: str) -> str:
        self._ask("CREATE", _quoted(name))
        self._folders = None
        return name

    def stand(self, folder: str) -> tuple[int, int]:
        """What a folder's numbers are counted by (UIDVALIDITY), and the next number it will give."""
        told = b" ".join(
            part for part in self._ask("STATUS", _quoted(folder), "(UIDVALIDITY UIDNEXT)", told="STATUS") if part
        )
        found = {name: int(number) for name, number in re.findall(rb"(UIDVALIDITY|UIDNEXT) (\d+)", told)}
        return found.get(b"UIDVALIDITY", 0), found.get(b"UIDNEXT", 1)

    def enter(self, folder: str, *, writing: bool = False) -> None:
        with _understood():
            kind, data = self._imap.select(_quoted(folder), readonly=not writing)
        if kind != "OK":
            raise Refused(f"the folder can't be opened: {_words(data)}")

    def search(self, *terms: str) -> list[int]:
        told = self._ask("UID", "SEARCH", *terms, told="SEARCH")
        return sorted(int(number) for part in told if part for number in part.split())

    def having(self, message_id: str) -> list[int]:
        """Where a mail is in the folder that was entered."""
        if not message_id.isascii() or any(letter in message_id for letter in '"\\\r\n'):
            return []
        return self.search("HEADER", "Message-ID", f'"<{message_id}>"')

    def since(self, moment: datetime) -> list[int]:
        return self.search("SINCE", f"{moment.day}-{_MONTHS[moment.month - 1]}-{moment.year}")

    def behind(self, uid: int) -> list[int]:
        return [number for number in self.search("UID", f"{uid + 1}:*") if number > uid]

    def mails(self, uids: Sequence[int]) -> list[Mail]:
        """Those that are still there, in the order of their numbers; none is marked as read."""
        sizes = dict(self._sizes(uids))
        whole = [uid for uid, size in sizes.items() if size <= LARGE]
        found = list(self._fetched(whole, "BODY.PEEK[]"))
        for uid in sizes.keys() - set(whole):
            found += self._fetched([uid], f"BODY.PEEK[]<0.{_BEGINNING}>")
        return sorted(found, key=lambda mail: mail.uid)

    def head(self, uid: int) -> bytes:
        found = list(self._fetched([uid], "BODY.PEEK[HEADER]"))
        return found[0].raw if found else b""

    def heads(self, uids: Sequence[int]) -> list[bytes]:
        """What each says of the list it was on."""
        return [mail.raw for mail in self._fetched(uids, "BODY.PEEK[HEADER.FIELDS (LIST-ID X-BEENTHERE)]")]

    def append(self, folder: str, raw: bytes, flags: str) -> None:
        with _understood():
            kind, data = self._imap.append(_quoted(folder), flags, "", raw)
        if kind != "OK":
            raise Refused(f"the mailbox can't be written to, is it full? {_words(data)}")

    def move(self, uid: int, folder: str) -> None:
        """To another folder, from the one that was entered for writing."""
        if self.able("MOVE"):
            self._ask("UID", "MOVE", str(uid), _quoted(folder))
        else:
            self._ask("UID", "COPY", str(uid), _quoted(folder))
            self.remove(uid)

    def flag(self, uid: int, change: str) -> None:
        self._ask("UID", "STORE", str(uid), *change.split(" ", 1), told="FETCH")

    def remove(self, uid: int) -> None:
        self.flag(uid, r"+FLAGS.SILENT (\Deleted)")
        # Without UIDPLUS it is left marked as deleted: EXPUNGE would take along what others marked
        if self.able("UIDPLUS"):
            self._ask("UID", "EXPUNGE", str(uid))

    def idle(self, seconds: float, stopped: Callable[[], bool]) -> None:
        """Waits for news in the folder that was entered, for so long at most; looks at ``stopped`` every half second."""
        end = monotonic() + seconds
        with _understood():
            if not self.able("IDLE"):
                while monotonic() < end and not stopped():
                    sleep(0.5)
                self._imap.noop()
                return
            tag = self._imap.tag()
            self._imap.send(tag + b" IDLE\r\n")
            while monotonic() < end and not stopped():
                line = self._imap.wait(0.5)
                if line.startswith(tag):
                    raise Later(f"the mail server does not wait: {_words([line])}", retry_after=_SOON)
                if b" EXISTS" in line:
                    break
            self._imap.send(b"DONE\r\n")
            while not (line := self._imap.readline()).startswith(tag):
                if line.startswith(b"* BYE"):
                    raise Later("the mail server hung up", retry_after=_SOON)

    def close(self) -> None:
        with suppress(imaplib.IMAP4.error, OSError):
            self._imap.logout()

    def _sizes(self, uids: Sequence[int]) -> Iterator[tuple[int, int]]:
        for part in self._fetch(uids, "(UID RFC822.SIZE)"):
            line = part if isinstance(part, bytes) else b""
            uid, size = re.search(rb"\bUID (\d+)", line), re.search(rb"RFC822\.SIZE (\d+)", line)
            if uid and size:
                yield int(uid[1]), int(size[1])

    def _fetched(self, uids: Sequence[int], what: str) -> Iterator[Mail]:
        parts = self._fetch(uids, f"(UID INTERNALDATE {what})")
        for index, part in enumerate(parts):
            if not isinstance(part, tuple):
                continue
            behind = parts[index + 1] if index + 1 < len(parts) else b""
            line = part[0] + (behind if isinstance(behind, bytes) else b"")
            uid, received = re.search(rb"\bUID (\d+)", line), re.search(rb'INTERNALDATE "([^"]+)"', line)
            if uid and int(uid[1]) in uids:
                yield Mail(
                    int(uid[1]),
                    part[1],
                    received[1].decode("ascii", "replace").replace("-", " ", 2) if received else "",
                )

    def _fetch(self, uids: Sequence[int], what: str) -> list[Any]:
        return self._ask("UID", "FETCH", ",".join(map(str, uids)), what, told="FETCH") if uids else []

    def _ask(self, command: str, *terms: str, told: str = "") -> list[Any]:
        with _understood():
            if command == "UID":
                kind, data = self._imap.uid(*terms)
            else:
                kind, data = self._imap._simple_command(command, *terms)
                if told:
                    kind, data = self._imap._untagged_response(kind, data, told)
        if kind != "OK":
            raise Refused(f"the mail server would not do that: {_words(data)}")
        return list(data)


@contextmanager
def mailbox(account: Account) -> Iterator[Mailbox]:
    """The account's mailbox until the end of the block. Raises ``Later``, ``Reconnect`` or ``Refused``."""
    server = account.server("imap")
    made = account.dial(server)
    with ExitStack() as stack:
        stack.callback(made.close)
        with _understood():
            connection = _Connection(made, server.host)
            stack.callback(connection.shutdown)
            if server.security == "starttls":
                connection.starttls(trust())
            _sign_in(connection, account)
        box = Mailbox(connection)
        stack.callback(box.close)
        yield box


def _sign_in(connection: _Connection, account: Account) -> None:
    try:
        if account.token:
            connection.authenticate("XOAUTH2", _once(account.bearer()))
        elif "AUTH=PLAIN" in connection.capabilities:
            connection.authenticate("PLAIN", _once(f"\0{account.user}\0{account.password}"))
        else:
            connection.login(account.user, account.password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        words = _words(list(error.args))
        if any(f"[{busy}" in words for busy in _BUSY):
            raise Later(f"the mail server lets nobody in just now: {words}", retry_after=300) from error
        raise Reconnect(
            f"the mail server does not accept the user name and password (or app password, or token): {words}"
        ) from error
    # What can be asked for is often told anew after signing in
    told = connection.capability()[1]
    if told and isinstance(told[0], bytes):
        connection.capabilities = tuple(told[0].decode("ascii", "replace").upper().split())


def _once(words: str) -> Callable[[bytes], bytes]:
    """Says the words, and nothing when the server answers with why it refuses."""
    left = [words.encode()]
    return lambda _: left.pop() if left else b""


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except imaplib.IMAP4.abort as error:
        raise Later(f"the mail server broke off: {_words(list(error.args))}", retry_after=_SOON) from error
    except imaplib.IMAP4.error as error:
        raise Refused(f"the mail server would not do that: {_words(list(error.args))}") from error
    except TimeoutError as error:
        raise Later("the mail server does not answer", retry_after=_SOON) from error
    except OSError as error:
        raise Later(f"the connection to the mail server broke off: {error}", retry_after=_SOON) from error


def _words(data: Sequence[Any]) -> str:
    parts = (part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in data if part)
    return " ".join(" ".join(parts).split())[:200]


def _folder(line: bytes | tuple[bytes, ...]) -> Folder:
    whole = b" ".join(line) if isinstance(line, tuple) else line  # a name may come as a literal
    found = _FOLDER.search(re.sub(rb"\{\d+\} ", b"", whole))
    if not found:
        return Folder("", frozenset())
    name = found[2].strip()
    if name.startswith(b'"'):
        name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
    uses = frozenset(use.decode("ascii", "replace").lower().lstrip("\\") for use in found[1].split())
    return Folder(name.decode("utf-8", "replace"), uses)


def _quoted(name: str) -> str:
    escaped = name.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'
