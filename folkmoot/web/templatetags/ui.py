"""What templates draw with: icons, components with slots, avatars, times."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from html import escape
from inspect import signature
from typing import Any

from django import template
from django.forms import BoundField
from django.template.base import FilterExpression, Node, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

register = template.Library()

HUES = 12


class WritingNode(Node):
    def __init__(
        self, write: Callable[..., SafeString], values: list[FilterExpression], named: dict[str, FilterExpression]
    ) -> None:
        self.write = write
        self.values = values
        self.named = named

    def render(self, context: Context) -> SafeString:
        values = [value.resolve(context) for value in self.values]
        return self.write(*values, **{name: value.resolve(context) for name, value in self.named.items()})


def writing(write: Callable[..., SafeString]) -> Callable[[Parser, Token], WritingNode]:
    """A function as a tag, as ``simple_tag`` does at three times the price: a page has hundreds of them."""
    name, call = write.__name__, signature(write)

    def parse(parser: Parser, token: Token) -> WritingNode:
        values: list[FilterExpression] = []
        named: dict[str, FilterExpression] = {}
        for bit in token.split_contents()[1:]:
            pair = token_kwargs([bit], parser)
            named |= pair
            values += [] if pair else [parser.compile_filter(bit)]
        try:
            call.bind(*values, **named)
        except TypeError as error:
            raise template.TemplateSyntaxError(f"{name}: {error}") from error
        return WritingNode(write, values, named)

    return parse


def writes(write: Callable[..., SafeString]) -> Callable[..., SafeString]:
    """Makes a function a tag of this library."""
    register.tag(write.__name__, writing(write))
    return write


@writes
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """One of Tabler's icons by its name there; decorative unless ``label`` says what it means."""
    return _icon(str(name), str(size), str(label))


@lru_cache(maxsize=1024, typed=True)
def _icon(name: str, size: str, label: str) -> SafeString:
    """``typed`` keeps text apart from what was declared safe."""
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


@writes
def address(page: str, *of: object) -> SafeString:
    """What ``url`` gives, remembered: lists link to the same people again and again."""
    return _address(str(page), *map(str, of))


@lru_cache(maxsize=4096)
def _address(page: str, *of: str) -> SafeString:
    return mark_safe(escape(reverse(page, args=of)))  # noqa: S308 - escaped


@writes
def avatar(name: object, size: str = "") -> SafeString:
    """A person's or a workspace's letters in their colour; the name itself stands beside it."""
    named = str(name)
    sized = f" avatar-{escape(size)}" if size else ""
    letters = escape(initials(named))
    return mark_safe(  # noqa: S308 - all parts were escaped
        f'<span class="avatar{sized} hue-{hue(named)}" aria-hidden="true">{letters}</span>'
    )


@writes
def moment(at: datetime | None, form: str = "SHORT_DATETIME_FORMAT", relative: bool = False) -> SafeString:
    """A time in the zone that is active for this person, written by one of Django's named formats; "–" for none.

    ``relative`` lets the browser say how long ago it was.
    """
    if not at:
        return mark_safe('<span class="quiet">–</span>')
    local = timezone.localtime(at)
    when = local.replace(second=0, microsecond=0, tzinfo=None)
    if "TIME" not in form:
        when = when.replace(hour=0, minute=0)
    written = _written(translation.get_language(), form, when)
    mark = " data-relative" if relative else ""
    iso_written = local.isoformat(timespec="seconds")
    return mark_safe(f'<time datetime="{iso_written}"{mark}>{written}</time>')  # noqa: S308 - written by us


@lru_cache(maxsize=4096)
def _written(language: str | None, form: str, when: date) -> str:
    """``language`` is the active one. ``when`` is local and as exact as the format is, so that it is met again."""
    return escape(formats.date_format(when, form))


@register.filter
def day(when: date, form: str) -> SafeString:
    """What Django's ``date`` gives for a day and one of the named formats, remembered."""
    return mark_safe(_written(translation.get_language(), form, when))  # noqa: S308 - escaped there


@register.filter
def short(text: object, most: int) -> str:
    """``truncatechars`` that does not look at each letter of a text that is short enough."""
    whole = str(text)
    return whole if len(whole) <= most else Truncator(whole).chars(most)


def initials(name: object) -> str:
    """Up to two letters that stand for a person: 'Mira Kask' → 'MK', '@bo_' → 'BO', '' → '?'."""
    words = [cleaned for word in str(name).split() if (cleaned := "".join(filter(str.isalnum, word)))]
    if not words:
        return "?"
    letters = words[0][0] + words[-1][0] if len(words) > 1 else words[0][:2]
    return letters.upper()


def hue(name: object) -> int:
    """The number of a person's colour, the same on every page and in every process."""
    return zlib.crc32(str(name).encode()) % HUES


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
