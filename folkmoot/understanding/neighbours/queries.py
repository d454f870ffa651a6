"""What else was said like a message, within what a role sees; and how far looking through the past is."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from folkmoot.conversations import access
from folkmoot.conversations.models import Ask, Message
from folkmoot.lib import bulk
from folkmoot.understanding.copies.signature import normal
from folkmoot.understanding.neighbours import store
from folkmoot.understanding.neighbours.models import Neighbours
from folkmoot.workspaces.models import Role, Workspace

# The cosine from which messages are shown, by the language of the one that is asked about: where noise and other wordings
# part, as far as they do. Languages that the encoder's teacher did not know crowd; nearly the same words alone stand out
ALIKE = {"en": 0.5, "ru": 0.45, "pl": 0.42, "uk": 0.75, "et": 0.75}
ALIKE_ELSE = 0.5
CROWDED = frozenset({"uk", "et"})
MOST = 10
LOOKED_AT = 80  # the nearest, of which the same words count once


@dataclass(frozen=True, slots=True)
class Near:
    """A message that says much the same; ``answer`` is the one that answered it, ``times`` how often it was said so."""

    message: Message
    likeness: float
    answer: int | None
    times: int


@dataclass(frozen=True, slots=True)
class State:
    """``done`` of ``total`` messages are looked through; ``kept`` could be compared. ``begun`` once a job was at it."""

    standing: store.Standing
    on: bool
    begun: bool = False
    done: int = 0
    total: int = 0
    kept: int = 0
    finished: bool = False

    @property
    def is_ready(self) -> bool:
        return self.standing is store.Standing.READY


def is_on(workspace: Workspace) -> bool:
    row = Neighbours.objects.filter(workspace=workspace).first()
    return row is None or row.on


def wanting() -> QuerySet[Workspace]:
    """The workspaces in which it is on."""
    return Workspace.objects.exclude(pk__in=Neighbours.objects.filter(on=False).values("workspace")).order_by("pk")


def state(workspace: Workspace) -> State:
    standing, on = store.standing(), is_on(workspace)
    if standing is not store.Standing.READY:
        return State(standing, on)
    rows = bulk.fetch(
        "SELECT done, greatest(total, done), kept, finished FROM neighbours.walk WHERE workspace_id = %s::bigint",
        [workspace.pk],
    )
    return State(standing, on, True, *rows[0]) if rows else State(standing, on)


def is_placed(message: Message) -> bool:
    """Whether it can be compared with others."""
    return bool(bulk.fetch("SELECT 1 FROM neighbours.vector WHERE message_id = %s::bigint", [message.pk]))


def language_of(message: Message) -> str:
    """As it stands in its reading; empty before it is read."""
    rows = bulk.fetch("SELECT language FROM understanding_reading WHERE message_id = %s::bigint", [message.pk])
    return str(rows[0][0]) if rows else ""


def near(role: Role, message: Message) -> list[Near]:
    """What other conversations say like it: what was answered first, then the most alike; the same words once."""
    likeness = ALIKE.get(language_of(message), ALIKE_ELSE)
    found = dict(
        store.nearest(role.workspace_id, message.pk, channel_ids=role.channel_ids, likeness=likeness, most=LOOKED_AT)
    )
    seen = (
        access.messages(role)
        .filter(pk__in=found, deleted_at=None)
        .exclude(conversation=message.conversation_id)
        .defer("lexemes", "html")
        .select_related("author__member", "channel")
    )
    answers = dict(
        Ask.objects.filter(message__in=found, answer__deleted_at=None, answer__isnull=False).values_list(
            "message_id", "answer_id"
        )
    )
    return _once(list(seen), found, answers)[:MOST]


def _once(messages: list[Message], found: dict[int, float], answers: dict[int, int]) -> list[Near]:
    """Of those that say the same word for word the answered one, else the newest."""
    alike: dict[str, list[Message]] = {}
    for message in messages:
        alike.setdefault(normal(message.text), []).append(message)
    first = [max(same, key=lambda one: (one.pk in answers, one.at)) for same in alike.values()]
    told = [
        Near(one, found[one.pk], answers.get(one.pk), len(same))
        for one, same in zip(first, alike.values(), strict=True)
    ]
    return sorted(told, key=lambda one: (one.answer is None, -one.likeness))
