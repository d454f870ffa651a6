"""What a Mastodon server's API gives, as network-neutral things seen.

Posts are known by the server's own ids, which every act needs; people by ``name@server``, which is the same wherever
they are seen from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from folkmoot.lib.html import to_text
from folkmoot.networks.base import (
    Attachment,
    AttachmentKind,
    MessageKind,
    Person,
    Place,
    Reaction,
    Seen,
    SeenMessage,
    SeenMove,
    SeenReaction,
)
from folkmoot.networks.payload import Dates, Unfit, count, mapping, mappings, text, web_address

FAVOURITE, BOOST = "favourite", "boost"
_FILES: dict[str, AttachmentKind] = {"image": "image", "gifv": "video", "video": "video", "audio": "audio"}
_OF_A_STATUS = frozenset({"mention", "update", "quote", "quoted_update"})
_EMOJI = frozenset({"pleroma:emoji_reaction", "emoji_reaction", "reaction"})


@dataclass(frozen=True, slots=True)
class Home:
    """Where things are seen from: the server, and the account there."""

    base: str
    domain: str
    ident: str
    handle: str
    name: str = ""

    @property
    def address(self) -> str:
        return f"@{self.handle}"

    @property
    def page(self) -> Place:
        return Place(self.address, self.name or self.address, "page", f"{self.base}/@{self.handle.partition('@')[0]}")

    @property
    def direct(self) -> Place:
        return Place(f"direct:{self.address}", f"{self.name or self.address} · private", "direct")

    def tag(self, name: str) -> Place:
        return Place(f"#{name.lower()}@{self.domain}", f"#{name}", "feed", f"{self.base}/tags/{name}")

    def list(self, ident: str, title: str) -> Place:
        return Place(f"list:{ident}@{self.domain}", title or ident, "feed", f"{self.base}/lists/{ident}")

    def local(self, handle: str) -> str:
        """A person's address as this server writes it: its own people without the server."""
        return handle.removesuffix(f"@{self.domain}")


def tag_of(place: Place) -> str:
    """The hashtag that a place is, empty for other places."""
    return place.remote_id[1:].rpartition("@")[0] if place.remote_id.startswith("#") else ""


def list_of(place: Place) -> str:
    """The id of the list that a place is, empty for other places."""
    return place.remote_id[5:].rpartition("@")[0] if place.remote_id.startswith("list:") else ""


def is_direct(status: Mapping[str, Any]) -> bool:
    return status.get("visibility") == "direct"


def is_ours(status: Mapping[str, Any], home: Home) -> bool:
    return text(mapping(status.get("account")).get("id")) == home.ident


def concerns_us(status: Mapping[str, Any], home: Home) -> bool:
    """Whether it is ours, answers us or names us."""
    named = home.ident in (text(one.get("id")) for one in mappings(status.get("mentions")))
    return is_ours(status, home) or named or text(status.get("in_reply_to_account_id")) == home.ident


def parse_person(account: Mapping[str, Any], home: Home) -> Person:
    """Raises ``Unfit``: a deleted account is null."""
    handle = text(account.get("acct")) or text(account.get("username"))
    if not handle:
        raise Unfit("no author")
    handle = handle if "@" in handle else f"{handle}@{home.domain}"
    return Person(
        handle.lower(),
        text(account.get("display_name")) or handle.partition("@")[0],
        handle,
        bot=account.get("bot") is True,
        avatar=web_address(account.get("avatar_static")) or web_address(account.get("avatar")),
    )


