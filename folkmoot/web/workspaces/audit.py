"""Who did what in a workspace, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from folkmoot.lib.keyset import Mark
from folkmoot.web.request import Request, in_workspace
from folkmoot.web.workspaces.details import told
from folkmoot.workspaces import access
from folkmoot.workspaces.models import AuditEntry, Rank

PAGE = 50

ACTS = {
    "assistant.off": gettext_lazy("Language model switched off"),
    "assistant.on": gettext_lazy("Language model switched on"),
    "assistant.remove": gettext_lazy("Language model removed"),
    "assistant.set_up": gettext_lazy("Language model set up"),
    "assistant.try": gettext_lazy("Language model tried"),
    "channel.connect": gettext_lazy("Channel connected"),
    "channel.create": gettext_lazy("Channel added"),
    "channel.forget": gettext_lazy("Channel forgotten with all that was said in it"),
    "channel.go_on": gettext_lazy("Channel goes on"),
    "channel.move": gettext_lazy("Channel moved at the network"),
    "channel.pause": gettext_lazy("Channel paused"),
    "channel.release": gettext_lazy("Channel became history"),
    "connection.again": gettext_lazy("Account connected again"),
    "connection.go_on": gettext_lazy("Account goes on"),
    "connection.let_go": gettext_lazy("Account disconnected"),
    "connection.make": gettext_lazy("Account connected"),
    "connection.pause": gettext_lazy("Account paused"),
    "connection.warn": gettext_lazy("Administrators warned of an account"),
    "delivery.again": gettext_lazy("Sending tried once more"),
    "delivery.cancel": gettext_lazy("Sending cancelled"),
    "delivery.decide.again": gettext_lazy("Decided: it is sent again"),
    "delivery.decide.done": gettext_lazy("Decided: it had arrived"),
    "delivery.decide.leave": gettext_lazy("Decided: it is left"),
    "delivery.delete": gettext_lazy("Deletion ordered"),
    "delivery.edit": gettext_lazy("Edit ordered"),
    "delivery.invite": gettext_lazy("Invitation ordered"),
    "delivery.moderate": gettext_lazy("Moderation ordered"),
    "delivery.publish": gettext_lazy("Post ordered"),
    "delivery.reply": gettext_lazy("Reply ordered"),
    "import.cancel": gettext_lazy("Import asked to stop"),
    "import.cancelled": gettext_lazy("Import stopped"),
    "import.done": gettext_lazy("Import finished"),
    "import.failed": gettext_lazy("Import failed"),
    "import.order": gettext_lazy("Import started"),
    "import.resume": gettext_lazy("Import resumed"),
    "invitation.accept": gettext_lazy("Invitation accepted"),
    "invitation.create": gettext_lazy("Invitation sent"),
    "invitation.withdraw": gettext_lazy("Invitation withdrawn"),
    "layer.off": gettext_lazy("What was learnt switched off"),
    "layer.on": gettext_lazy("What was learnt switched on"),
    "member.bot": gettext_lazy("Member marked as a bot, or not"),
    "member.merge": gettext_lazy("Members merged"),
    "member.name": gettext_lazy("Member renamed"),
    "member.ours": gettext_lazy("Member marked as one of us, or not"),
    "member.unmerge": gettext_lazy("Merge undone"),
    "neighbours.off": gettext_lazy("Comparing messages switched off"),
    "neighbours.on": gettext_lazy("Comparing messages switched on"),
    "outbox.release": gettext_lazy("Sending goes on"),
    "outbox.stop": gettext_lazy("Sending stopped"),
    "reading.correct": gettext_lazy("Reading corrected"),
    "reading.import": gettext_lazy("Corrections imported"),
    "reading.learn": gettext_lazy("A correction may be learnt from again"),
    "reading.never_learn": gettext_lazy("A correction is never learnt from"),
    "reading.undo": gettext_lazy("Correction undone"),
    "role.grant": gettext_lazy("Role given"),
    "role.revoke": gettext_lazy("Role taken away"),
    "summary.order": gettext_lazy("Summary asked for"),
    "topic.merge": gettext_lazy("Topics merged"),
    "topic.pin": gettext_lazy("Topic pinned"),
    "topic.rename": gettext_lazy("Topic renamed"),
    "topic.split": gettext_lazy("Topic split"),
    "topic.unmerge": gettext_lazy("Merge of topics undone"),
    "topic.unpin": gettext_lazy("Topic unpinned"),
    "topic.unsplit": gettext_lazy("Split of a topic undone"),
    "user.sign_in_link": gettext_lazy("Signed in by a link"),
    "vocabulary.add": gettext_lazy("Word added to the vocabulary"),
    "vocabulary.change": gettext_lazy("Word of the vocabulary changed"),
    "vocabulary.delete": gettext_lazy("Word taken out of the vocabulary"),
    "vocabulary.import": gettext_lazy("Vocabulary imported"),
    "workspace.change": gettext_lazy("Workspace changed"),
    "workspace.create": gettext_lazy("Workspace made"),
}
# where an entry leads, by what it is about
PAGES = {
    "conversation": "conversation", "delivery": "delivery", "import": "import", "member": "member",
    "message": "reading", "topic": "topic",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """An entry in words; ``act`` as it is stored where nobody has put it into words yet."""

    entry: AuditEntry
    act: Any
    who: str
    detail: str
    url: str


@require_GET
@in_workspace(Rank.ADMIN)
def audit(request: Request) -> HttpResponse:
    page = access.audit(request.role, Mark.read(request.GET.get("at", "")), size=PAGE)
    here = reverse("audit", args=[request.workspace.slug])
    context = {
        "title": _("History"),
        "lead": _("What was done in this workspace, by whom and when. Nobody can change it."),
        "crumbs": [(_("Settings"), reverse("settings", args=[request.workspace.slug]))],
        "rows": [_row(request, entry) for entry in page.rows],
        "newer_url": f"{here}?at={page.newer}" if page.newer else "",
        "older_url": f"{here}?at={page.older}" if page.older else "",
    }
    return render(request, "workspaces/audit.html", context)


def _row(request: Request, entry: AuditEntry) -> Row:
    return Row(
        entry,
        ACTS.get(entry.act, entry.act),
        str(entry.user) if entry.user else _("Folkmoot itself"),
        told(entry.detail),
        _url(request, entry.about),
    )


def _url(request: Request, about: str) -> str:
    kind, _colon, number = about.partition(":")
    if kind not in PAGES or not number.isdecimal():
        return ""
    return reverse(PAGES[kind], args=[request.workspace.slug, int(number)])
