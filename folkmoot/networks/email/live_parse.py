"""Mails of a connected mailbox as things seen: the same as those of an archive, and reports on deliveries besides."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError

from folkmoot.networks.base import Person, Place, SeenMessage, Skipped
from folkmoot.networks.email import headers, notices, parse


def seen(raw: bytes, place: Place, own: frozenset[str], *, received: str, now: datetime) -> SeenMessage | Skipped:
    """A mail of the mailbox ``place``; ``own`` are our addresses, ``received`` when the server got it."""
    report = _report(raw)
    # As a report it would be left out like any automatic mail; what it says is news all the same
    found = parse.message(_unmarked(raw) if report else raw, place, envelope=received, now=now)
    if isinstance(found, Skipped):
        return found
    message = replace(found[1], kind="direct" if place.kind == "direct" else found[1].kind)
    if not report:
        return replace(message, ours=message.author.remote_id in own)
    person = message.author
    return replace(
        message,
        author=Person(person.remote_id, person.name, person.handle, bot=True),
        text=_words(report),
        html="",
        parent=report.message_id or None,
        thread=report.thread or message.thread,
        attachments=(),
        raw={**message.raw, "Bounced": report.address, "Bounced-For-Good": report.final},
    )


def belongs(raw: bytes, list_id: str) -> bool:
    """Whether a list sent the mail."""
    found = headers.list_of(headers.Head(message_from_bytes(raw).raw_items()))
    return bool(found) and found is not None and found[0] == list_id


def _report(raw: bytes) -> notices.Bounce | None:
    try:
        return notices.bounce(message_from_bytes(raw))
    except (MessageError, RecursionError):
        return None


def _unmarked(raw: bytes) -> bytes:
    mail = message_from_bytes(raw)
    for name in ("Auto-Submitted", "Precedence", "X-Autoreply"):
        del mail[name]
    return mail.as_bytes()


def _words(report: notices.Bounce) -> str:
    whom = report.address or "the recipient"
    said = f": {report.why}" if report.why else ""
    if report.final:
        return f"The mail did not reach {whom}{said}"
    return f"The mail has not reached {whom} yet; it is tried again{said}"
