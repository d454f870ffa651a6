"""What a member's page shows, put together from members, conversations and counts, within what the role may see."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse

from folkmoot.analytics.presence import presence
from folkmoot.channels.models import Channel
from folkmoot.conversations import access, participation
from folkmoot.conversations.models import Message
from folkmoot.conversations.participation import Partner
from folkmoot.lib.keyset import Mark
from folkmoot.members import queries
from folkmoot.members.models import Activity, Identity, Member, Merge
from folkmoot.understanding.topics import queries as topics
from folkmoot.understanding.topics.queries import Interest
from folkmoot.workspaces.models import Role

MONTHS = 24
TALL = 48


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of the timeline; ``message`` is what was written or reacted to, None when it is no longer there."""

    activity: Activity
    channel: str
    message: Message | None
    url: str


@dataclass(frozen=True, slots=True)
class Month:
    """A bar of the chart: where it stands and how high, of ``TALL``."""

    first: date
    messages: int
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Account:
    identity: Identity
    network: str


@dataclass(frozen=True, slots=True)
class Profile:
    """``conversations`` is a lower bound if ``at_least``; ``channels`` come with the member's messages in them."""

    accounts: list[Account]
    acts: list[Act]
    newer: Mark | None
    older: Mark | None
    conversations: int
    at_least: bool
    channels: list[tuple[Channel, int]]
    months: list[Month]
    partners: list[Partner]
    merges: list[Merge]
    interests: list[Interest]


def profile(role: Role, member: Member, mark: Mark | None, networks: dict[str, str], *, now: datetime) -> Profile:
    identities = queries.identities(member)
    ids = [identity.pk for identity in identities]
    channels = {channel.pk: channel for channel in access.channels(role)}
    page = queries.timeline(ids, role.channel_ids, mark)
    written = presence(role.workspace_id, member.pk, channels)
    return Profile(
        accounts=[Account(one, networks.get(one.network, one.network)) for one in identities],
        acts=_acts(role, page.rows, channels),
        newer=page.newer,
        older=page.older,
        conversations=participation.conversations(ids, role.channel_ids),
        at_least=any(identity.message_count > participation.COUNT_BACK for identity in identities),
        channels=[(channels[pk], number) for pk, number in written.channels.items()],
        months=_months(written.months),
        partners=participation.partners(member.pk, ids, role.channel_ids),
        merges=queries.merges(member),
        interests=topics.interests(role, member.pk, now=now),
    )


def _acts(role: Role, activities: Collection[Activity], channels: dict[int, Channel]) -> list[Act]:
    messages = _messages(role, activities)
    acts = []
    for activity in activities:
        about_message = activity.kind in {Activity.Kind.MESSAGE, Activity.Kind.REACTION}
        message = messages.get(activity.about_id) if about_message else None
        channel = channels.get(activity.channel_id)
        acts.append(Act(activity, channel.name if channel else "", message, _url(role, message)))
    return acts


def _messages(role: Role, activities: Iterable[Activity]) -> dict[int, Message]:
    ids = {act.about_id for act in activities if act.kind in {Activity.Kind.MESSAGE, Activity.Kind.REACTION}}
    rows = access.messages(role).filter(pk__in=ids).select_related("author__member", "conversation")
    return {row.pk: row for row in rows.defer("lexemes", "html", "reactions")}


def _url(role: Role, message: Message | None) -> str:
    if message is None:
        return ""
    place = reverse("conversation", args=[role.workspace.slug, message.conversation_id])
    return f"{place}?m={message.pk}#m{message.pk}"


def _months(written: dict[date, int]) -> list[Month]:
    """``MONTHS`` up to the member's latest one, those without a word too; none for who never wrote."""
    if not written:
        return []
    last = max(written)
    firsts = [_first(_number(last) - back) for back in range(MONTHS - 1, -1, -1)]
    most = max(written.get(first, 0) for first in firsts)
    months = []
    for place, first in enumerate(firsts):
        number = written.get(first, 0)
        height = max(round(TALL * number / most), 1) if number else 0
        months.append(Month(first, number, x=place * 10, y=TALL - height, height=height))
    return months


def _number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)
