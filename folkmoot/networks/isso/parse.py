"""What Isso shows of comments, as network-neutral things seen.

Isso gives the number of its newest comment to the next one when it is deleted. So a comment is known by its number and
the minute in which it was made, as its administration shows it: ``12-202603021200``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any, Literal

from folkmoot.networks.base import Person, Reaction, SeenMessage
from folkmoot.networks.payload import Dates, Unfit, count, mapping, mappings

Mode = Literal["valid", "pending", "staled"]

_BLOCK = re.compile(r"<div class='isso-comment' id='isso-(\d+)'>")
_THREAD = re.compile(r'<div>Thread: ([^<]*) \(<a href="([^"]*)">')
_TIME = re.compile(r"<time>(\d\d):(\d\d) / (\d\d)-(\d\d)-(\d{4})</time>")
_MODE = re.compile(r'<span class="label label-(valid|pending|staled)">')
_KEY = re.compile(r"send_edit\(\d+, '([^']+)'")
_MINUTE = "%Y%m%d%H%M"
_VALID = re.compile(r"label-valid[^>]*>\s*Valid \((\d+)\)")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as the administration shows it; ``key`` is what it is changed with."""

    number: int
    minute: str
    mode: Mode
    key: str
    uri: str
    title: str
    author: str
    email: str
    text: str

    @property
    def remote_id(self) -> str:
        return f"{self.number}-{self.minute}"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the administration. ``valid`` is how many comments the public sees, on all of them."""

    comments: list[Comment]
    valid: int
    unread: int


def parse_page(html: str) -> Page | None:
    """None where it is another page, such as that for signing in."""
    total = _VALID.search(html)
    if not total:
        return None
    pieces = _BLOCK.split(html)[1:]
    found = [_comment(int(number), block) for number, block in zip(pieces[::2], pieces[1::2], strict=True)]
    comments = [comment for comment in found if comment]
    return Page(comments, int(total[1]), len(found) - len(comments))


def _comment(number: int, block: str) -> Comment | None:
    thread, time, mode, key = (pattern.search(block) for pattern in (_THREAD, _TIME, _MODE, _KEY))
    words = re.search(rf'<pre id="isso-text-{number}">([^<]*)</pre>', block)
    if not (thread and time and mode and key and words):
        return None
    hour, minute, day, month, year = time.groups()
    return Comment(
        number,
        f"{year}{month}{day}{hour}{minute}",
        mode[1],  # type: ignore[arg-type]
        key[1],
        unescape(thread[2]),
        unescape(thread[1]).strip(),
        # Isso keeps names as HTML already
        unescape(_of(block, f"isso-author-{number}")).strip(),
        _of(block, f"isso-email-{number}").strip(),
        unescape(words[1]).strip(),
    )


def _of(block: str, ident: str) -> str:
    found = re.search(rf"""id="{ident}">([^<]*)</span>""", block)
    return unescape(found[1]) if found else ""


def listed(thread: object) -> dict[int, Mapping[str, Any]]:
    """The public comments of a thread, as its readers are given them, by number."""
    return {
        number: item
        for top in mappings(mapping(thread).get("replies"))
        for item in (top, *mappings(top.get("replies")))
        if (number := count(item.get("id")))
    }


def parse_comment(
    comment: Comment, public: Mapping[int, Mapping[str, Any]], us: tuple[str, str], origin: str, dates: Dates
) -> SeenMessage:
    """``public`` is what readers are given of its thread: it alone tells what a comment answers. Raises ``Unfit``."""
    shown = public.get(comment.number, {})
    parent = public.get(count(shown.get("parent")) or 0)
    at = dates.unix(shown["created"]) if "created" in shown else dates.iso(_iso(comment.minute))
    likes = count(shown.get("likes"))
    return SeenMessage(
        remote_id=comment.remote_id,
        at=at,
        author=_author(comment),
        text=comment.text,
        kind="reply" if parent else "comment",
        thread=comment.uri,
        thread_title=comment.title,
        parent=_id_of(parent, comment, at, dates) if parent else None,
        edited_at=dates.unix(shown["modified"]) if shown.get("modified") else None,
        url=f"{origin}{comment.uri}#isso-{comment.number}",
        ours=(comment.author, comment.email.casefold()) == us,
        reactions=(Reaction("👍", likes),) if likes else (),
        raw={**shown, "mode": comment.mode},
    )


def _id_of(item: Mapping[str, Any], beside: Comment, at: datetime, dates: Dates) -> str:
    """The id of a comment that readers are given; ``beside`` was made ``at`` and tells how the server's clock stands."""
    made = dates.unix(item.get("created"))
    local = made.astimezone(dates.zone)
    if at.astimezone(dates.zone).strftime(_MINUTE) != beside.minute:  # another zone than was filled in
        stands = datetime.strptime(beside.minute, _MINUTE).replace(tzinfo=UTC) - at.replace(second=0, microsecond=0)
        local = made + stands
    return f"{count(item.get('id'))}-{local:{_MINUTE}}"


def number_of(remote_id: str) -> int:
    found = re.fullmatch(r"([1-9]\d{0,17})-\d{12}", remote_id)
    if not found:
        raise Unfit("not a comment")
    return int(found[1])


def _author(comment: Comment) -> Person:
    """By the address left with the comment, else by name: nobody signs in at Isso."""
    name = "" if comment.author == "Anonymous" else comment.author
    address = comment.email.casefold()
    return Person(address or name or "anonymous", name or address or "Anonymous", address)


def _iso(minute: str) -> str:
    return f"{minute[:4]}-{minute[4:6]}-{minute[6:8]}T{minute[8:10]}:{minute[10:]}"
