"""The demo community stored: through the same intake as real data, so that running it twice adds nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import reduce
from itertools import islice
from operator import or_

from django.db.models import Q
from django.utils.translation import gettext as _

from folkmoot.analytics import actions as analytics
from folkmoot.channels import actions as channels
from folkmoot.channels.models import Channel
from folkmoot.conversations.models import Message
from folkmoot.flow import intake, reading, topics
from folkmoot.flow.demo import places
from folkmoot.flow.demo.community import MESSAGES, Community, Told
from folkmoot.flow.demo.people import Persona
from folkmoot.members import actions as members
from folkmoot.members.models import Identity, Member
from folkmoot.networks.base import BATCH_SIZE, Batch, Seen, SeenMessage, SeenMove
from folkmoot.workspaces import actions as workspaces
from folkmoot.workspaces.models import User, Workspace

SLUG = "demo"


class UnableToBuild(Exception):
    """No demo here; the message tells a person what to do."""


@dataclass(slots=True)
class Built:
    """What was added, and up to which day the community talks."""

    until: date
    channels: int = 0
    messages_new: int = 0
    messages_seen: int = 0
    conversations_new: int = 0
    members_new: int = 0
    activities_new: int = 0


def place(slug: str = SLUG, *, by: User | None) -> Workspace:
    """The workspace to build in, made for ``by`` when there is none. Raises ``workspaces.actions.UnableTo``."""
    found = Workspace.objects.filter(slug=slug).first()
    return found or workspaces.create_workspace(slug=slug, name="Lumen Makers", timezone="Europe/Tallinn", by=by)


def build(
    workspace: Workspace, *, seed: int = 7, until: date | None = None, now: datetime, messages: int = MESSAGES
) -> Built:
    """Makes the community in ``workspace``, or adds what is missing of it.

    Its half year ends where the day ``until`` begins: by default where it ends already, or else today. Raises
    ``UnableToBuild`` where there are channels of a real community, or a demo with another end or seed.
    """
    end = until or _end_so_far(workspace) or now.astimezone(workspace.zone).date()
    plan = f"{end} {seed} {messages}"
    _check(workspace, plan)
    community = Community(seed=seed, until=end, messages=messages)
    built = Built(until=end)
    rooms = [
        (channels.channel_for(workspace, told.place.network, told.place.seen()), told) for told in community.tell()
    ]
    built.channels = len(rooms)
    _introduce_staff(rooms, community, built, plan, now=now)
    for channel, told in rooms:
        for batch in _batches(channel, told, plan):
            _add(built, intake.receive(channel, batch, now=now))
    if built.messages_new:
        doubles = [persona for persona in community.people if persona.part == "member"][::2]
        _merge(workspace, doubles, now=now)
    reading.read(workspace.pk)
    intake.consider(workspace.pk)
    topics.follow(workspace.pk, now=now)
    return built


def _end_so_far(workspace: Workspace) -> date | None:
    plan = Channel.objects.filter(workspace=workspace, remote_id__startswith=places.PREFIX).values_list(
        "cursor", flat=True
    )
    found = next((cursor for cursor in plan if cursor), "")
    return date.fromisoformat(found.split()[0]) if found else None


def _check(workspace: Workspace, plan: str) -> None:
    for channel in Channel.objects.filter(workspace=workspace):
        if not channel.remote_id.startswith(places.PREFIX):
            raise UnableToBuild(_("This workspace holds a real community. Make the demo in a workspace of its own."))
        if channel.cursor and channel.cursor != plan:
            raise UnableToBuild(
                _("There is another demo in this workspace already. Make this one in a workspace of its own.")
            )


def _introduce_staff(
    rooms: Sequence[tuple[Channel, Told]], community: Community, built: Built, plan: str, *, now: datetime
) -> None:
    """The team is known as ours before anybody speaks, so that their words count as answers."""
    before = built.members_new
    for channel, told in rooms:
        own = {persona.account(told.place).remote_id for persona in community.staff()}
        moves = [seen for seen in told.seen if isinstance(seen, SeenMove) and seen.person.remote_id in own]
        _add(built, intake.receive(channel, Batch(told.place.seen(), moves, plan), now=now))
    if built.members_new == before:
        return
    for member in _merge(channel.workspace, community.staff(), now=now):
        members.set_ours(member, True, by=None)


def _merge(workspace: Workspace, people: Iterable[Persona], *, now: datetime) -> list[Member]:
    """Makes the accounts of each person one member; those members."""
    kept: list[Member] = []
    for persona in people:
        accounts = {(place.network, persona.account(place).remote_id) for place in places.every()}
        wanted = reduce(or_, (Q(network=network, remote_id=remote_id) for network, remote_id in sorted(accounts)))
        identities = Identity.objects.filter(wanted, workspace=workspace)
        found = list(Member.objects.filter(pk__in=identities.values("member")).order_by("pk"))
        for other in found[1:]:
            members.merge(found[0], other, by=None, now=now)
        if found[1:]:
            analytics.mark_members_stale(workspace.pk, [found[0].pk])
        kept += found[:1]
    return kept


def _batches(channel: Channel, told: Told, plan: str) -> Iterator[Batch]:
    """What was said, then what was changed or taken back."""
    stored = set(
        Message.objects.filter(channel=channel, remote_id__in=list(told.drafts)).values_list("remote_id", flat=True)
    )
    drafts = {remote_id: text for remote_id, text in told.drafts.items() if remote_id not in stored}
    place = told.place.seen()
    for seen in _chunks(_hasty(one, drafts) for one in told.seen):
        yield Batch(place, seen, plan)
    edited = [one for one in told.seen if isinstance(one, SeenMessage) and one.remote_id in drafts]
    for seen in _chunks([*edited, *told.deletions]):
        yield Batch(place, seen, plan)


def _hasty(seen: Seen, drafts: dict[str, str]) -> Seen:
    if isinstance(seen, SeenMessage) and seen.remote_id in drafts:
        return replace(seen, text=drafts[seen.remote_id], edited_at=None)
    return seen


def _chunks(seen: Iterable[Seen]) -> Iterator[list[Seen]]:
    iterator = iter(seen)
    while chunk := list(islice(iterator, BATCH_SIZE)):
        yield chunk


def _add(built: Built, received: intake.Received) -> None:
    for name in ("messages_new", "messages_seen", "conversations_new", "members_new", "activities_new"):
        setattr(built, name, getattr(built, name) + getattr(received, name))
