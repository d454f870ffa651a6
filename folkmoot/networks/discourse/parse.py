"""Discourse's posts, as its API gives them, as network-neutral things seen.

A post is known by its topic and its number there, because an answer names what it answers by number alone: so the
parent can be told from the post itself, wherever in the archive the other one stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from html import unescape
from typing import Any

from folkmoot.lib.html import to_text
from folkmoot.networks.base import Attachment, Person, Reaction, SeenMessage
from folkmoot.networks.payload import Dates, Unfit, attachment_kind, count, mappings, text

_REGULAR, _MODERATOR, _SMALL_ACTION, _WHISPER = 1, 2, 3, 4
_LIKE = 2
_AVATAR_SIZE = "96"
# A quotation mark inside a text is escaped, so that no post can pretend to be the field.
_HOST = re.compile(
    r'(?<!\\)"avatar_template"\s*:\s*"(?:(?:https?:)?//[^/"]+)?/user_avatar/([a-z0-9.-]+\.[a-z]{2,})/', re.I
)
_PICTURE = re.compile(r'<a class="lightbox" href="([^"<>]+)"(?:[^<>]*? title="([^"<>]*)")?', re.I)
_FILE = re.compile(r'<a class="attachment" href="([^"<>]+)"[^<>]*>([^<]*)</a>', re.I)


def find_host(head: str) -> str:
    """The forum's host, which every post of somebody with an uploaded avatar tells; empty if none does."""
    found = _HOST.search(head)
    return found[1].lower() if found else ""


def is_post(item: Mapping[str, Any]) -> bool:
    return "post_number" in item and "topic_id" in item


def parse_post(item: Mapping[str, Any], host: str, title: str, dates: Dates) -> SeenMessage:
    """A post; ``title`` is the topic's where the post itself names none. Raises ``Unfit``."""
    topic, number = count(item.get("topic_id")), count(item.get("post_number"))
    if topic is None or number is None:
        raise Unfit("not a post")
    _check_shown(item)
    author = parse_author(item, host)
    deleted_at = _deleted_at(item, dates)
    html = "" if deleted_at else text(item.get("cooked"))
    answered = count(item.get("reply_to_post_number"))
    answered = None if answered == number else answered
    edited = (count(item.get("version")) or 1) > 1
    slug = text(item.get("topic_slug")) or "-"
    return SeenMessage(
        remote_id=f"{topic}/{number}",
        at=dates.iso(item.get("created_at")),
        author=author,
        text="" if deleted_at else to_text(html) or text(item.get("raw")).strip(),
        html=html,
        kind="post" if number == 1 else "reply" if answered else "comment",
        thread=str(topic),
        thread_title=text(item.get("topic_title")) or title,
        parent=f"{topic}/{answered}" if answered and number != 1 else None,
        deleted_at=deleted_at,
        edited_at=dates.iso(item["updated_at"]) if edited and item.get("updated_at") else None,
        url=f"https://{host}/t/{slug}/{topic}/{number}" if host else "",
        attachments=parse_attachments(html, host) if "<a class=" in html else (),
        reactions=parse_reactions(item),
        raw=item,
    )


def _deleted_at(item: Mapping[str, Any], dates: Dates) -> datetime | None:
    """When the post was deleted, as nearly as the forum tells; None for one that stands."""
    if not item.get("user_deleted") and not item.get("deleted_at"):
        return None
    return dates.iso(item.get("deleted_at") or item.get("updated_at") or item.get("created_at"))


def parse_author(item: Mapping[str, Any], host: str) -> Person:
    handle = text(item.get("username"))
    ident = item.get("user_id")
    known = isinstance(ident, int) and not isinstance(ident, bool)
    if not known and not handle:
        raise Unfit("no author")
    # The system and the welcoming robot have the ids -1 and -2; no person's is below 1.
    bot = known and int(ident or 0) < 0
    avatar = _absolute(text(item.get("avatar_template")).replace("{size}", _AVATAR_SIZE), host)
    return Person(str(ident) if known else handle, text(item.get("name")) or handle, handle, bot=bot, avatar=avatar)


def parse_reactions(item: Mapping[str, Any]) -> tuple[Reaction, ...]:
    """How many gave each reaction, nobody being named; forums without the reactions plugin have likes alone."""
    given = [(text(reaction.get("id")), count(reaction.get("count"))) for reaction in mappings(item.get("reactions"))]
    if not given:
        likes = [act for act in mappings(item.get("actions_summary")) if act.get("id") == _LIKE]
        given = [("heart", count(act.get("count"))) for act in likes]
    return tuple(Reaction(value, number) for value, number in given if value and number)


def parse_attachments(html: str, host: str) -> tuple[Attachment, ...]:
    files = [(url, title or url.rsplit("/", 1)[-1], "image/*") for url, title in _PICTURE.findall(html)]
    files += [(url, name, "") for url, name in _FILE.findall(html)]
    return tuple(
        Attachment(attachment_kind(mime, name), _absolute(unescape(url), host), unescape(name))
        for url, name, mime in dict.fromkeys(files)
    )


def newest(copies: list[Mapping[str, Any]]) -> int:
    """Which of several copies of one post is the last state of it."""
    return max(range(len(copies)), key=lambda index: (text(copies[index].get("updated_at")), -index))


def _check_shown(item: Mapping[str, Any]) -> None:
    """Raises ``Unfit`` for what readers of the forum don't see, and for what the forum says of itself."""
    kind = item.get("post_type", _REGULAR)
    if item.get("hidden"):
        raise Unfit("hidden at the network")
    if kind == _WHISPER:
        raise Unfit("whisper")
    if kind == _SMALL_ACTION or (kind == _MODERATOR and not text(item.get("cooked"))) or item.get("action_code"):
        raise Unfit("service message")


def _absolute(address: str, host: str) -> str:
    if address.startswith("//"):
        return f"https:{address}"
    if address.startswith("/"):
        return f"https://{host}{address}" if host else ""
    return address if address.startswith(("https://", "http://")) else ""
