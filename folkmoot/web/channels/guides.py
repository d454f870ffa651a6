"""What a connector's folder tells people: its logo, how to connect, and what can be done with an account there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from markdown_it import MarkdownIt

from folkmoot import networks
from folkmoot.lib.html import clean
from folkmoot.networks.base import Connector
from folkmoot.networks.live import (
    Connects,
    Deletes,
    Edits,
    Hears,
    Invites,
    Moderates,
    Polls,
    Publishes,
    Recalls,
    Replies,
    Streams,
    abilities,
)  # fmt: skip

_SECTION = re.compile(r"^## Connect\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True, slots=True)
class Able:
    """Something that can be done at a network, or that can't be."""

    label: Any
    icon: str
    there: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A network as people choose it."""

    slug: str
    name: str
    logo: SafeString
    able: list[Able]


def cards(words: str = "") -> list[Card]:
    """The networks whose accounts can be connected, by name; those that ``words`` name, if given."""
    wanted = words.casefold().strip()
    found = [
        Card(slug, one.facts.name, logo(one), told(one))
        for slug, one in networks.connectors().items()
        if isinstance(one, Connects) and (wanted in one.facts.name.casefold() or wanted in slug)
    ]
    return sorted(found, key=lambda card: card.name.casefold())


def told(connector: Connects) -> list[Able]:
    """What can be done with an account there, the same list for every network."""
    able = abilities(connector)
    at_once = bool(able & {Streams, Hears})
    return [
        Able(
            _("Reads at once") if at_once else _("Reads every few minutes"),
            icon="eye",
            there=bool(at_once or Polls in able),
        ),
        Able(_("Reads the past"), icon="history", there=Recalls in able),
        Able(_("Replies"), icon="message-reply", there=Replies in able),
        Able(_("Publishes"), icon="send", there=Publishes in able),
        Able(_("Edits and deletes"), icon="pencil", there=bool(able & {Edits, Deletes})),
        Able(_("Moderates"), icon="shield-check", there=Moderates in able),
        Able(_("Invites"), icon="user-plus", there=Invites in able),
    ]


def logo(connector: Connector | None) -> SafeString:
    """The connector's own drawing, in the colour of the text around it; empty where there is none."""
    return _logo(_package(connector)) if connector else mark_safe("")


def guide(connector: Connector) -> SafeString:
    """The part of its page that says how an account is connected, as HTML that is safe to show."""
    return _guide(_package(connector))


def _package(connector: Connector) -> str:
    return type(connector).__module__.rpartition(".")[0]


@cache
def _logo(package: str) -> SafeString:
    """Trusted as the connector's code is, for it comes with it; as long as it is a drawing."""
    text = _file(package, "logo.svg").strip()
    if not text.startswith("<svg"):
        return mark_safe("")
    return mark_safe(text.replace("<svg", '<svg class="logo" aria-hidden="true"', 1))  # noqa: S308 - see above


@cache
def _guide(package: str) -> SafeString:
    found = _SECTION.search(_file(package, "connect.md"))
    return mark_safe(clean(_MARKDOWN.render(found[1])) if found else "")  # noqa: S308 - cleaned


def _file(package: str, name: str) -> str:
    path = files(package) / name if package else None
    return path.read_text(encoding="utf-8") if path and path.is_file() else ""
