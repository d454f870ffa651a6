"""An answer is written, and followed to its end."""

from __future__ import annotations

from django.contrib import messages as flash
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from folkmoot.channels.access import SPEAKS
from folkmoot.channels.actions import UnableTo
from folkmoot.channels.outbox import actions
from folkmoot.conversations import access, queries
from folkmoot.conversations.models import Conversation
from folkmoot.networks.acts import Reply
from folkmoot.web.inbox import views
from folkmoot.web.inbox.speaking import ReplyForm, Speaking, speaking, underway
from folkmoot.web.request import Request, in_workspace


@require_POST
@in_workspace(SPEAKS)
def reply(request: Request, pk: int) -> HttpResponseBase:
    found = access.conversation(request.role, pk)
    first = speaking(request, found, queries.thread(found).messages)
    if first.form is None:
        raise PermissionDenied
    form = ReplyForm(request.POST, most=first.form.most)
    box = speaking(request, found, queries.thread(found).messages, form=form)
    if form.is_valid():
        try:
            _order(request, found, box, form)
        except UnableTo as error:
            form.add_error(None, str(error))
        else:
            flash.success(request, box.waits or _("Your answer is on its way."))
            return redirect(f"{reverse('conversation', args=[request.workspace.slug, pk])}#underway")
    return views.page(request, found, reply=form, status=422)


def _order(request: Request, conversation: Conversation, box: Speaking, form: ReplyForm) -> None:
    answered = box.answered
    act = Reply(
        conversation.channel.place,
        conversation.remote_id or "",
        answered.remote_id if answered else "",
        form.cleaned_data["text"],
        person=answered.author.remote_id if answered else "",
    )
    about = f"message:{answered.pk}" if answered else ""
    actions.order(conversation.channel, act, by=request.user, about=about, key=form.cleaned_data["key"])


@require_GET
@in_workspace(SPEAKS)
def deliveries(request: Request, pk: int) -> HttpResponse:
    """What is on its way into the conversation (read by the page itself)."""
    found = access.conversation(request.role, pk)
    context = {"conversation": found, "pending": underway(request.role, found)}
    return render(request, "inbox/_underway.html", context)
