"""The one way conversations and messages reach a door: those of the role's workspace and channels."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404

from folkmoot.channels.models import Channel
from folkmoot.conversations.models import Conversation, Message
from folkmoot.workspaces.models import Role


def channels(role: Role) -> QuerySet[Channel]:
    found = Channel.objects.filter(workspace=role.workspace_id)
    return found if role.channel_ids is None else found.filter(pk__in=role.channel_ids)


def conversations(role: Role) -> QuerySet[Conversation]:
    found = Conversation.objects.filter(workspace=role.workspace_id)
    return found if role.channel_ids is None else found.filter(channel__in=role.channel_ids)


def messages(role: Role) -> QuerySet[Message]:
    found = Message.objects.filter(workspace=role.workspace_id)
    return found if role.channel_ids is None else found.filter(channel__in=role.channel_ids)


def conversation(role: Role, pk: int) -> Conversation:
    """Raises ``Http404`` for one that is not there, or not this role's to see."""
    found = conversations(role).select_related("channel", "opener__member").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
