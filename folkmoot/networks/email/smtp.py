"""Handing in a mail by SMTP (RFC 5321), so that it is known how far that came."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from folkmoot.lib.fetching import trust
from folkmoot.networks.email.account import Account
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure

_SOON, _PUT_OFF = 30.0, 300.0
_SILENCE = 60.0


class _Connection(smtplib.SMTP):
    def __init__(self, made: socket.socket, host: str, domain: str) -> None:
        self._made = made
        super().__init__(host, 0, local_hostname=domain, timeout=_SILENCE)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self._made.settimeout(timeout)
        return self._made


class Outgoing:
    def __init__(self, connection: _Connection) -> None:
        self._smtp = connection

    def send(self, raw: bytes, sender: str, to: Sequence[str]) -> None:
        """All of the recipients or none. Raises ``Unsure`` once the mail's words were on their way."""
        with _understood():
            self._must(self._smtp.mail(sender, [f"SIZE={len(raw)}"] if self._smtp.has_extn("size") else []), sender)
            for address in to:
                self._must(self._smtp.rcpt(address), address)
            self._must(self._smtp.docmd("DATA"), "", wanted=354)
        try:
            self._smtp.send(_dotted(raw))
            answer = self._smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            raise Unsure("the connection to the mail server broke off while the mail was handed in") from error
        self._must(answer, "")

    def _must(self, answer: tuple[int, bytes], address: str, *, wanted: int = 250) -> None:
        code, said = answer
        if code != wanted and not (wanted == 250 and code == 251):
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.rset()
            raise _meant(code, said, address)


@contextmanager
def outgoing(account: Account) -> Iterator[Outgoing]:
    """A connection to hand in mails by, signed in, until the end of the block."""
    server = account.server("smtp")
    made = account.dial(server)
    with ExitStack() as stack:
        stack.callback(made.close)
        with _understood():
            connection = _Connection(made, server.host, account.domain)
            stack.callback(_end, connection)
            if server.security == "starttls":
                connection.starttls(context=trust())
            connection.ehlo()
            _sign_in(connection, account)
        yield Outgoing(connection)


def _end(connection: _Connection) -> None:
    try:
        connection.quit()
    except (smtplib.SMTPException, OSError):
        connection.close()


def _sign_in(connection: _Connection, account: Account) -> None:
    if not connection.has_extn("auth"):
        return  # a relay inside one's own network
    try:
        if account.token:
            connection.auth("XOAUTH2", lambda challenge=None: account.bearer() if challenge is None else "")
        else:
            connection.login(account.user, account.password)
    except smtplib.SMTPAuthenticationError as error:
        if 400 <= error.smtp_code < 500:
            raise _meant(error.smtp_code, error.smtp_error, "") from error
        raise Reconnect(
            f"the mail server for sending does not accept the user name and password: {_text(error.smtp_error)}"
        ) from error
    except smtplib.SMTPException as error:
        raise Reconnect(f"it is not known how to sign in to the mail server for sending: {error}") from error


@contextmanager
def _understood() -> Iterator[None]:
    """For all that comes before the mail's words: nothing is sent yet."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise _meant(error.smtp_code, error.smtp_error, "") from error
    except smtplib.SMTPNotSupportedError as error:
        raise Refused(f"the mail server for sending can't do that; try another kind of encryption ({error})") from error
    except (smtplib.SMTPException, OSError) as error:
        raise Later(f"the mail server for sending broke off: {error}", retry_after=_SOON) from error


def _meant(code: int, said: Any, address: str) -> NetworkError:
    words = f"{code} {_text(said)}"
    if code in (530, 534, 535):
        return Reconnect(f"the mail server for sending does not accept the account any more: {words}")
    if 400 <= code < 500:
        return Later(f"the mail server put the mail off: {words}", retry_after=_PUT_OFF)
    if address:
        return Refused(f"the mail server refuses {address}: {words}")
    return Refused(f"the mail server does not take the mail: {words}")


def _text(said: Any) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())[:200]


def _dotted(raw: bytes) -> bytes:
    """As it goes over the wire (RFC 5321, 4.5.2)."""
    lines = raw.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines) + b".\r\n"
