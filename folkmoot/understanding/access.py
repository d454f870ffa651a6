"""The one way readings and corrections reach a door: with the messages that a role sees."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404

from folkmoot.conversations import access
from folkmoot.conversations.models import Message
from folkmoot.understanding.models import Correction, Layer
from folkmoot.workspaces.models import Rank, Role

CORRECTS = Rank.MODERATOR
"""Who says what is right; taking in and giving out all of it, and what is learnt from it, needs MANAGES."""

MANAGES = Rank.MANAGER


def message(role: Role, pk: int) -> Message:
    """Raises ``Http404`` for one that is not there, or not this role's to see."""
    found = access.messages(role).defer("lexemes", "html").select_related("author__member").filter(pk=pk).first()
    if found is None or found.deleted_at is not None:
        raise Http404
    return found


def corrections(role: Role) -> QuerySet[Correction]:
    """Those of messages that the role sees; imported ones belong to no channel, and all see them who see them all."""
    found = Correction.objects.filter(workspace=role.workspace_id)
    return found if role.channel_ids is None else found.filter(message__channel__in=role.channel_ids)


def correction(role: Role, pk: int) -> Correction:
    """Raises ``Http404`` for one that is not there, or of a message that is not this role's to see."""
    found = corrections(role).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def layer(role: Role, pk: int) -> Layer:
    """Raises ``Http404`` for one of another workspace."""
    found = Layer.objects.filter(workspace=role.workspace_id, pk=pk).first()
    if found is None:
        raise Http404
    return found