def parse_status(status: Mapping[str, Any], home: Home, place: Place, thread: str, dates: Dates) -> SeenMessage:
    """A post in ``place``; ``thread`` is the id of the first one of its conversation. Raises ``Unfit``."""
    ident = text(status.get("id"))
    if not ident:
        raise Unfit("no id")
    if status.get("reblog"):
        raise Unfit("boost")
    answered = text(status.get("in_reply_to_id"))
    parent = answered or text(mapping(mapping(status.get("quote")).get("quoted_status")).get("id"))
    ours = is_ours(status, home)
    words, html = _words(status)
    return SeenMessage(
        remote_id=ident,
        at=dates.iso(status.get("created_at")),
        author=parse_person(mapping(status.get("account")), home),
        text=words,
        html=html,
        kind="direct" if place.kind == "direct" else _kind(place, answered, thread, ours=ours),
        thread=thread or ident,
        parent=parent if parent != ident and parent else None,
        edited_at=dates.iso(status["edited_at"]) if status.get("edited_at") else None,
        url=web_address(status.get("url")) or web_address(status.get("uri")),
        ours=ours,
        attachments=tuple(_attachments(status)),
        reactions=tuple(_totals(status)),
        raw=status,
    )


def parse_notification(item: Mapping[str, Any], home: Home, place: Place, thread: str, dates: Dates) -> Seen:
    """What a notification tells of in ``place``. Raises ``Unfit``."""
    kind, status = text(item.get("type")), mapping(item.get("status"))
    if kind in _OF_A_STATUS and status:
        return parse_status(status, home, place, thread, dates)
    person = parse_person(mapping(item.get("account")), home)
    at = dates.iso(item.get("created_at"))
    if kind == "follow":
        return SeenMove(f"follow/{text(item.get('id'))}", at, person, "join")
    values = {"favourite": FAVOURITE, "reblog": BOOST} | dict.fromkeys(_EMOJI, text(item.get("emoji")))
    if (value := values.get(kind)) and (ident := text(status.get("id"))):
        return SeenReaction(ident, at, person, value)
    raise Unfit("notification of another kind")


def figures(status: Mapping[str, Any]) -> dict[str, int]:
    """Likes, shares, comments, and votes where there is a poll."""
    named = {"likes": "favourites_count", "shares": "reblogs_count", "comments": "replies_count"}
    found = {name: count(status.get(key)) for name, key in named.items()}
    found["votes"] = count(mapping(status.get("poll")).get("votes_count"))
    return {name: number for name, number in found.items() if number is not None}


def _kind(place: Place, answered: str, thread: str, *, ours: bool) -> MessageKind:
    if answered:
        return "comment" if answered == thread else "reply"
    return "post" if ours or place.kind == "feed" else "mention"


def _words(status: Mapping[str, Any]) -> tuple[str, str]:
    """Text and HTML: a content warning comes first, the choices of a poll last."""
    html = text(status.get("content"))
    warning = text(status.get("spoiler_text"))
    choices = [text(choice.get("title")) for choice in mappings(mapping(status.get("poll")).get("options"))]
    parts = [warning, to_text(html), "\n".join(f"○ {choice}" for choice in choices)]
    shown = f"<p><strong>{escape(warning)}</strong></p>{html}" if warning else html
    shown += f"<ul>{''.join(f'<li>{escape(choice)}</li>' for choice in choices)}</ul>" if choices else ""
    return "\n\n".join(part for part in parts if part), shown


def _attachments(status: Mapping[str, Any]) -> Iterator[Attachment]:
    for file in mappings(status.get("media_attachments")):
        if url := web_address(file.get("url")) or web_address(file.get("remote_url")):
            mime = text(mapping(file.get("pleroma")).get("mime_type"))
            yield Attachment(_FILES.get(text(file.get("type")), "file"), url, text(file.get("description")), mime)


def _totals(status: Mapping[str, Any]) -> Iterator[Reaction]:
    for value, key in ((FAVOURITE, "favourites_count"), (BOOST, "reblogs_count")):
        if number := count(status.get(key)):
            yield Reaction(value, number)
    pleroma = mapping(status.get("pleroma"))
    for given in mappings(pleroma.get("emoji_reactions") or status.get("emoji_reactions")):
        value, number = text(given.get("name")), count(given.get("count"))
        if value and number:
            yield Reaction(value, number)
