"""Members as lists show them, and what a member's own page tells of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Collate, Lower

from folkmoot.lib import bulk
from folkmoot.lib.keyset import Mark, Slice
from folkmoot.members import spelling
from folkmoot.members.models import Activity, Identity, Member, Merge
from folkmoot.workspaces.models import Workspace

PAGE = 50
TIMELINE = 30
_WORD = re.compile(r"[^\W_]+")


class Sort(StrEnum):
    """``NEWEST`` leaves out whoever was never seen doing anything."""

    NEWEST = "newest"
    BUSIEST = "busiest"
    NAME = "name"


_FIELDS = {Sort.NEWEST: "last_seen_at", Sort.BUSIEST: "message_count", Sort.NAME: "alphabet"}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; ``everybody`` also shows bots and the team."""

    words: str = ""
    network: str = ""
    sort: Sort = Sort.NEWEST
    everybody: bool = False

    @property
    def narrow(self) -> bool:
        return bool(self.words.strip() or self.network)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a sorted list: behind the member with this value and id, or before them."""

    value: str
    id: int
    back: bool = False

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The place an address names; None for none, or for one that somebody made up."""
        direction, _, rest = text.partition(".")
        number, _, value = rest.partition(".")
        if direction not in {"f", "b"} or not number.isdecimal() or len(number) > 18:
            return None
        return cls(value, int(number), back=direction == "b")

    def __str__(self) -> str:
        return f"{'b' if self.back else 'f'}.{self.id}.{self.value}"


@dataclass(frozen=True, slots=True)
class Page:
    """Members in order, each with ``identities`` at hand, and the places of the pages around."""

    members: list[Member]
    back: Place | None
    on: Place | None


def listing(workspace: Workspace, filters: Filters, place: Place | None = None, *, size: int = PAGE) -> Page:
    """A page of members, in two queries whatever the size. Members merged into others are not in it."""
    rows = _narrowed(workspace, filters)
    value = None if place is None else _value(filters.sort, place.value)
    back = value is not None and place is not None and place.back
    if value is not None and place is not None:
        rows = _beyond(rows, filters.sort, value, place)
    found = list(rows.order_by(*_order(filters.sort, back)).prefetch_related("identities")[: size + 1])
    more, found = len(found) > size, found[:size]
    if back:
        found.reverse()
    if not found:
        return Page([], None, None)
    return Page(
        found,
        back=_place(filters.sort, found[0], back=True) if value is not None and (more or not back) else None,
        on=_place(filters.sort, found[-1]) if more or back else None,
    )


def _narrowed(workspace: Workspace, filters: Filters) -> QuerySet[Member]:
    rows = Member.objects.filter(workspace=workspace, merged_into=None)
    if not filters.everybody:
        rows = rows.filter(bot=False, ours=False)
    if filters.network:
        own = Identity.objects.filter(workspace=workspace, network=filters.network, member=OuterRef("pk"))
        rows = rows.filter(Exists(own))
    if filters.words.strip():
        rows = rows.filter(pk__in=_called(workspace, filters.words))
    if filters.sort is Sort.NEWEST:
        return rows.filter(last_seen_at__isnull=False)
    return rows.annotate(alphabet=Collate(Lower("name"), "C")) if filters.sort is Sort.NAME else rows


def _called(workspace: Workspace, words: str) -> QuerySet[Any]:
    """Ids of members with an account whose name or handle has words that begin so, or whose id at the network it is.

    A member renamed by hand is also found by how that name begins.
    """
    wanted = words.strip()
    own = Identity.objects.filter(workspace=workspace)
    by_id = own.filter(network__in=networks(workspace), remote_id=bulk.key(wanted)).values("member")
    by_name = Member.objects.filter(workspace=workspace, merged_into=None).annotate(
        alphabet=Collate(Lower("name"), "C")
    )
    found = by_name.filter(alphabet__startswith=bulk.storable(wanted).lower()).values("pk").union(by_id, all=True)
    starts = [word for word in _WORD.findall(bulk.storable(wanted).lower()) if word.strip(spelling.SILENT)]
    if not starts:
        return found
    asked = spelling.folded(Value(" & ".join(f"{word}:*" for word in starts), output_field=TextField()))
    query = SearchQuery(f"w{workspace.pk}", config="simple") & SearchQuery(asked, config="simple", search_type="raw")
    spelt = own.annotate(words=SearchVector(spelling.words_of_identity(), config="simple")).filter(words=query)
    return found.union(spelt.values("member"), all=True)


