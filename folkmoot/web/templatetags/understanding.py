"""The small marks beside messages and conversations that say how they were read."""

from __future__ import annotations

from html import escape

from django.template import Library
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from folkmoot.understanding.codes import BIT, Stands
from folkmoot.web.templatetags import ui
from folkmoot.web.understanding import labels

register = Library()

SHOWN = ("neg", "pos", "complaint", "question", "bug", "suggestion", "praise", *labels.HARMFUL, "urgent")
TONES = {"neg": "bad", "pos": "good", "complaint": "warn", "bug": "warn", "urgent": "warn"} | dict.fromkeys(
    labels.HARMFUL, "bad"
)
WITH_KIND = BIT["insult"] | BIT["threat"] | BIT["hate"] | BIT["obscene"] | BIT["sexual"]


def marks(stands: Stands) -> SafeString:
    """Mood, intent and harm, as far as there is something to tell; with a question mark where it is not sure."""
    return mark_safe("".join(_mark(name, stands) for name in SHOWN if _is_shown(name, stands)))  # noqa: S308 - escaped


def _is_shown(name: str, stands: Stands) -> bool:
    """Harm that is not sure is not shown here: nobody is accused of what may not be."""
    if not stands.says & BIT[name] or (name in labels.HARMFUL and not stands.sure & BIT[name]):
        return False
    return name != "toxic" or not stands.says & stands.sure & WITH_KIND  # which kind it is says more


def _mark(name: str, stands: Stands) -> str:
    label = escape(str(labels.MARKS[name]))
    if stands.sure & BIT[name]:
        return f'<span class="tone {TONES.get(name, "")}">{label}</span>'
    unsure = escape(_("not sure"))
    return f'<span class="tone unsure" title="{unsure}">{label}?</span>'


def readings(found: dict[int, Stands], pk: int, slug: str) -> SafeString:
    """The marks of a message as a link to all that is known of how it was read; with a script it opens in place."""
    stands = found.get(pk)
    shown = marks(stands) if stands else ""
    href = ui.address("reading", slug, pk)
    label = escape(_("How this was read"))
    return mark_safe(  # noqa: S308 - all parts were escaped
        f'<a class="marks" href="{href}" hx-get="{href}" hx-target="#reading-{pk}" hx-swap="innerHTML" title="{label}">'
        f'<span id="marks-{pk}">{shown}</span>{ui.icon("eye-search", "sm", _("How this was read"))}</a>'
    )


def impression(found: dict[int, Stands], pk: int) -> SafeString:
    """The marks of a conversation in a list."""
    stands = found.get(pk)
    return mark_safe(f'<span class="marks">{marks(stands)}</span>' if stands else "")  # noqa: S308 - escaped


for write in (marks, readings, impression):
    register.tag(write.__name__, ui.writing(write))
