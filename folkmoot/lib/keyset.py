"""Pages of long lists by the last row seen, never by counting rows off: page 1 000 costs what page 1 costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Self, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a list that runs from new to old, or from a high number to a low one: behind the row with this time
    (or number) and id, or before it."""

    at: datetime | int
    id: int
    newer: bool = False

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The mark of an address; None for none, or for one that somebody made up."""
        direction, _, rest = text.partition(".")
        value, _, number = rest.partition(".")
        try:
            at = int(value) if direction.isupper() else EPOCH + int(value) * MICROSECOND
            return cls(at, int(number), newer=direction.lower() == "n")
        except (ValueError, OverflowError):
            return None

    @property
    def is_number(self) -> bool:
        return isinstance(self.at, int)

    def __str__(self) -> str:
        direction = "n" if self.newer else "o"
        if isinstance(self.at, int):
            return f"{direction.upper()}.{self.at}.{self.id}"
        return f"{direction}.{(self.at - EPOCH) // MICROSECOND}.{self.id}"


@dataclass(frozen=True, slots=True)
class Slice(Generic[M]):
    """One page of a list, new to old, and the marks of the pages around it; None where there is none."""

    rows: list[M]
    newer: Mark | None
    older: Mark | None


def page(rows: QuerySet[M], field: str, mark: Mark | None, size: int) -> Slice[M]:
    """The page at ``mark`` of rows ordered by ``field`` and primary key, newest first."""
    return cut(list(beyond(rows, field, mark)[: size + 1]), field, mark, size)


def beyond(rows: QuerySet[M], field: str, mark: Mark | None) -> QuerySet[M]:
    """The rows on the far side of ``mark``, the nearest first."""
    newer = mark is not None and mark.newer
    if mark is not None:
        way, bound = ("gt", "gte") if newer else ("lt", "lte")
        # the first condition is what the index can use, the second drops the rows at the very same time
        rows = rows.filter(**{f"{field}__{bound}": mark.at}).filter(
            Q(**{f"{field}__{way}": mark.at}) | Q(**{f"pk__{way}": mark.id})
        )
    return rows.order_by(field, "pk") if newer else rows.order_by(f"-{field}", "-pk")


def cut(found: list[M], field: str, mark: Mark | None, size: int) -> Slice[M]:
    """A page out of up to ``size`` + 1 rows from ``beyond``; the one too many only tells that there is more."""
    newer = mark is not None and mark.newer
    more, found = len(found) > size, found[:size]
    if newer:
        found.reverse()
    if not found:
        return Slice([], None, None)
    return Slice(
        found,
        newer=_mark(found[0], field, newer=True) if mark is not None and (more or not newer) else None,
        older=_mark(found[-1], field) if more or newer else None,
    )


def _mark(row: Any, field: str, *, newer: bool = False) -> Mark:
    return Mark(getattr(row, field), row.pk, newer=newer)
