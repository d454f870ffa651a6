"""Posts, comments and members of a Ghost site, as network-neutral things seen. A conversation is a post with what is
said under it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from folkmoot.lib.html import to_text
from folkmoot.networks.base import Attachment, Person, Reaction, SeenMessage, SeenMove
from folkmoot.networks.ghost.writing import is_marked
from folkmoot.networks.payload import Dates, Unfit, attachment_kind, count, mapping, mappings, text

SAID = ("published", "sent")
_PICTURE = re.compile(r"""<(?:img|video|audio|source)\b[^>]*?\ssrc=["'](https?://[^"'>]+)""", re.I)
_ID = re.compile(r"[0-9a-f]{24}")


def parse_post(item: Mapping[str, Any], dates: Dates) -> SeenMessage:
    """Raises ``Unfit``, also for what was not published."""
    number = _id(item)
    if item.get("status") not in SAID:
        raise Unfit("not published")
    html = text(item.get("html"))
    at = dates.iso(item.get("published_at") or item.get("created_at"))
    changed = dates.iso(item.get("updated_at") or item.get("created_at"))
    author = next(iter(mappings(item.get("authors"))), mapping(item.get("primary_author")))
    title = text(item.get("title"))
    return SeenMessage(
        remote_id=f"post-{number}",
        at=at,
        author=parse_author(author),
        text=to_text(html) or title,
        html=html,
        kind="post",
        thread=f"post-{number}",
        thread_title=title,
        edited_at=changed if changed > at else None,
        url=text(item.get("url")),
        ours=is_marked(text(item.get("codeinjection_foot"))),
        attachments=_attachments(item, html),
        as_of=changed,
        raw=item,
    )


def parse_comment(item: Mapping[str, Any], post: Mapping[str, Any], top: str, us: str, dates: Dates) -> SeenMessage:
    """``top`` is the comment under which it stands, empty for one that begins. Raises ``Unfit``."""
    number, under = _id(item), _id(post)
    html = text(item.get("html"))
    answered = text(item.get("in_reply_to_id")) or top
    likes = count(mapping(item.get("count")).get("likes"))
    member = mapping(item.get("member"))
    return SeenMessage(
        remote_id=f"comment-{number}",
        at=dates.iso(item.get("created_at")),
        author=parse_member(member),
        text=to_text(html),
        html=html,
        kind="reply" if answered else "comment",
        thread=f"post-{under}",
        thread_title=text(post.get("title")),
        parent=f"comment-{answered}" if answered else f"post-{under}",
        edited_at=dates.iso(item["edited_at"]) if item.get("edited_at") else None,
        url=f"{post['url']}#ghost-comments-root" if text(post.get("url")) else "",
        ours=bool(us) and text(member.get("email")).casefold() == us.casefold(),
        reactions=(Reaction("❤", likes),) if likes else (),
        raw=item,
    )


def parse_join(item: Mapping[str, Any], dates: Dates) -> SeenMove:
    """Raises ``Unfit``."""
    return SeenMove(f"join-{_id(item)}", dates.iso(item.get("created_at")), parse_member(item), "join")


def parse_member(item: Mapping[str, Any]) -> Person:
    """A reader who signed up; one who left keeps their comments, without a name."""
    number = text(item.get("id"))
    if not number:
        return Person("member-gone", "Deleted member")
    email = text(item.get("email"))
    return Person(
        f"member-{number}", text(item.get("name")) or email or "Anonymous", email, avatar=_https(item, "avatar_image")
    )


def parse_author(item: Mapping[str, Any]) -> Person:
    """Somebody of the staff."""
    number = text(item.get("id"))
    if not number:
        raise Unfit("no author")
    handle = text(item.get("slug"))
    return Person(f"user-{number}", text(item.get("name")) or handle, handle, avatar=_https(item, "profile_image"))


def id_of(remote_id: str, kind: str) -> str:
    """The site's id of a post or comment; empty where it is none of this kind."""
    found = re.fullmatch(rf"{kind}-([0-9a-f]{{24}})", remote_id)
    return found[1] if found else ""


def _id(item: Mapping[str, Any]) -> str:
    number = text(item.get("id"))
    if not _ID.fullmatch(number):
        raise Unfit("no id")
    return number


def _https(item: Mapping[str, Any], name: str) -> str:
    address = text(item.get(name))
    return f"https:{address}" if address.startswith("//") else address


def _attachments(item: Mapping[str, Any], html: str) -> tuple[Attachment, ...]:
    urls = [text(item.get("feature_image")), *map(unescape, _PICTURE.findall(html))]
    return tuple(
        Attachment(attachment_kind("", url), url, url.split("?")[0].rpartition("/")[2][:255])
        for url in dict.fromkeys(filter(None, urls))
    )
