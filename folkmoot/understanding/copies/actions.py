"""Messages compared with what was said before; what is said again is kept as a repeat, and repeats as waves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from folkmoot.lib import bulk
from folkmoot.understanding.copies.signature import Bands, alike, normal, signatures

WINDOW = timedelta(days=90)  # how far back a text is compared
PAUSE = timedelta(hours=48)  # of silence that ends a wave
KEPT = timedelta(days=365)  # waves


@dataclass(frozen=True, slots=True)
class Text:
    """A message as far as copies of it go."""

    id: int
    author_id: int
    channel_id: int
    at: datetime
    text: str


@dataclass(slots=True)
class _Known:
    """A wording, stored or of this batch. ``first`` is its first message, ``normal`` that one's text."""

    id: int
    first: int
    bands: Bands
    normal: str
    fresh: Text | None = None
    repeats: list[Text] = field(default_factory=list)


def record(workspace_id: int, texts: Sequence[Text], gone: Collection[int] = ()) -> int:
    """Finds copies among messages that are new or edited; how many repeats of something there are in them.

    ``gone`` are messages that no longer count. Call it in a transaction, one at a time in a workspace.
    """
    touched = _forget([*gone, *(text.id for text in texts)])
    normalised = {text.id: normal(text.text) for text in texts}
    marked = zip(texts, signatures(list(normalised.values()), str(workspace_id)), strict=True)
    comparable = sorted(((text, bands) for text, bands in marked if bands), key=lambda pair: (pair[0].at, pair[0].id))
    known = _Index(_stored(workspace_id, comparable))
    ids = iter(bulk.new_ids("understanding_wording", len(comparable)) if comparable else ())
    for text, bands in comparable:
        same = known.find(bands, normalised[text.id])
        if same is None:
            known.add(_Known(next(ids), text.id, bands, normalised[text.id], fresh=text))
        else:
            same.repeats.append(text)
    _store(workspace_id, known.all)
    repeated = [wording for wording in known.all if wording.repeats]
    _rewave(workspace_id, touched | {wording.id for wording in repeated})
    return sum(len(wording.repeats) for wording in repeated)


def prune(workspace_id: int, *, now: datetime) -> None:
    """Forgets single texts that are older than anything new is compared with, and waves of more than a year ago."""
    bulk.change(
        "DELETE FROM understanding_wave WHERE workspace_id = %s::bigint AND last_at < %s::timestamptz",
        [workspace_id, now - KEPT],
    )
    bulk.change(_REPEATS_WITHOUT_WAVES, [workspace_id, now - WINDOW])
    bulk.change(_WORDINGS_WITHOUT_REPEATS, [workspace_id, now - WINDOW])


_REPEATS_WITHOUT_WAVES = """
DELETE FROM understanding_repeat r USING understanding_wording w
WHERE w.workspace_id = %s::bigint AND r.wording_id = w.id AND w.at < %s::timestamptz
  AND NOT EXISTS (SELECT FROM understanding_wave v WHERE v.wording_id = w.id)
  AND NOT EXISTS (SELECT FROM understanding_repeat o WHERE o.wording_id = w.id AND o.at >= w.at + interval '90 days')
"""

_WORDINGS_WITHOUT_REPEATS = """
DELETE FROM understanding_wording w
WHERE w.workspace_id = %s::bigint AND w.at < %s::timestamptz
  AND NOT EXISTS (SELECT FROM understanding_repeat r WHERE r.wording_id = w.id)
  AND NOT EXISTS (SELECT FROM understanding_wave v WHERE v.wording_id = w.id)
"""


class _Index:
    """Wordings by their bands."""

    def __init__(self, wordings: Iterable[_Known]) -> None:
        self.all: list[_Known] = []
        self._by_band: dict[int, list[_Known]] = {}
        for wording in wordings:
            self.add(wording)

    def add(self, wording: _Known) -> None:
        self.all.append(wording)
        for band in wording.bands:
            self._by_band.setdefault(band, []).append(wording)

    def find(self, bands: Bands, text: str) -> _Known | None:
        """The oldest wording that is nearly the same."""
        near = {wording.id: wording for band in bands for wording in self._by_band.get(band, ())}
        return next((near[id_] for id_ in sorted(near) if alike(near[id_].normal, text)), None)