def _order(sort: Sort, back: bool) -> tuple[Any, ...]:
    rising = (sort is Sort.NAME) is not back
    field = F(_FIELDS[sort])
    return (field.asc(), F("pk").asc()) if rising else (field.desc(), F("pk").desc())


def _beyond(rows: QuerySet[Member], sort: Sort, value: object, place: Place) -> QuerySet[Member]:
    field, way = _FIELDS[sort], "gt" if (sort is Sort.NAME) is not place.back else "lt"
    # the first condition is what the index can use, the second drops the rows with the very same value
    rows = rows.filter(**{f"{field}__{way}e": value})
    return rows.filter(Q(**{f"{field}__{way}": value}) | Q(**{f"pk__{way}": place.id}))


def _value(sort: Sort, text: str) -> datetime | int | str | None:
    """None where the address does not hold what this order goes by."""
    if sort is Sort.NAME:
        return bulk.storable(text)
    try:
        if sort is Sort.BUSIEST:
            return int(text)
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def _place(sort: Sort, member: Member, *, back: bool = False) -> Place:
    if sort is Sort.NAME:
        return Place(member.name.lower(), member.pk, back)
    if sort is Sort.BUSIEST or member.last_seen_at is None:
        return Place(str(member.message_count), member.pk, back)
    return Place(member.last_seen_at.astimezone(UTC).isoformat(), member.pk, back)


def networks(workspace: Workspace) -> list[str]:
    """On which networks members have accounts; steps from one to the next through the index."""
    rows = bulk.fetch(
        "WITH RECURSIVE step (network) AS ("
        " (SELECT network FROM members_identity WHERE workspace_id = %(w)s ORDER BY network LIMIT 1)"
        " UNION ALL SELECT (SELECT i.network FROM members_identity i WHERE i.workspace_id = %(w)s"
        " AND i.network > step.network ORDER BY i.network LIMIT 1) FROM step WHERE step.network IS NOT NULL"
        ") SELECT network FROM step WHERE network IS NOT NULL",
        {"w": workspace.pk},
    )
    return [row[0] for row in rows]


def lookalikes(member: Member, *, size: int = 10) -> list[Member]:
    """Members whose accounts have a name like this one's: candidates, no more than that."""
    found = listing(
        Workspace(pk=member.workspace_id), Filters(words=member.name, sort=Sort.BUSIEST, everybody=True), size=size + 1
    )
    return [other for other in found.members if other.pk != member.pk][:size]


def identities(member: Member) -> list[Identity]:
    """The busiest first."""
    return list(member.identities.order_by("-message_count", "pk"))


def merges(member: Member) -> list[Merge]:
    """What was merged into the member, also what was undone, the latest first."""
    return list(Merge.objects.filter(kept=member).select_related("gone", "by", "undone_by").order_by("-pk")[:50])


def timeline(
    identity_ids: Iterable[int], channel_ids: Collection[int] | None, mark: Mark | None, *, size: int = TIMELINE
) -> Slice[Activity]:
    """What these identities did, newest first; ``channel_ids`` None means in any channel.

    Every identity's own newest acts come off the index, so the number of acts does not matter.
    """
    newer = mark is not None and mark.newer
    sql = _TIMELINE.format(
        at="AND (a.at, a.id) {} (%(at)s, %(id)s)".format(">" if newer else "<") if mark else "",
        channels="" if channel_ids is None else "AND a.channel_id = ANY(%(channels)s)",
        way="ASC" if newer else "DESC",
    )
    found = list(
        Activity.objects.raw(
            sql,
            {
                "identities": list(identity_ids),
                "channels": list(channel_ids or ()),
                "at": mark.at if mark else None,
                "id": mark.id if mark else None,
                "size": size + 1,
            },
        )
    )
    more, found = len(found) > size, found[:size]
    if newer:
        found.reverse()
    if not found:
        return Slice([], None, None)
    return Slice(
        found,
        newer=Mark(found[0].at, found[0].pk, newer=True) if mark is not None and (more or not newer) else None,
        older=Mark(found[-1].at, found[-1].pk) if more or newer else None,
    )


_TIMELINE = """
SELECT act.* FROM unnest(%(identities)s::bigint[]) AS own (id)
CROSS JOIN LATERAL (
    SELECT a.* FROM members_activity a WHERE a.identity_id = own.id {at} {channels}
    ORDER BY a.at {way}, a.id {way} LIMIT %(size)s
) act
ORDER BY act.at {way}, act.id {way} LIMIT %(size)s
"""
