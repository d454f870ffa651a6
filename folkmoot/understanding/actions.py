"""Everything that people change about readings: they correct, take back, bring in, and switch what was learnt."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from folkmoot.lib import bulk
from folkmoot.lib.lemmas import query as lexeme_query
from folkmoot.understanding import codes, record
from folkmoot.understanding.models import Correction, Layer, Reading
from folkmoot.understanding.normal import LEAST, nearly, normal, shape
from folkmoot.understanding.reading.contract import LANGUAGES, MIXED, UNKNOWN
from folkmoot.workspaces import actions as workspaces
from folkmoot.workspaces.models import User, Workspace

TWINS = 5000  # of the same text, laid out anew at once; more are left to the reader
NEAR = 300  # that share the rarest words, looked at for being nearly the same
TEXT = 4000
LANGUAGE_CODES = (*LANGUAGES, UNKNOWN, MIXED)


class UnableTo(Exception):
    """It can't be done; the message tells a person what to do."""


@dataclass(slots=True)
class Changed:
    """How many corrections were kept, and when the messages were written of which something else stands now."""

    corrections: int = 0
    times: list[datetime] = field(default_factory=list)


def correct(
    workspace: Workspace, message_ids: Collection[int], facet: str, value: str, *, by: User | None, now: datetime
) -> Changed:
    """Keeps what a person says these messages say, in place of what was said of them before; it holds at once, for the
    same and nearly the same words too. Saying what stands already confirms it. Raises ``UnableTo``."""
    check(facet, value)
    with record.turn(workspace.pk):
        said = record.messages(sorted(message_ids))
        before = stands([message.id for message in said])
        rows = [
            Correction(
                workspace=workspace,
                message_id=message.id,
                facet=facet,
                value=value,
                was=codes.value_of(before[message.id], facet) if message.id in before else "",
                text=message.text[:TEXT],
                shape=shape(message.text),
                by=by,
                by_name=str(by or "")[:120],
                at=now,
            )
            for message in said
        ]
        _keep(rows)
        for row in rows:
            detail = {"facet": facet, "value": value, "was": row.was}
            workspaces.record(workspace, "reading.correct", by=by, about=f"message:{row.message_id}", detail=detail)
        times = _restand(workspace.pk, rows)
    return Changed(len(rows), times)


def check(facet: str, value: str) -> None:
    """Raises ``UnableTo`` for what nobody can say of a message."""
    if facet not in codes.FACETS:
        raise UnableTo(_("Nothing called %(facet)s can be corrected.") % {"facet": facet})
    if value not in (LANGUAGE_CODES if facet == "language" else codes.values_of(facet)):
        raise UnableTo(_("%(value)s is not a value of %(facet)s.") % {"value": value, "facet": facet})


def stands(message_ids: Collection[int]) -> dict[int, codes.Stands]:
    """What stands of messages that are read, by their ids."""
    rows = Reading.objects.filter(pk__in=message_ids).defer("packed")
    return {
        row.pk: codes.Stands(row.language, row.says, row.sure, row.corrected, row.urgency, row.balance) for row in rows
    }


def _keep(rows: Sequence[Correction]) -> None:
    """A second correction of the same takes the place of the first; ``was`` stays what the model said."""
    known = {
        (row.message_id, row.facet): row
        for row in Correction.objects.filter(
            message__in=[row.message_id for row in rows], facet__in={row.facet for row in rows}
        )
    }
    for row in rows:
        old = known.get((row.message_id, row.facet))
        if old is not None:
            row.pk, row.was, row.learn = old.pk, old.was, old.learn
            row.save(force_update=True)
    Correction.objects.bulk_create([row for row in rows if row.pk is None])


def undo(workspace: Workspace, corrections: Iterable[Correction], *, by: User | None) -> Changed:
    """What the model said stands again."""
    rows = list(corrections)
    with record.turn(workspace.pk):
        Correction.objects.filter(workspace=workspace, pk__in=[row.pk for row in rows]).delete()
        for row in rows:
            detail = {"facet": row.facet, "value": row.value}
            about = f"message:{row.message_id}" if row.message_id else f"correction:{row.pk}"
            workspaces.record(workspace, "reading.undo", by=by, about=about, detail=detail)
        return Changed(len(rows), _restand(workspace.pk, rows))


def set_learn(workspace: Workspace, correction: Correction, learn: bool, *, by: User | None) -> Changed:
    """Without learning, a correction holds for its own message alone, and nothing is concluded from it."""
    if correction.message_id is None and not learn:
        raise UnableTo(_("An imported correction belongs to no message here. Undo it instead."))
    with record.turn(workspace.pk):
        Correction.objects.filter(workspace=workspace, pk=correction.pk).update(learn=learn)
        act = "reading.learn" if learn else "reading.never_learn"
        workspaces.record(
            workspace, act, by=by, about=f"message:{correction.message_id}", detail={"facet": correction.facet}
        )
        return Changed(1, _restand(workspace.pk, [correction]))


