"""The archive of a room (XEP-0313), asked page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from folkmoot.networks.errors import Refused
from folkmoot.networks.xmpp.link import Link, Rejected, refused
from folkmoot.networks.xmpp.live_parse import Archived, archived, bare
from folkmoot.networks.xmpp.stanzas import Element, tag

MAM, RSM, FORM = "urn:xmpp:mam:2", "http://jabber.org/protocol/rsm", "jabber:x:data"
PAGE = 100
_numbers = count(1)


class Unarchived(Refused):
    """The room keeps no archive, or does not show it to us."""


class Forgotten(Refused):
    """The archive no longer knows the message to go on from."""


@dataclass(frozen=True, slots=True)
class Page:
    """``items`` oldest first; ``complete``: there are no more in the direction that was asked for."""

    items: list[Archived]
    first: str
    last: str
    complete: bool


def page(
    link: Link,
    room: str,
    *,
    after: str = "",
    before: str | None = None,
    start: datetime | None = None,
    most: int = PAGE,
) -> Page:
    """A page behind ``after``, or (``before`` given, empty for the end) before it; none older than ``start``."""
    query = f"q{next(_numbers)}"
    edges = [tag("after", text=after)] if after else [] if before is None else [tag("before", text=before)]
    asked = tag("set", {"xmlns": RSM}, tag("max", text=str(most)), *edges)
    question = tag("query", {"xmlns": MAM, "queryid": query}, _form(start), asked)
    try:
        answered, results = _ask(link, room, question, query)
    except Rejected as error:
        if error.condition == "item-not-found" and (after or before):
            raise Forgotten(str(error)) from error
        raise Unarchived("The room keeps no history that the account may read.") from error
    fin = answered.child("fin", MAM)
    edge = fin.child("set", RSM) if fin else None
    items = [one for result in results if (one := archived(result))]
    if fin is None or edge is None:
        return Page(items, "", "", True)
    return Page(items, edge.said("first"), edge.said("last"), fin.get("complete") == "true")


def following(link: Link, room: str, *, after: str = "", start: datetime | None = None) -> Iterator[Page]:
    """Page after page towards the present."""
    while True:
        found = page(link, room, after=after, start=start)
        yield found
        if found.complete or not found.last or found.last == after:
            return
        after = found.last


def _ask(link: Link, room: str, question: str, query: str) -> tuple[Element, list[Element]]:
    """The answer, and the results that came before it."""
    ident, results = f"m{query}", list[Element]()
    link.send(tag("iq", {"type": "set", "id": ident, "to": room}, question))

    def done(stanza: Element) -> bool:
        result = stanza.child("result", MAM)
        if stanza.name == "message" and result is not None and result.get("queryid") == query:
            # Only the room itself may tell what its archive holds.
            if bare(stanza.get("from")) == room:
                results.append(result)
            return False
        return stanza.name == "iq" and stanza.get("id") == ident

    return refused(link.wait(done)), results


def _form(start: datetime | None) -> str:
    if start is None:
        return ""
    kind = tag("field", {"var": "FORM_TYPE", "type": "hidden"}, tag("value", text=MAM))
    stamp = start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return tag("x", {"xmlns": FORM, "type": "submit"}, kind, tag("field", {"var": "start"}, tag("value", text=stamp)))
