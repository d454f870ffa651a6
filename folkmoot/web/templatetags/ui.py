"""What templates draw with: icons, components with slots, avatars, the address of the same page with other filters."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField
from django.template.base import FilterExpression, Node, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

HUES = 12


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """One of Tabler's icons by its name there; decorative unless ``label`` says what it means."""
    shape = " icon-filled" if name.startswith("filled-") else ""
    meaning = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon{}{}" {}><use href="{}#{}"/></svg>',
        shape,
        f" icon-{size}" if size else "",
        meaning,
        static("built/icons.svg"),
        name,
    )


@register.filter
def initials(name: object) -> str:
    """Up to two letters that stand for a person: 'Mira Kask' → 'MK', '@bo_' → 'BO', '' → '?'."""
    words = [cleaned for word in str(name).split() if (cleaned := "".join(filter(str.isalnum, word)))]
    if not words:
        return "?"
    letters = words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]
    return letters.upper()


@register.filter
def hue(name: object) -> int:
    """The number of a person's colour, the same on every page and in every process."""
    return zlib.crc32(str(name).encode()) % HUES


@register.filter
def iso(moment: datetime) -> str:
    """For ``<time datetime>``, in the zone that is active for this person."""
    return timezone.localtime(moment).isoformat(timespec="seconds")


@register.filter
def is_check(field: BoundField) -> bool:
    return field.widget_type in {"checkbox", "nullboolean"}


@register.filter
def is_group(field: BoundField) -> bool:
    return field.widget_type in {"radioselect", "checkboxselectmultiple"}


class FillNode(Node):
    """A named part of the component around it."""

    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name = name
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        return self.nodelist.render(context)


class ComponentNode(Node):
    def __init__(self, name: str, values: Mapping[str, FilterExpression], nodelist: NodeList) -> None:
        self.template_name = f"components/_{name}.html"
        self.values = values
        self.fills = [node for node in nodelist if isinstance(node, FillNode)]
        self.body = NodeList(node for node in nodelist if not isinstance(node, FillNode))

    def render(self, context: Context) -> SafeString:
        filled: dict[str, Any] = {name: value.resolve(context) for name, value in self.values.items()}
        filled |= {fill.name: fill.render(context) for fill in self.fills}
        filled["body"] = mark_safe(self.body.render(context).strip())  # noqa: S308 - rendered by the engine just now
        component = context.template.engine.get_template(self.template_name)  # type: ignore[union-attr]
        # Only what was handed over: the page's own `title` must not become that of a card without one.
        return component.render(context.new({"csrf_token": context.get("csrf_token"), **filled}))


@register.tag("component")
def do_component(parser: Parser, token: Token) -> ComponentNode:
    """``{% component "card" title=… %}body{% fill "actions" %}…{% endfill %}{% endcomponent %}``"""
    tag, *bits = token.split_contents()
    if not bits:
        raise template.TemplateSyntaxError(f"{tag} takes the component's name in quotes")
    name = bits.pop(0).strip("\"'")
    values = token_kwargs(bits, parser)
    if bits:
        raise template.TemplateSyntaxError(f"{tag} {name}: {bits[0]!r} is not name=value")
    nodelist = parser.parse(("endcomponent",))
    parser.delete_first_token()
    return ComponentNode(name, values, nodelist)


@register.tag("fill")
def do_fill(parser: Parser, token: Token) -> FillNode:
    _tag, name = token.split_contents()
    nodelist = parser.parse(("endfill",))
    parser.delete_first_token()
    return FillNode(name.strip("\"'"), nodelist)
