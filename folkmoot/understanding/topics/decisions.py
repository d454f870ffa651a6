"""What people decide about topics: names, pins, merges and splits. All of it is recorded and can be undone."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from folkmoot.lib import bulk
from folkmoot.understanding.topics import documents, fitting
from folkmoot.understanding.topics.finding import recount, turn
from folkmoot.understanding.topics.models import Placement, Topic, TopicRun
from folkmoot.understanding.topics.naming import usual
from folkmoot.understanding.topics.vectors import Vocabulary
from folkmoot.workspaces.actions import record
from folkmoot.workspaces.models import User

MOST = 5_000  # conversations of a topic that a split looks at


class UnableTo(Exception):
    """It can't be done; the message tells a person what to do."""


def rename(topic: Topic, name: str, *, by: User | None) -> None:
    """Gives a topic a person's name; with no name it goes by its own words again."""
    with turn(topic.workspace_id):
        was, topic.name = topic.name, name.strip()[:80]
        topic.save(update_fields=["name"])
        _record(topic, "topic.rename", by, was=was, now=topic.name)


def pin(topic: Topic, pinned: bool, *, by: User | None) -> None:
    """A pinned topic stands first and is left as it is when topics are found anew."""
    with turn(topic.workspace_id):
        topic.pinned = pinned
        topic.save(update_fields=["pinned"])
        _record(topic, "topic.pin" if pinned else "topic.unpin", by)


def merge(topic: Topic, into: Topic, *, by: User | None) -> None:
    """What is and will be placed in ``topic`` counts as ``into``. Raises ``UnableTo``."""
    with turn(topic.workspace_id):
        if into.pk == topic.pk or into.workspace_id != topic.workspace_id:
            raise UnableTo(_("Choose another topic to merge with."))
        if topic.merged_into_id is not None or into.merged_into_id is not None:
            raise UnableTo(_("One of the two is merged already. Undo that first."))
        if into.parent_id == topic.pk:
            raise UnableTo(_("A topic can't be merged into a part of itself. Merge the part into it instead."))
        topic.merged_into = into
        topic.save(update_fields=["merged_into"])
        _record(topic, "topic.merge", by, into=into.pk)


def unmerge(topic: Topic, *, by: User | None) -> None:
    """Undoes a merge."""
    with turn(topic.workspace_id):
        was, topic.merged_into = topic.merged_into_id, None
        topic.save(update_fields=["merged_into"])
        _record(topic, "topic.unmerge", by, out_of=was)


def split(topic: Topic, *, by: User | None, now: datetime) -> list[Topic]:
    """Cuts a topic into the parts it falls into. Raises ``UnableTo`` when it is all of a piece."""
    with turn(topic.workspace_id):
        if topic.parent_id is not None:
            raise UnableTo(_("This is a part of a larger topic already."))
        if topic.parts.filter(by_hand=True).exists():
            raise UnableTo(_("It is split already."))
        run = TopicRun.objects.filter(workspace=topic.workspace_id).first()
        placed = Placement.objects.filter(topic=topic).order_by("-conversation__last_at")[:MOST]
        read = documents.read(list(placed.values_list("conversation", flat=True)))
        found = fitting.parts(read.texts, Vocabulary(run.idf), read.forms) if run else []
        if len(found) < 2:
            raise UnableTo(_("It is all of a piece: no parts stand out in it."))
        made = []
        for part in found:
            row = Topic.objects.create(
                workspace_id=topic.workspace_id,
                parent=topic,
                found_name=part.name[:200],
                words=[usual(word, read.forms.get(word, {}))[:80] for word in list(part.centre)[:12]],
                centre=part.centre,
                typical_id=read.all[part.typical].conversation_id,
                by_hand=True,
                made_at=now,
            )
            members = [read.all[number].conversation_id for number in part.members]
            Placement.objects.filter(conversation__in=members).update(topic=row)
            made.append(row)
        recount(topic.workspace_id)
        _record(topic, "topic.split", by, parts=[row.pk for row in made])
    return made


def unsplit(topic: Topic, *, by: User | None, now: datetime) -> None:
    """Undoes a split: the parts that came of it end, and what is in them is the topic's again."""
    with turn(topic.workspace_id):
        parts = list(topic.parts.filter(by_hand=True, ended_at=None))
        ids = [part.pk for part in parts]
        bulk.change(
            "UPDATE understanding_placement SET topic_id = %s::bigint WHERE topic_id = ANY(%b::bigint[])",
            [topic.pk, ids],
        )
        Topic.objects.filter(pk__in=ids).update(ended_at=now, by_hand=False, pinned=False, name="", merged_into=None)
        recount(topic.workspace_id)
        _record(topic, "topic.unsplit", by, parts=ids)


def _record(topic: Topic, act: str, by: User | None, **detail: object) -> None:
    record(topic.workspace, act, by=by, about=f"topic:{topic.pk}", detail=dict(detail))
