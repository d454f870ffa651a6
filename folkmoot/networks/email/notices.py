"""What machines write into a mailbox: that a mail could not be delivered (RFC 3464), and that somebody is away.

Neither is ever answered: two machines would go on for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from folkmoot.networks.email import headers

_LONGEST = 300
_GIVEN_UP = {"failed", "expired"}


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail of ours, ``message_id`` in the conversation ``thread``, that did not reach ``address``.

    ``final`` if nobody tries any more. Ids are empty where the report does not tell.
    """

    message_id: str
    thread: str
    address: str
    why: str
    final: bool


def bounce(mail: Message) -> Bounce | None:
    """What a report on a delivery says, or None for another mail."""
    report = mail.get_content_type() == "multipart/report" or "X-Failed-Recipients" in mail
    if not report:
        return None
    fields = _fields(mail)
    action = fields.get("action", "failed").lower()
    if action not in _GIVEN_UP and action != "delayed":
        return None  # "delivered", "relayed" and "expanded" tell of no trouble
    address = (
        fields.get("final-recipient") or fields.get("original-recipient") or str(mail.get("X-Failed-Recipients") or "")
    )
    why = fields.get("diagnostic-code", "").partition(";")[2].strip() or fields.get("status", "")
    own, thread = _about(mail)
    return Bounce(own, thread, _short(address.partition(";")[2] or address), _short(why), action in _GIVEN_UP)


def is_automatic(head: headers.Head) -> bool:
    """Whether a machine wrote it, whoever's address it bears (RFC 3834)."""
    submitted = head.raw("Auto-Submitted").strip().lower()
    author = headers.author(head)
    return (
        headers.is_automatic_reply(head)
        or bool(submitted and not submitted.startswith("no"))
        or head.raw("Return-Path").strip() == "<>"
        or bool(author and author.bot)
    )


def _fields(mail: Message) -> dict[str, str]:
    """What is said of the delivery and of the first recipient it speaks of."""
    for part in mail.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = [block for block in part.walk() if block is not part]
        return {name.lower(): str(value) for block in reversed(blocks[:2]) for name, value in block.items()}
    return {}


def _about(mail: Message) -> tuple[str, str]:
    """The id of the mail that the report is about, and of the first of its thread, by the copy that comes along."""
    for part in _copies(mail):
        head = headers.Head(part.raw_items())
        if found := headers.own_id(head):
            before = headers.ids(head, "References") or headers.ids(head, "In-Reply-To")
            return found, before[0] if before else found
    answered = headers.ids(headers.Head(mail.raw_items()), "In-Reply-To")[:1]
    return (answered[0], answered[0]) if answered else ("", "")


def _copies(mail: Message) -> Iterator[Message]:
    for part in mail.walk():
        kind = part.get_content_type()
        payload = part.get_payload()
        if kind == "message/rfc822" and isinstance(payload, list):
            yield from (one for one in payload if isinstance(one, Message))
        elif kind == "text/rfc822-headers" and isinstance(payload, str):
            copy = Message()
            for name, value in re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", payload.replace("\r\n", "\n"), re.M):
                copy[name] = " ".join(value.split())
            yield copy


def _short(value: str) -> str:
    return " ".join(value.split())[:_LONGEST]
