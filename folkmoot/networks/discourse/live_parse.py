"""Posts as a connected account meets them: the ids, authors and words are those that archives give."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from folkmoot.lib.html import to_text
from folkmoot.networks.base import Person, Place, SeenMessage
from folkmoot.networks.discourse.parse import parse_author, parse_post
from folkmoot.networks.payload import Dates, Unfit, count, mapping, mappings, text

_MESSAGES = "/messages"
QUEUED = "ReviewableQueuedPost"


def forum_place(host: str, title: str, address: str) -> Place:
    return Place(host, title or host, "forum", address)


def messages_place(host: str, title: str, address: str) -> Place:
    return Place(f"{host}{_MESSAGES}", f"{title or host}: messages", "direct", f"{address}/my{_MESSAGES}")


def is_private(place: Place) -> bool:
    return place.remote_id.endswith(_MESSAGES)


def parse_live(item: Mapping[str, Any], host: str, user: str, dates: Dates, *, private: bool = False) -> SeenMessage:
    """Raises ``Unfit``, also for words that are hidden from us."""
    if item.get("hidden") and (item.get("cooked_hidden") or not text(item.get("cooked"))):
        raise Unfit("hidden at the network")
    seen = parse_post({**item, "hidden": False}, host, "", dates)
    changed = text(item.get("updated_at"))
    return replace(
        seen,
        kind="direct" if private else seen.kind,
        ours=text(item.get("username")).casefold() == user.casefold(),
        as_of=dates.iso(changed) if changed else None,
        raw=item,
    )


def parse_queue(data: Mapping[str, Any], host: str, dates: Dates) -> list[SeenMessage | Unfit]:
    """Posts that wait for approval: they have no number yet, and are known by that of their case."""
    people = {count(one.get("id")): one for one in mappings(data.get("users"))}
    return [
        _queued(item, people, host, dates)
        for item in mappings(data.get("reviewables"))
        if item.get("type") == QUEUED and count(item.get("id"))
    ]


def _queued(
    item: Mapping[str, Any], people: Mapping[int | None, Mapping[str, Any]], host: str, dates: Dates
) -> SeenMessage | Unfit:
    number, topic, payload = item["id"], count(item.get("topic_id")), mapping(item.get("payload"))
    found = people.get(count(item.get("target_created_by_id")) or count(item.get("created_by_id")), {})
    answered = count(payload.get("reply_to_post_number"))
    try:
        return SeenMessage(
            remote_id=f"review/{number}",
            at=dates.iso(item.get("created_at")),
            author=_author(found, host),
            text=to_text(text(payload.get("cooked"))) or text(payload.get("raw")).strip(),
            kind=("reply" if answered else "comment") if topic else "post",
            thread=str(topic) if topic else f"review/{number}",
            thread_title=text(payload.get("title")),
            parent=f"{topic}/{answered}" if topic and answered else None,
            url=f"https://{host}/review/{number}",
            raw=item,
        )
    except Unfit as unfit:
        return unfit


def _author(item: Mapping[str, Any], host: str) -> Person:
    return parse_author({**item, "user_id": item.get("id")}, host)


def post_of(remote_id: str) -> tuple[int, int] | None:
    """Topic and number of a post."""
    found = re.fullmatch(r"([1-9]\d{0,17})/([1-9]\d{0,9})", remote_id)
    return (int(found[1]), int(found[2])) if found else None


def case_of(remote_id: str) -> int | None:
    """The case of a post that waits for approval."""
    found = re.fullmatch(r"review/([1-9]\d{0,17})", remote_id)
    return int(found[1]) if found else None