def _restand(workspace_id: int, corrections: Sequence[Correction]) -> list[datetime]:
    """Lays the decisions out anew over the corrected messages, the same texts and nearly the same ones."""
    own = {row.message_id for row in corrections if row.message_id}
    forms = sorted({row.shape for row in corrections if row.shape is not None})
    same = [
        row[0]
        for row in bulk.fetch(
            "SELECT message_id FROM understanding_reading WHERE workspace_id = %s::bigint AND shape = ANY(%b::bigint[])"
            " ORDER BY message_id DESC",
            [workspace_id, forms],
        )
    ]
    near = {id_ for text in {row.text for row in corrections} for id_ in _nearly_the_same(workspace_id, text)}
    record.note(workspace_id, same[TWINS:])
    return record.restand(workspace_id, own | set(same[:TWINS]) | near)


def _nearly_the_same(workspace_id: int, text: str) -> Iterator[int]:
    plain = normal(text)
    if len(plain) < LEAST:
        return
    longest = sorted({word for word in plain.split() if word.isalpha()}, key=len, reverse=True)[:4]
    wanted = lexeme_query(" ".join(longest))
    if not wanted:
        return
    rows = bulk.fetch(
        "WITH found AS MATERIALIZED (SELECT id, text FROM conversations_message WHERE workspace_id = %s::bigint"
        " AND lexemes @@ %s::tsquery LIMIT %s::int) SELECT id, text FROM found",
        [workspace_id, wanted, NEAR],
    )
    for id_, other in rows:
        if nearly(plain, normal(other)):
            yield id_


def bring_in(workspace: Workspace, lines: Iterable[str], *, by: User | None, now: datetime) -> Changed:
    """Takes corrections over from JSON lines, as ``queries.exported`` writes them; a later one of the same text and
    facet wins. All or none: raises ``UnableTo`` with the number of the line that can't be read."""
    found: dict[tuple[int, str], Correction] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            row = _read_line(workspace, number, line, by=by, now=now)
            found[(row.shape or 0, row.facet)] = row
    rows = list(found.values())
    with record.turn(workspace.pk):
        bulk.change(
            _BRING_IN,
            [
                workspace.pk,
                by.pk if by else None,
                now,
                [row.facet for row in rows],
                [row.value for row in rows],
                [row.was for row in rows],
                [row.text for row in rows],
                [row.shape for row in rows],
                [row.by_name for row in rows],
                [row.learn for row in rows],
            ],
        )
        workspaces.record(workspace, "reading.import", by=by, detail={"corrections": len(rows)})
        return Changed(len(rows), _restand(workspace.pk, rows))


_BRING_IN = """
INSERT INTO understanding_correction
    (workspace_id, by_id, at, facet, value, was, text, shape, by_name, learn)
SELECT %s::bigint, %s::bigint, %s::timestamptz, u.* FROM unnest(
    %b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[], %b::text[], %b::bool[]) AS u
ON CONFLICT (workspace_id, shape, facet) WHERE message_id IS NULL DO UPDATE SET
    value = excluded.value, was = excluded.was, text = excluded.text, by_id = excluded.by_id,
    by_name = excluded.by_name, at = excluded.at
"""


def _read_line(workspace: Workspace, number: int, line: str, *, by: User | None, now: datetime) -> Correction:
    try:
        given: Any = json.loads(line)
        text, facet, value = (str(given[name]) for name in ("text", "facet", "value"))
        check(facet, value)
    except (ValueError, TypeError, KeyError) as error:
        raise UnableTo(
            _("Line %(number)s is no correction: it needs text, facet and value, as JSON.") % {"number": number}
        ) from error
    except UnableTo as error:
        raise UnableTo(_("Line %(number)s: %(error)s") % {"number": number, "error": error}) from error
    text = bulk.storable(text, TEXT)
    if shape(text) is None:
        raise UnableTo(_("Line %(number)s has no words.") % {"number": number})
    return Correction(
        workspace=workspace,
        facet=facet,
        value=value,
        was=str(given.get("was") or "")[:12],
        text=text,
        shape=shape(text),
        by=by,
        by_name=bulk.storable(str(given.get("by") or by or ""), 120),
        at=now,
    )


@transaction.atomic
def switch(layer: Layer, on: bool, *, by: User | None) -> None:
    """Puts what was learnt about a facet out of use, or back into it in place of another. Raises ``UnableTo``."""
    if on:
        if layer.state == Layer.State.WEAKER:
            raise UnableTo(_("It was not better than the model alone, so it is not used."))
        rivals = Layer.objects.filter(workspace=layer.workspace_id, facet=layer.facet, state=Layer.State.USED)
        rivals.exclude(pk=layer.pk).update(state=Layer.State.REPLACED)
    layer.state = Layer.State.USED if on else Layer.State.OFF
    layer.save(update_fields=["state"])
    act = "layer.on" if on else "layer.off"
    workspaces.record(layer.workspace, act, by=by, about=f"layer:{layer.pk}", detail={"facet": layer.facet})
