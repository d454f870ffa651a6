"""Zulip's messages, from its public archive and from its own export, as network-neutral things seen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from folkmoot.lib.html import to_text
from folkmoot.networks.base import Attachment, Person, Place, Reaction, SeenMessage
from folkmoot.networks.payload import Dates, Unfit, attachment_kind, count, text

RESOLVED = "✔ "
_NO_TOPIC = "(no topic)"
_FOLDER = re.compile(r"(?P<id>\d{1,18})-(?P<name>.+)")
# Zulip's own accounts; the public archive says of nobody else that it is a bot.
_OWN_BOTS = frozenset({"Notification Bot", "Welcome Bot", "Reminder Bot", "Zulip Feedback Bot"})
# A quotation ends in a colon and names the message it is of; "said" is written in the author's language.
_QUOTE = re.compile(r'/near/(\d{1,18})"[^<>]*>[^<]{1,60}</a>\s*:?\s*</p>\s*<blockquote>')
_QUOTE_MARKDOWN = re.compile(r"\]\([^)\s]*/near/(\d{1,18})\)\s*:\s*\n+`{3,}quote")
_UPLOAD = re.compile(r'<a href="[^"<>]*/user_uploads/[^"<>]*/([^"/<>]+)"')
_UPLOAD_MARKDOWN = re.compile(r"\]\(/user_uploads/[^)\s]*/([^)\s/]+)\)")
_PERSONAL, _STREAM = 1, 2


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as an archive spells it: resolving it puts a mark before its name but makes no other conversation."""

    title: str
    thread: str


@dataclass(frozen=True, slots=True)
class Realm:
    """Whom and what the ids of an export stand for, and the reactions by message."""

    people: Mapping[int, Person]
    recipients: Mapping[int, tuple[int, int]]
    streams: Mapping[int, Place]


def parse_stream(folder: str, names: Mapping[str, str]) -> Place | None:
    """The stream that a folder such as "113489-new-members" holds, spaces having become hyphens in its name."""
    found = _FOLDER.fullmatch(folder)
    return found and Place(found["id"], names.get(found["id"]) or found["name"], "forum")


def parse_topic(name: str) -> Topic:
    bare = name
    while bare.startswith(RESOLVED):
        bare = bare.removeprefix(RESOLVED)
    return Topic(name.strip() or _NO_TOPIC, bare.strip() or _NO_TOPIC)


def parse_file_name(stem: str) -> Topic:
    """In file names the bytes of unusual characters are written as ".E2.9C.94"."""
    return parse_topic(unquote(re.sub(r"\.(?=[0-9A-Fa-f]{2})", "%", stem.replace("%", "%25"))))


def parse_public(item: Mapping[str, Any], topic: Topic, opening: int, dates: Dates) -> SeenMessage:
    """A message of the public archive. ``opening`` is the id of its topic's first message. Raises ``Unfit``."""
    ident = message_id(item)
    name = text(item.get("sender_full_name")).strip()
    sender = count(item.get("sender_id"))
    if not name and sender is None:
        raise Unfit("no author")
    html = text(item.get("content"))
    author = Person(name if sender is None else str(sender), name, bot=name in _OWN_BOTS)
    parent = _quoted(ident, html, "")
    return SeenMessage(
        remote_id=str(ident),
        at=_date(item.get("timestamp"), dates),
        author=author,
        text=to_text(html),
        html=html,
        kind="post" if ident == opening else "reply" if parent else "comment",
        thread=topic.thread,
        thread_title=topic.title,
        parent=parent,
        attachments=_attachments(_UPLOAD, html) if "/user_uploads/" in html else (),
        raw=item,
    )


def parse_exported(
    item: Mapping[str, Any], realm: Realm, *, opens: bool, reactions: tuple[Reaction, ...], dates: Dates
) -> SeenMessage:
    """A row of ``zerver_message``; ``opens`` says that it is its topic's first message. Raises ``Unfit``."""
    ident = message_id(item)
    author = realm.people.get(count(item.get("sender")) or 0)
    if author is None:
        raise Unfit("no author")
    markdown, html = text(item.get("content")), text(item.get("rendered_content"))
    parent = _quoted(ident, html, markdown)
    in_stream = realm.recipients.get(count(item.get("recipient")) or 0, (0, 0))[0] == _STREAM
    topic = parse_topic(text(item.get("subject"))) if in_stream else None
    edited = item.get("last_edit_time")
    return SeenMessage(
        remote_id=str(ident),
        at=_date(item.get("date_sent"), dates),
        author=author,
        text=to_text(html) if html else markdown.strip(),
        html=html,
        kind="direct" if topic is None else "post" if opens else "reply" if parent else "comment",
        thread=topic.thread if topic else None,
        thread_title=topic.title if topic else "",
        parent=parent,
        edited_at=_date(edited, dates) if edited else None,
        attachments=_attachments(_UPLOAD, html) if html else _attachments(_UPLOAD_MARKDOWN, markdown),
        reactions=reactions,
        raw=item,
    )


def parse_person(row: Mapping[str, Any]) -> Person | None:
    """A row of ``zerver_userprofile`` or its sisters."""
    ident = count(row.get("id"))
    # Accounts of other realms, the system bots, carry no name but an address such as "notification-bot@zulip.com".
    address = text(row.get("email")).partition("@")[0]
    name = text(row.get("full_name")).strip() or address.replace("-", " ").title()
    if ident is None:
        return None
    bot = bool(row.get("is_bot")) or address.endswith("-bot") or name in _OWN_BOTS
    return Person(str(ident), name, bot=bot, avatar="")


def place_of(item: Mapping[str, Any], realm: Realm) -> Place:
    """Where a message was sent: a stream, a talk of two, or a talk of several. Raises ``Unfit``."""
    recipient = count(item.get("recipient")) or 0
    kind, ident = realm.recipients.get(recipient, (0, 0))
    if kind == _STREAM:
        return realm.streams.get(ident) or Place(str(ident), f"#{ident}", "forum")
    if kind == _PERSONAL:
        first, second = sorted((ident, count(item.get("sender")) or 0))
        names = [realm.people[one].name for one in dict.fromkeys((first, second)) if one in realm.people]
        return Place(f"direct-{first}-{second}", ", ".join(names), "direct")
    if kind:
        return Place(f"group-{recipient}", f"Group conversation {recipient}", "direct")
    raise Unfit("no channel")


def message_id(item: Mapping[str, Any]) -> int:
    ident = count(item.get("id"))
    if ident is None:
        raise Unfit("no id")
    return ident


def _date(value: object, dates: Dates) -> Any:
    if value is None:
        raise Unfit("no date")
    return dates.unix(value)


def _quoted(ident: int, html: str, markdown: str) -> str | None:
    """The message that is quoted first, unless somebody managed to quote the very message."""
    if "/near/" not in html and "/near/" not in markdown:
        return None
    quoted = _QUOTE.search(html) or _QUOTE_MARKDOWN.search(markdown)
    return quoted[1] if quoted and quoted[1] != str(ident) else None


def _attachments(uploads: re.Pattern[str], content: str) -> tuple[Attachment, ...]:
    """Uploads by name alone: their addresses are relative and open only to the network's members."""
    names = dict.fromkeys(unquote(name) for name in uploads.findall(content))
    return tuple(Attachment(attachment_kind("", name), name=name) for name in names)
