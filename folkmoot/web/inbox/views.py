from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as flash
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from folkmoot.conversations import access, queries
from folkmoot.conversations.models import Conversation, Message
from folkmoot.inbox import actions, tones
from folkmoot.inbox import queries as inbox_queries
from folkmoot.lib.keyset import Mark, Slice
from folkmoot.lib.lemmas import snippet
from folkmoot.understanding import queries as understanding
from folkmoot.understanding.access import CORRECTS
from folkmoot.understanding.vocabulary.queries import known
from folkmoot.web.assistant import summaries
from folkmoot.web.inbox.chips import chips
from folkmoot.web.inbox.forms import FilterForm, ViewForm
from folkmoot.web.inbox.speaking import ReplyForm, speaking
from folkmoot.web.request import Request, in_workspace
from folkmoot.web.templatetags.inbox import Sought
from folkmoot.web.understanding.labels import correctable
from folkmoot.workspaces.models import Rank


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation as the list shows it; ``pieces`` are the words found, marked."""

    conversation: Conversation
    url: str
    pieces: list[tuple[str, bool]]
    message: Message | None


@require_GET
@in_workspace()
def inbox(request: Request) -> HttpResponse:
    form = FilterForm(request.GET, role=request.role)
    filters = form.filters()
    hits, page = tones.listing(request.role, filters, form.tone(), Mark.read(request.GET.get("at", "")))
    chosen = form.chosen()
    member = form.member_chosen()
    here = reverse("inbox", args=[request.workspace.slug])
    rows = [_row(request, hit, filters) for hit in hits]
    context = {
        "title": _("Inbox"),
        "rows": rows,
        "impressions": tones.impressions(hit.conversation for hit in hits),
        "corrects": request.role.may(CORRECTS),
        "values": correctable(),
        "fields": form.visible_fields(),
        "filters": filters,
        "chosen": chosen,
        "narrowed": bool(chosen),
        "chips": chips(form, here, chosen, member=_("With %(name)s") % {"name": member.name} if member else ""),
        "clear_url": here,
        "member": member,
        "views": _views(request, chosen, here),
        "view_form": ViewForm(auto_id="view-%s"),
        "here": f"{here}?{urlencode(chosen)}",
        "live": not request.GET.get("at"),
        **_pager(here, chosen, page),
    }
    return render(request, "inbox/inbox.html#list" if request.htmx.target == "list" else "inbox/inbox.html", context)


def _row(request: Request, hit: queries.Hit, filters: queries.Filters) -> Row:
    url = reverse("conversation", args=[request.workspace.slug, hit.conversation.pk])
    if hit.message is None:
        return Row(hit.conversation, url, [], None)
    query = urlencode({"m": hit.message.pk, "q": filters.words})
    pieces = snippet(hit.message.text, filters.words, vocabulary=filters.vocabulary)
    return Row(hit.conversation, f"{url}?{query}#m{hit.message.pk}", pieces, hit.message)


def _pager(here: str, chosen: dict[str, str], page: Slice[Any]) -> dict[str, str]:
    def url(mark: Mark | None) -> str:
        return f"{here}?{urlencode({**chosen, 'at': str(mark)})}" if mark else ""

    return {"newer_url": url(page.newer), "older_url": url(page.older)}


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    url: str
    here: bool
    pk: int | None = None
    shared: bool = False


def _views(request: Request, chosen: dict[str, str], here: str) -> list[Tab]:
    own = [(_("All"), {}, None, False), (_("Unanswered"), {"waiting": "on"}, None, False)]
    saved = [(view.name, view.filters, view.pk, view.owner_id is None) for view in inbox_queries.views(request.role)]
    return [
        Tab(name, f"{here}?{urlencode(filters)}" if filters else here, filters == chosen, pk, shared)
        for name, filters, pk, shared in [*own, *saved]
    ]


@require_POST
@in_workspace()
def save_view(request: Request) -> HttpResponseBase:
    chosen = FilterForm(request.POST, role=request.role).chosen()
    form = ViewForm(request.POST)
    here = f"{reverse('inbox', args=[request.workspace.slug])}?{urlencode(chosen)}"
    if not form.is_valid():
        flash.error(request, _("Give the view a name."))
        return redirect(here)
    try:
        actions.save_view(
            request.role, name=form.cleaned_data["name"], filters=chosen, shared=form.cleaned_data["shared"]
        )
    except actions.UnableTo as error:
        flash.error(request, str(error))
    else:
        flash.success(request, _("The view is saved."))
    return redirect(here)


@require_POST
@in_workspace()
def delete_view(request: Request, pk: int) -> HttpResponseBase:
    view = get_object_or_404(inbox_queries.views(request.role), pk=pk)
    try:
        actions.delete_view(request.role, view)
    except actions.UnableTo as error:
        flash.error(request, str(error))
    else:
        flash.success(request, _("The view is deleted."))
    return redirect("inbox", request.workspace.slug)


@require_GET
@in_workspace()
def conversation(request: Request, pk: int) -> HttpResponse:
    return page(request, access.conversation(request.role, pk))


def page(request: Request, found: Conversation, *, reply: ReplyForm | None = None, status: int = 200) -> HttpResponse:
    """A conversation; with ``reply``, an answer that can't be sent as it is."""
    around = request.GET.get("m", "")
    thread = queries.thread(
        found, Mark.read(request.GET.get("at", "")), around=int(around) if around.isdecimal() else None
    )
    here = reverse("conversation", args=[request.workspace.slug, found.pk])
    last = thread.messages[-1] if thread.messages else None
    shown_from = Mark(thread.messages[0].at, thread.messages[0].pk) if last else ""
    context = {
        "title": found.title or found.opening or _("Conversation"),
        "conversation": found,
        "thread": thread,
        "words": Sought(request.GET.get("q", ""), known(request.workspace)),
        "target": int(around) if around.isdecimal() else None,
        "member": found.opener.member if found.opener else None,
        "earlier_url": f"{here}?at={thread.earlier}" if thread.earlier else "",
        "later_url": f"{here}?at={thread.later}" if thread.later else "",
        "rest_url": f"{here}rest/?after={Mark(last.at, last.pk)}&since={shown_from}"
        if last and not thread.later
        else "",
        "marks_url": f"{here}marks/?since={shown_from}" if last else "",
        "sees_members": request.role.may(Rank.ANALYST),
        "stands": understanding.stands([*thread.messages, *([thread.first] if thread.first else [])]),
        "shown": summaries.shown(request, found),
        "speaking": speaking(request, found, thread.messages, form=reply),
    }
    return render(request, "inbox/conversation.html", context, status=status)


