"""Mails of our own, as they go out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from hashlib import blake2b
from typing import NoReturn

from folkmoot.networks.acts import Media
from folkmoot.networks.email import headers, notices
from folkmoot.networks.email.account import Account
from folkmoot.networks.errors import Refused

_MOST_REFERENCES = 30


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer needs to know of the mail it answers."""

    message_id: str
    references: tuple[str, ...]
    subject: str
    author: str
    reply_to: tuple[str, ...]
    to: tuple[str, ...]
    automatic: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail to be: ``references`` are ids from the first of its thread to the one it answers."""

    to: tuple[str, ...]
    subject: str
    text: str
    references: tuple[str, ...] = ()
    media: Sequence[Media] = ()


def plain_address(address: str) -> str:
    """With its domain as it goes over the wire (IDNA). Raises ``Refused`` for what most servers do not take."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}" if local and local.isascii() else _refuse(address)
    except UnicodeError:
        return _refuse(address)


def _refuse(address: str) -> NoReturn:
    raise Refused(f"{address[:200]}: no address that mail can be sent to")


def message_id(key: str, domain: str) -> str:
    """The same at every attempt at one act."""
    return f"{blake2b(key.encode(), digest_size=16).hexdigest()}@{domain}"


def answered(head: bytes) -> Answered:
    """Read from a mail's head."""
    found = headers.Head(message_from_bytes(head).raw_items())
    author = headers.author(found)
    return Answered(
        headers.own_id(found),
        tuple(headers.ids(found, "References") or headers.ids(found, "In-Reply-To")[:1]),
        found.text("Subject"),
        author.handle if author else "",
        _addresses(found, "Reply-To"),
        (*_addresses(found, "To"), *_addresses(found, "Cc")),
        notices.is_automatic(found),
    )


def answer(mail: Answered, text: str, own: frozenset[str], media: Sequence[Media] = ()) -> Draft:
    """An answer to whoever wrote a mail; to whom we wrote, where that was us. Raises ``Refused``."""
    if mail.automatic:
        raise Refused("a machine wrote this mail; an answer would reach nobody, or start an endless exchange")
    to = mail.to if mail.author in own else mail.reply_to or (mail.author,)
    to = tuple(address for address in dict.fromkeys(to) if "@" in address and address not in own)
    if not to:
        raise Refused("the mail names no address to answer to")
    ids = tuple(dict.fromkeys((*mail.references, mail.message_id)))
    return Draft(to, reply_subject(mail.subject), text, ids, media)


def reply_subject(subject: str) -> str:
    plain = headers.title(subject, frozenset())
    return subject if subject.lower().startswith("re:") else f"Re: {plain}" if plain else "Re:"


def compose(account: Account, draft: Draft, key: str, at: datetime) -> bytes:
    """The mail as bytes, with CRLF. Raises ``Refused`` for addresses that are none."""
    mail = EmailMessage(policy=SMTP)
    try:
        mail["From"] = Address(account.sender, addr_spec=plain_address(account.address))
        mail["To"] = [Address(addr_spec=plain_address(address)) for address in draft.to]
    except (ValueError, IndexError, MessageError) as error:
        raise Refused(f"{', '.join(draft.to)[:200]}: no address of e-mail ({error})") from error
    mail["Subject"] = " ".join(draft.subject.split())
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message_id(key, account.domain)}>"
    known = [one for one in draft.references if "@" in one and one.isascii()]
    if known:
        mail["In-Reply-To"] = f"<{known[-1]}>"
        kept = known if len(known) <= _MOST_REFERENCES else [known[0], *known[1 - _MOST_REFERENCES :]]
        mail["References"] = " ".join(f"<{one}>" for one in kept)
    mail.set_content(draft.text, cte="quoted-printable")
    for file in draft.media:
        main, _, sub = (file.mime if "/" in file.mime else "application/octet-stream").partition("/")
        mail.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name)
    return mail.as_bytes()


def _addresses(head: headers.Head, name: str) -> tuple[str, ...]:
    return tuple(address.lower() for _, address in getaddresses([head.raw(name)]) if "@" in address)
