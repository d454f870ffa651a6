"""Posts and comments, as WordPress gives them, as network-neutral things seen.

Both count from 1, so that the kind is part of the id: ``post-7``, ``comment-7``. A conversation is a post with all that
is said under it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from folkmoot.lib.html import to_text
from folkmoot.networks.base import Attachment, Person, SeenMessage
from folkmoot.networks.payload import Dates, Unfit, attachment_kind, count, mapping, mappings, text

_PICTURE = re.compile(r"""<(?:img|video|audio|source)\b[^>]*?\ssrc=["'](https?://[^"'>]+)""", re.I)


def parse_post(item: Mapping[str, Any], me: int, dates: Dates) -> SeenMessage:
    """Raises ``Unfit``."""
    number = count(item.get("id"))
    if not number:
        raise Unfit("not a post")
    html = text(mapping(item.get("content")).get("rendered"))
    title = to_text(text(mapping(item.get("title")).get("rendered")))
    at, modified = dates.iso(item.get("date_gmt")), dates.iso(item.get("modified_gmt") or item.get("date_gmt"))
    author = count(item.get("author")) or 0
    return SeenMessage(
        remote_id=f"post-{number}",
        at=at,
        author=_member(author, _embedded(item, "author")),
        text=to_text(html) or title,
        html=html,
        kind="post",
        thread=f"post-{number}",
        thread_title=title,
        edited_at=modified if modified > at else None,
        url=text(item.get("link")),
        ours=bool(author) and author == me,
        attachments=_attachments(item, html),
        raw=item,
    )


def parse_comment(item: Mapping[str, Any], me: int, dates: Dates) -> SeenMessage:
    """Raises ``Unfit``."""
    number, post = count(item.get("id")), count(item.get("post"))
    if not number or post is None:
        raise Unfit("not a comment")
    html = text(mapping(item.get("content")).get("rendered"))
    answered, author = count(item.get("parent")), count(item.get("author")) or 0
    return SeenMessage(
        remote_id=f"comment-{number}",
        at=dates.iso(item.get("date_gmt")),
        author=_commenter(item, author),
        text=to_text(html),
        html=html,
        kind="reply" if answered else "comment",
        thread=f"post-{post}",
        thread_title=to_text(text(mapping(_embedded(item, "up").get("title")).get("rendered"))),
        parent=f"comment-{answered}" if answered else f"post-{post}",
        url=text(item.get("link")),
        ours=bool(author) and author == me,
        raw=item,
    )


def number_of(remote_id: str, kind: str) -> int | None:
    """The number in ``post-7`` where it is of this kind."""
    found = re.fullmatch(rf"{kind}-([1-9]\d{{0,17}})", remote_id)
    return int(found[1]) if found else None


def _member(number: int, item: Mapping[str, Any]) -> Person:
    """A user of the site; whoever left the site keeps what was written, without a name."""
    handle = text(item.get("slug"))
    avatar = text(mapping(item.get("avatar_urls")).get("96"))
    return Person(f"user-{number}", text(item.get("name")) or handle or f"user-{number}", handle, avatar=avatar)


def _commenter(item: Mapping[str, Any], number: int) -> Person:
    """A user of the site or a visitor: by the address left with the comment, where we may see it, else by name."""
    name = unescape(text(item.get("author_name"))).strip()
    avatar = text(mapping(item.get("author_avatar_urls")).get("96"))
    if number:
        return Person(f"user-{number}", name or f"user-{number}", avatar=avatar)
    address = text(item.get("author_email")).strip().lower()
    return Person(address or name or "anonymous", name or address or "Anonymous", address, avatar=avatar)


def _embedded(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = mappings(mapping(item.get("_embedded")).get(name))
    return found[0] if found else {}


def _attachments(item: Mapping[str, Any], html: str) -> tuple[Attachment, ...]:
    featured = text(_embedded(item, "wp:featuredmedia").get("source_url"))
    urls = [featured] if featured else []
    urls += [unescape(url) for url in _PICTURE.findall(html)]
    return tuple(
        Attachment(attachment_kind("", url), url, url.split("?")[0].rpartition("/")[2][:255])
        for url in dict.fromkeys(urls)
    )