def _stored(workspace_id: int, comparable: Sequence[tuple[Text, Bands]]) -> list[_Known]:
    if not comparable:
        return []
    bands = sorted({band for _, bands in comparable for band in bands})
    since = min(text.at for text, _ in comparable) - WINDOW
    rows = bulk.fetch(_CANDIDATES, [bands, workspace_id, since])
    return [_Known(id_, first, tuple(bands), normal(text)) for id_, first, bands, text in rows]


_CANDIDATES = """
SELECT w.id, w.message_id, w.bands, m.text
FROM understanding_wording w JOIN conversations_message m ON m.id = w.message_id
WHERE w.bands && %b::int[] AND w.workspace_id = %s::bigint AND (w.at >= %s::timestamptz OR EXISTS (
    SELECT FROM understanding_wave v WHERE v.wording_id = w.id))
"""


def _store(workspace_id: int, wordings: Sequence[_Known]) -> None:
    fresh = [(wording, wording.fresh) for wording in wordings if wording.fresh]
    bulk.copy_rows(
        "understanding_wording",
        ["id", "workspace_id", "message_id", "bands", "at"],
        ((wording.id, workspace_id, text.id, list(wording.bands), text.at) for wording, text in fresh),
    )
    repeated = [wording for wording in wordings if wording.repeats]
    if not repeated:
        return
    bulk.copy_rows(
        "understanding_repeat",
        ["message_id", "wording_id", "author_id", "channel_id", "at"],
        (
            (text.id, wording.id, text.author_id, text.channel_id, text.at)
            for wording in repeated
            for text in wording.repeats
        ),
    )
    bulk.change(_FIRST_AMONG_REPEATS, [[wording.id for wording in repeated]])


_FIRST_AMONG_REPEATS = """
INSERT INTO understanding_repeat (message_id, wording_id, author_id, channel_id, at)
SELECT m.id, w.id, m.author_id, m.channel_id, m.at
FROM understanding_wording w JOIN conversations_message m ON m.id = w.message_id
WHERE w.id = ANY(%b::bigint[]) ON CONFLICT (message_id) DO NOTHING
"""


def _forget(message_ids: Sequence[int]) -> set[int]:
    """Takes messages out, before they are looked at again or for good; the wordings that lost a repeat.

    A wording whose first message goes lives on in the next one.
    """
    ids = list(message_ids)
    lost = {
        row[0]
        for row in bulk.fetch(
            "DELETE FROM understanding_repeat WHERE message_id = ANY(%b::bigint[]) RETURNING wording_id", [ids]
        )
    }
    bulk.change(_HEIRS, [ids])
    bulk.change("DELETE FROM understanding_wording WHERE message_id = ANY(%b::bigint[])", [ids])
    return lost


_HEIRS = """
UPDATE understanding_wording w SET message_id = heir.message_id
FROM (
    SELECT DISTINCT ON (r.wording_id) r.wording_id, r.message_id FROM understanding_repeat r
    JOIN understanding_wording o ON o.id = r.wording_id
    WHERE o.message_id = ANY(%b::bigint[]) ORDER BY r.wording_id, r.at, r.message_id
) heir
WHERE w.id = heir.wording_id
"""


def _rewave(workspace_id: int, wording_ids: Collection[int]) -> None:
    """Works out the waves of some wordings from their repeats."""
    if not wording_ids:
        return
    ids = sorted(wording_ids)
    bulk.change("DELETE FROM understanding_wave WHERE wording_id = ANY(%b::bigint[])", [ids])
    facts: Mapping[str, object] = {"workspace": workspace_id, "wordings": ids, "pause": PAUSE}
    bulk.change(_WAVES, dict(facts))


_WAVES = """
WITH steps AS (
    SELECT *, (at - lag(at) OVER said > %(pause)s::interval)::int AS after_pause
    FROM understanding_repeat WHERE wording_id = ANY(%(wordings)b::bigint[])
    WINDOW said AS (PARTITION BY wording_id ORDER BY at, message_id)
), stretches AS (
    SELECT *, sum(coalesce(after_pause, 0)) OVER (PARTITION BY wording_id ORDER BY at, message_id) AS stretch FROM steps
)
INSERT INTO understanding_wave (workspace_id, wording_id, first_at, last_at, messages, authors, channel_ids)
SELECT %(workspace)s::bigint, wording_id, min(at), max(at), count(*), count(DISTINCT author_id),
       array_agg(DISTINCT channel_id)
FROM stretches GROUP BY wording_id, stretch
HAVING count(DISTINCT author_id) > 1 OR count(DISTINCT channel_id) > 1
"""
