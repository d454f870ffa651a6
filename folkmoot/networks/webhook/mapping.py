"""From anybody's JSON to things seen, by what a person says stands where.

A place in the JSON is written as names with dots between, such as ``message.author.id``; a number counts in a list. With a
slash in front it is looked for in the whole request, otherwise in each item of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from folkmoot.networks.base import Batch, Person, Place, Seen, SeenDeletion, SeenMessage, Skipped
from folkmoot.networks.payload import Dates, Unfit, text, web_address

_MILLISECONDS = 10**11  # as seconds, that were in the year 5138


@dataclass(frozen=True, slots=True)
class Told:
    """What one request tells: ``whole``, when it came, and how its times without a zone are read."""

    whole: Any
    at: datetime
    dates: Dates


@dataclass(slots=True)
class _Here:
    place: Place
    seen: list[Seen] = field(default_factory=list)
    skipped: dict[str, Skipped] = field(default_factory=dict)


def home(settings: Mapping[str, str]) -> Place:
    name = settings.get("channel", "").strip() or "webhook"
    return Place(name, name, "forum" if settings.get("thread", "").strip() else "chat")


def batches(told: Told, settings: Mapping[str, str]) -> Sequence[Batch]:
    places: dict[str, _Here] = {}
    for number, item in enumerate(_items(told.whole, settings), 1):
        place = _place(item, told, settings)
        here = places.setdefault(place.remote_id, _Here(place))
        try:
            here.seen.append(_seen(item, told, settings))
        except Unfit as unfit:
            known = here.skipped.get(unfit.reason)
            where = known.where if known else f"item {number}"
            here.skipped[unfit.reason] = Skipped(unfit.reason, known.count + 1 if known else 1, where)
    return [Batch(one.place, one.seen, "", more=False, skipped=tuple(one.skipped.values())) for one in places.values()]


def _items(whole: Any, settings: Mapping[str, str]) -> Sequence[Any]:
    found = look(whole, settings.get("items", "")) if settings.get("items", "").strip() else whole
    return found if isinstance(found, list) else [found]


def look(value: Any, path: str) -> Any:
    """What stands at a path, None where there is nothing."""
    for step in path.strip().strip("/").split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _at(item: Any, told: Told, settings: Mapping[str, str], name: str) -> Any:
    path = settings.get(name, "").strip()
    if not path:
        return None
    return look(told.whole if path.startswith("/") else item, path)


def _place(item: Any, told: Told, settings: Mapping[str, str]) -> Place:
    own = home(settings)
    ident = text(_at(item, told, settings, "place"))
    if not ident:
        return own
    return Place(ident, text(_at(item, told, settings, "place_name")) or ident, own.kind)


def _seen(item: Any, told: Told, settings: Mapping[str, str]) -> Seen:
    """Raises ``Unfit``."""
    if not isinstance(item, dict):
        raise Unfit("not an object")

    def get(name: str) -> Any:
        return _at(item, told, settings, name)

    ident, at = text(get("ident")), _moment(get("time"), told) or told.at
    if get("deleted") not in (None, False, "", 0, [], {}):
        if not ident:
            raise Unfit("no id")
        return SeenDeletion(ident, at)
    words = text(get("text"))
    if not words:
        raise Unfit("no text")
    author = _author(text(get("author")), text(get("author_name")), settings)
    thread, parent = text(get("thread")) or None, text(get("parent")) or None
    return SeenMessage(
        remote_id=ident or _digest(item),
        at=at,
        author=author,
        text=words,
        thread=thread,
        thread_title=text(get("title")),
        parent=parent,
        edited_at=_moment(get("edited"), told),
        url=web_address(get("url")),
        ours=bool(author.remote_id) and author.remote_id == settings.get("own_author", "").strip(),
        as_of=at,
        raw=item,
    )


def _author(ident: str, name: str, settings: Mapping[str, str]) -> Person:
    """Raises ``Unfit``. Where no place for authors is named, the channel itself speaks."""
    if ident or name:
        return Person(ident or name, name or ident)
    if settings.get("author", "").strip() or settings.get("author_name", "").strip():
        raise Unfit("no author")
    own = home(settings)
    return Person(own.remote_id, own.name, bot=True)


def _moment(value: Any, told: Told) -> datetime | None:
    """ISO 8601, or seconds or milliseconds since 1970. Raises ``Unfit``."""
    written = text(value)
    if not written:
        return None
    try:
        number = float(written)
    except ValueError:
        return told.dates.iso(written)
    return told.dates.unix(number / 1000 if number > _MILLISECONDS else number)


def _digest(item: Mapping[str, Any]) -> str:
    """What is told twice in the same words without an id is one message."""
    return hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()[:32]
