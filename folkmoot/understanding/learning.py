"""What is learnt from a workspace's corrections, at night: a layer for each facet, if it is better than none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from django.db import transaction

from folkmoot.lib import bulk
from folkmoot.understanding import layer, reader
from folkmoot.understanding.layer import Example, Taught
from folkmoot.understanding.models import Correction, Layer
from folkmoot.understanding.reading.contract import Reading, Reads

QUIET = 600  # messages that nobody corrected, to be left as they are
NEWEST = 5000  # they are chosen among these
REMEMBERED = 5  # layers kept of a facet


def learn(workspace_id: int, *, now: datetime) -> list[Layer]:
    """Learns what there is to learn; the layers made, used or not. What is already learnt is not learnt again."""
    under = reader.base()
    made = []
    facets = [facet for facet in layer.FACETS if _is_due(workspace_id, facet, under.version)]
    quiet = _read(under, _quiet_texts(workspace_id)) if facets else []
    for facet in facets:
        told = _told(workspace_id, facet, under)
        taught = layer.teach([*told, *_examples(quiet, facet)], layer.labels_of(facet))
        if taught is not None:
            made.append(_keep(workspace_id, facet, under.version, taught, len(told), now=now))
    return made


def corrected_workspaces() -> list[int]:
    """Those in which there is something to learn from."""
    rows = Correction.objects.filter(learn=True).order_by("workspace").values_list("workspace", flat=True)
    return list(rows.distinct())


def _corrections(workspace_id: int, facet: str) -> list[Correction]:
    rows = Correction.objects.filter(workspace=workspace_id, facet=facet, learn=True, shape__isnull=False)
    return list({row.shape: row for row in rows.order_by("at", "pk")}.values())


def _is_due(workspace_id: int, facet: str, base: str) -> bool:
    """Enough was corrected, something of it since the last time, and nobody switched it off."""
    latest = Correction.objects.filter(workspace=workspace_id, facet=facet, learn=True).order_by("-at").first()
    if latest is None:
        return False
    last = Layer.objects.filter(workspace=workspace_id, facet=facet).order_by("-pk").first()
    if last is None:
        return True
    if last.state == Layer.State.OFF:
        return False
    return last.base != base or last.made_at < latest.at or last.corrections != len(_corrections(workspace_id, facet))


def _told(workspace_id: int, facet: str, under: Reads) -> list[Example]:
    rows = _corrections(workspace_id, facet)
    labels = layer.labels_of(facet)
    readings = under.read([row.text for row in rows])
    return [
        Example(row.text, layer.base_of(reading, facet), labels.index(row.value), told=True)
        for row, reading in zip(rows, readings, strict=True)
        if row.value in labels
    ]


def _quiet_texts(workspace_id: int) -> list[str]:
    rows = bulk.fetch(
        "SELECT text FROM (SELECT m.id, m.text FROM conversations_message m WHERE m.workspace_id = %s::bigint"
        " AND m.deleted_at IS NULL AND m.text <> '' ORDER BY m.at DESC, m.id DESC LIMIT %s::int) newest"
        " WHERE NOT EXISTS (SELECT 1 FROM understanding_correction c WHERE c.message_id = newest.id)"
        " ORDER BY hashint8extended(id, 1) LIMIT %s::int",
        [workspace_id, NEWEST, QUIET],
    )
    return [row[0] for row in rows]


def _read(under: Reads, texts: list[str]) -> list[tuple[str, Reading]]:
    return list(zip(texts, under.read(texts), strict=True)) if texts else []


def _examples(quiet: Sequence[tuple[str, Reading]], facet: str) -> list[Example]:
    """What the base is sure of: to be left as it is."""
    called = layer.CALLED.get(facet, facet)
    found = []
    for text, reading in quiet:
        if called not in reading.unsure:
            base = layer.base_of(reading, facet)
            found.append(Example(text, base, int(np.argmax(base)), told=False))
    return found


@transaction.atomic
def _keep(workspace_id: int, facet: str, base: str, taught: Taught, corrections: int, *, now: datetime) -> Layer:
    earlier = Layer.objects.filter(workspace=workspace_id, facet=facet)
    earlier.filter(state=Layer.State.USED).update(state=Layer.State.REPLACED)
    made = Layer.objects.create(
        workspace_id=workspace_id,
        facet=facet,
        base=base,
        state=Layer.State.USED if taught.better else Layer.State.WEAKER,
        corrections=corrections,
        before=taught.before,
        after=taught.after,
        weights=taught.weights.dump(),
        made_at=now,
    )
    old = earlier.order_by("-pk").values_list("pk", flat=True)[REMEMBERED:]
    Layer.objects.filter(pk__in=list(old)).delete()
    return made