@require_GET
@in_workspace()
def rest(request: Request, pk: int) -> HttpResponse:
    """What was said since the page was opened, and where to ask for more."""
    found = access.conversation(request.role, pk)
    after = Mark.read(request.GET.get("after", ""))
    if after is None:
        raise Http404
    since = Mark.read(request.GET.get("since", "")) or after
    messages = queries.since(found, after)
    if messages:
        after = Mark(messages[-1].at, messages[-1].pk)
    here = reverse("conversation", args=[request.workspace.slug, found.pk])
    context = {
        "messages": messages,
        "words": "",
        "target": None,
        "rest_url": f"{here}rest/?after={after}&since={since}",
        "marks_url": f"{here}marks/?since={since}",
        "conversation": found,
        "sees_members": request.role.may(Rank.ANALYST),
        "stands": understanding.stands(messages),
        "speaking": speaking(request, found, messages),
    }
    return render(request, "inbox/conversation.html#rest", context)


@require_GET
@in_workspace()
def marks(request: Request, pk: int) -> HttpResponse:
    """How the messages of an open page are read by now, to be put into their places."""
    found = access.conversation(request.role, pk)
    since = Mark.read(request.GET.get("since", ""))
    if since is None or not isinstance(since.at, datetime):
        raise Http404
    return render(request, "inbox/_marks.html", {"stands": understanding.stands_since(found, since.at)})


@require_GET
@in_workspace()
def messages(request: Request) -> HttpResponse:
    """The messages behind a number."""
    of = request.GET.get("of", "messages")
    if of not in queries.BEHIND and of not in tones.BEHIND:
        raise Http404
    form = FilterForm(request.GET, role=request.role, kind=_("Kind"))
    page = tones.messages(request.role, form.filters(), form.tone(), of, Mark.read(request.GET.get("at", "")))
    here = reverse("messages", args=[request.workspace.slug])
    chosen = {"of": of, **form.chosen()}
    titles = {
        "messages": _("Messages"),
        "posts": _("Posts"),
        "comments": _("Comments"),
        "reactions": _("Messages with reactions"),
        "answered": _("Answered"),
        "waiting": _("Unanswered"),
        "negative": _("Negative messages"),
        "positive": _("Positive messages"),
        "complaints": _("Complaints"),
    }
    surely = _("By members, not by you or by bots, and only where the reading is sure.")
    leads = {
        **dict.fromkeys(tones.BEHIND, surely),
        "reactions": _(
            "Messages of these days that got reactions. The number counts each reaction on the day it was given, "
            "where the network tells it."
        ),
        "waiting": _("Also those that have waited for less than a day, which the share leaves out."),
    }
    unfit = ("waiting", "sort", "topic")
    context = {
        "title": titles[of],
        "lead": leads.get(of),
        "of": of,
        "fields": [field for field in form.visible_fields() if field.name not in unfit],
        "chips": chips(form, here, chosen, but=unfit),
        "rows": [_row(request, queries.Hit(message.conversation, message), queries.Filters()) for message in page.rows],
        **_pager(here, chosen, page),
    }
    return render(request, "inbox/messages.html", context)
