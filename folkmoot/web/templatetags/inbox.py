"""How a message is shown: the network's own markup where there is any, else its text with links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from django import template
from django.utils.html import conditional_escape, format_html_join, linebreaks, urlize
from django.utils.safestring import SafeString, mark_safe

from folkmoot.conversations.models import Message
from folkmoot.lib.lemmas import PLAIN, Vocabulary, highlight

register = template.Library()

# No word without one of these becomes a link in Django's ``Urlizer``.
ADDRESS = re.compile(r"https?://|www\.|@|\.(?:com|edu|gov|int|mil|net|org)", re.IGNORECASE)
SPACES = re.compile(r"(\s+)")


@dataclass(frozen=True, slots=True)
class Sought:
    """Words that were searched for, in a workspace with this vocabulary."""

    words: str = ""
    vocabulary: Vocabulary = PLAIN


@register.filter
def said(message: Message, sought: Sought | str) -> SafeString:
    """The message's body; with words that were searched for, its text with them marked."""
    if isinstance(sought, Sought) and sought.words:
        found = highlight(message.text, sought.words, sought.vocabulary)
        pieces = format_html_join("", "{}", ((_marked(text, hit),) for text, hit in found))
        return mark_safe(linebreaks(pieces))  # noqa: S308 - every piece was escaped just now
    if message.html:
        return mark_safe(_scrolled(message.html))  # noqa: S308 - cleaned when it was stored
    return mark_safe(linebreaks(linked(message.text)))  # noqa: S308 - escaped there


def linked(text: str) -> str:
    """``urlize``, but it takes only those words apart that may be addresses; all others are just escaped."""
    if not ADDRESS.search(text):
        return escape(text)
    return "".join(
        urlize(word, nofollow=True, autoescape=True) if ADDRESS.search(word) else escape(word)
        for word in SPACES.split(text)
    )


def _scrolled(html: str) -> str:
    """What may be too wide and then scrolls by itself can be reached with the keyboard."""
    return html.replace("<pre>", '<pre tabindex="0">').replace("<table>", '<table tabindex="0">')


def _marked(text: str, found: bool) -> SafeString:
    escaped = conditional_escape(text)
    return mark_safe(f"<mark>{escaped}</mark>" if found else escaped)  # noqa: S308 - escaped above


@register.filter
def is_web(url: str) -> bool:
    """Whether an address may become a link: nothing but http and https."""
    return url.startswith(("https://", "http://"))
