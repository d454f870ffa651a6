from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages as flash
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from folkmoot.conversations.models import Conversation
from folkmoot.lib.keyset import Mark, Slice
from folkmoot.understanding.topics import access, decisions, queries
from folkmoot.understanding.topics.decisions import UnableTo
from folkmoot.understanding.topics.models import Topic, TopicRun
from folkmoot.web.request import Request, in_workspace
from folkmoot.web.topics.forms import MergeForm, NameForm


@require_GET
@in_workspace(access.READS)
def topics(request: Request) -> HttpResponse:
    tree = queries.tree(request.role)
    typical = queries.seen(request.role, [node.topic.typical_id for node in tree if node.topic.typical_id])
    for node in tree:
        node.typical = typical.get(node.topic.typical_id or 0)
    run = TopicRun.objects.filter(workspace=request.workspace).only("at", "conversations").first()
    context = {
        "title": _("Topics"),
        "lead": _("What conversations are about, found by the words in them."),
        "tree": tree,
        "run": run,
    }
    return render(request, "topics/topics.html", context)


@require_GET
@in_workspace(access.READS)
def topic(request: Request, pk: int) -> HttpResponseBase:
    found = access.topic(request.role, pk)
    nodes = {node.topic.pk: node for root in queries.tree(request.role) for node in root.walk()}
    page = queries.conversations(request.role, found.pk, Mark.read(request.GET.get("at", "")))
    here = reverse("topic", args=[request.workspace.slug, found.pk])
    context = {
        "title": str(found),
        "crumbs": _crumbs(request, found),
        "topic": found,
        "node": nodes.get(found.pk),
        "rows": page.rows,
        "may_change": request.role.may(access.CHANGES),
        "split": found.parts.filter(by_hand=True, ended_at=None).exists(),
        "typical": queries.seen(request.role, [found.typical_id] if found.typical_id else []).get(
            found.typical_id or 0
        ),
        **_forms(request, found),
        **_pager(here, page),
    }
    return render(request, "topics/topic.html", context)


def _forms(request: Request, found: Topic) -> dict[str, Any]:
    if not request.role.may(access.CHANGES):
        return {}
    return {
        "name_form": NameForm(initial={"name": found.name}, auto_id="name-%s"),
        "merge_form": MergeForm(role=request.role, topic=found),
    }


def _crumbs(request: Request, found: Topic) -> list[tuple[str, str]]:
    crumbs = [(_("Topics"), reverse("topics", args=[request.workspace.slug]))]
    above = found.merged_into or found.parent
    if above:
        crumbs.append((str(above), reverse("topic", args=[request.workspace.slug, above.pk])))
    return crumbs


def _pager(here: str, page: Slice[Conversation]) -> dict[str, str]:
    return {
        "newer_url": f"{here}?at={page.newer}" if page.newer else "",
        "older_url": f"{here}?at={page.older}" if page.older else "",
    }


def _decide(request: Request, pk: int, act: Callable[[Topic], str]) -> HttpResponseBase:
    """Does what a person decided about a topic and says so, or says why it can't be done."""
    found = access.topic(request.role, pk)
    try:
        flash.success(request, act(found))
    except UnableTo as error:
        flash.error(request, str(error))
    return redirect("topic", request.workspace.slug, found.pk)


@require_POST
@in_workspace(access.CHANGES)
def rename(request: Request, pk: int) -> HttpResponseBase:
    form = NameForm(request.POST)
    if not form.is_valid():
        flash.error(request, _("A name has at most 80 letters."))
        return redirect("topic", request.workspace.slug, pk)

    def act(found: Topic) -> str:
        decisions.rename(found, form.cleaned_data["name"], by=request.user)
        return _("The topic is called “%(name)s” now.") % {"name": found}

    return _decide(request, pk, act)


@require_POST
@in_workspace(access.CHANGES)
def pin(request: Request, pk: int) -> HttpResponseBase:
    def act(found: Topic) -> str:
        decisions.pin(found, not found.pinned, by=request.user)
        return _("The topic is pinned.") if found.pinned else _("The topic is no longer pinned.")

    return _decide(request, pk, act)


@require_POST
@in_workspace(access.CHANGES)
def merge(request: Request, pk: int) -> HttpResponseBase:
    def act(found: Topic) -> str:
        form = MergeForm(request.POST, role=request.role, topic=found)
        if not form.is_valid():
            raise UnableTo(_("Choose another topic to merge with."))
        into = access.topic(request.role, form.cleaned_data["into"])
        decisions.merge(found, into, by=request.user)
        return _("“%(topic)s” counts as “%(into)s” now.") % {"topic": found, "into": into}

    return _decide(request, pk, act)


@require_POST
@in_workspace(access.CHANGES)
def unmerge(request: Request, pk: int) -> HttpResponseBase:
    def act(found: Topic) -> str:
        decisions.unmerge(found, by=request.user)
        return _("The topic stands by itself again.")

    return _decide(request, pk, act)


@require_POST
@in_workspace(access.CHANGES)
def split(request: Request, pk: int) -> HttpResponseBase:
    def act(found: Topic) -> str:
        made = decisions.split(found, by=request.user, now=timezone.now())
        return _("The topic has %(n)s parts now.") % {"n": len(made)}

    return _decide(request, pk, act)


@require_POST
@in_workspace(access.CHANGES)
def unsplit(request: Request, pk: int) -> HttpResponseBase:
    def act(found: Topic) -> str:
        decisions.unsplit(found, by=request.user, now=timezone.now())
        return _("The topic is one again.")

    return _decide(request, pk, act)
