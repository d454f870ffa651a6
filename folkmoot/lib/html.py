"""Foreign HTML: made safe to show, or turned into plain text that keeps its lines.

Nothing remote is loaded by what ``clean`` returns: pictures become links, so that no third party learns who reads.
"""

from __future__ import annotations

import re
from html import escape, unescape

import nh3

_INLINE = {"a", "abbr", "b", "br", "cite", "code", "del", "em", "i", "img", "ins", "kbd", "mark", "q", "s", "samp"}
_INLINE |= {"small", "strike", "strong", "sub", "sup", "tt", "u", "var"}
_BLOCKS = {"blockquote", "dd", "details", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre"}
_BLOCKS |= {"summary", "ul", "caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
_UNSHOWN = {"script", "style", "template", "title", "svg", "iframe", "object", "noscript", "textarea", "select"}

_CLEANER = nh3.Cleaner(
    tags=_INLINE | _BLOCKS,
    clean_content_tags=_UNSHOWN,
    attributes={
        "a": {"href"},
        "img": {"src", "alt"},
        "code": {"class"},
        "pre": {"class"},
        "ol": {"start"},
        "td": {"colspan", "rowspan"},
        "th": {"colspan", "rowspan"},
    },
    link_rel="nofollow noopener noreferrer",
    url_schemes={"http", "https", "mailto", "matrix", "xmpp", "irc", "ircs", "tel"},
    # Seen from our own pages, a relative address would lead to us.
    url_relative="deny",
)
# What the cleaner writes: every tag is whole and every attribute double-quoted.
_CLEAN_TAG = re.compile(r'<(/?)([a-z0-9]+)((?:[^<>"]|"[^"]*")*)>')
_CLEAN_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_LANGUAGE = re.compile(r"(?:lang|language)-[\w+#.-]{1,40}")
# Nobody writes so deep; the sanitiser's time would grow with the square of it, and browsers break on it.
_MAX_DEPTH = 200
_NESTING = re.compile(r"<(/?)(?!(?:p|li|br|img|hr|input|td|th|tr|dd|dt|option|wbr|col|area|embed|source)\b)[a-z]", re.I)

_QUOTED = r"""=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?"""
# Every alternative swallows what it began, were it the whole rest: nothing is looked at twice, however broken.
_TOKEN = re.compile(
    rf"""<!--.*?(?:-->|\Z)
    |<(?P<unshown>{"|".join(sorted(_UNSHOWN))})\b.*?(?:</(?P=unshown)\s*+>|\Z)
    |<[!?][^>]*+(?:>|\Z)
    |<(?P<end>/?)(?P<tag>[a-z][a-z0-9]*+)(?P<attributes>(?:[^>=]++|{_QUOTED})*+)(?:>|\Z)
    |(?P<text>[^<]++|<)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_ALT = re.compile(r"""\balt\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"']++))""", re.I)
_EMOJI = re.compile(r"\bemoji-([0-9a-f]{2,6}(?:-[0-9a-f]{2,6})*)\b")
_SPAN = re.compile(r"<(/?)span\b[^<>]*+>", re.I)
# Highlighted code has one for every word; all at once they go ten times as fast.
_PLAIN_SPAN = re.compile(r"</?span\b(?![^<>]*\bemoji-)[^<>]*+>", re.I)
_FORMULA = re.compile(r"<annotation\b[^<>]*+>([^<]*+)</annotation", re.I)
_KATEX = '<span class="katex">'
# A single space stays as it is: replacing each by itself would take most of the time.
_SPACES = re.compile(r"[\t\r\n\f\xa0][ \t\r\n\f\xa0]*| [ \t\r\n\f\xa0]+")
_PARAGRAPHS = frozenset(
    ["p", "blockquote", "pre", "ul", "ol", "dl", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "details", "figure"]
)
_LINES = frozenset(["div", "li", "tr", "dt", "dd", "summary", "section", "article", "aside", "header", "footer"])
_LINES |= {"figcaption", "form", "address", "main"}


def clean(html: str) -> str:
    """HTML that may be shown as it is: prose, code, quotes, lists, tables and links, and nothing that acts or loads."""
    html = html.replace("\x00", "")
    if html.count("<") > _MAX_DEPTH and _depth(html) > _MAX_DEPTH:
        return f"<pre>{escape(to_text(html))}</pre>"
    cleaned = _CLEANER.clean(_without_formulas(html))
    return _CLEAN_TAG.sub(_Rewriter(), cleaned) if "<img" in cleaned or ' class="' in cleaned else cleaned


def to_text(html: str) -> str:
    """Plain text that keeps paragraphs, lines, lists ("- "), quotes ("> ") and preformatted text."""
    if "<" not in html:
        return _SPACES.sub(" ", unescape(html) if "&" in html else html).replace("\x00", "").strip()
    text = _Text()
    for token in _TOKEN.finditer(_PLAIN_SPAN.sub("", _without_formulas(html))):
        if (words := token["text"]) is not None:
            text.add(words)
        elif (tag := token["tag"]) is not None:
            text.tag(tag.lower(), bool(token["end"]), token["attributes"])
    return text.result()


def _without_formulas(html: str) -> str:
    """KaTeX writes each formula three times, as MathML, as TeX and as boxes; the TeX alone is kept."""
    if _KATEX not in html:
        return html
    pieces, position = [], 0
    while (start := html.find(_KATEX, position)) >= 0:
        pieces.append(html[position:start])
        depth, end = 0, len(html)
        for span in _SPAN.finditer(html, start):
            depth += -1 if span[1] else 1
            if not depth:
                end = span.end()
                break
        formula = _FORMULA.search(html, start, end)
        pieces.append(f"<code>{formula[1]}</code>" if formula else "")
        position = end
    return "".join([*pieces, html[position:]])


def _depth(html: str) -> int:
    """How deep elements are nested at most, roughly, not counting those whose end may be left out."""
    depth = deepest = 0
    for tag in _NESTING.finditer(html):
        depth = max(depth - 1, 0) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest


class _Rewriter:
    """Turns pictures into links and keeps of the classes only the languages of code."""

    def __init__(self) -> None:
        self._in_link = False

    def __call__(self, tag: re.Match[str]) -> str:
        end, name, attributes = tag[1], tag[2], tag[3]
        if name == "a":
            self._in_link = not end
        elif name == "img":
            return self._picture(dict(_CLEAN_ATTRIBUTE.findall(attributes)))
        elif name in ("code", "pre") and not end:
            language = _LANGUAGE.search(attributes)
            return f'<{name} class="{language[0]}">' if language else f"<{name}>"
        return tag[0]

    def _picture(self, attributes: dict[str, str]) -> str:
        source, alt = attributes.get("src", ""), attributes.get("alt", "")
        label = alt.replace("<", "&lt;").replace(">", "&gt;")
        if self._in_link or not source:
            return label
        return f'<a href="{source}" rel="nofollow noopener noreferrer">{label or "🖼"}</a>'


class _Text:
    """Text under construction: blank lines and quote marks are owed until words follow."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._line: list[str] = []
        self._quote = 0
        self._lists = 0
        self._pre = 0
        self._owed_blank = False
        self._bullet = ""
        self._emoji = ""

    def add(self, words: str) -> None:
        if "&" in words:
            words = unescape(words)
        if self._emoji:
            words, self._emoji = self._emoji, ""
        if self._pre:
            first, *others = words.split("\n")
            self._line.append(first)
            for other in others:
                self._flush(keep=True)
                self._line.append(other)
            return
        words = _SPACES.sub(" ", words)
        if words != " " or self._line:
            self._line.append(words)

    def tag(self, name: str, end: bool, attributes: str) -> None:
        if name == "span":
            self._emoji = _emoji(attributes)
        elif name in _PARAGRAPHS:
            self._paragraph(name, end)
        elif name in _LINES:
            self._flush()
            if name == "li" and not end:
                self._bullet = "  " * min(max(self._lists - 1, 0), 20) + "- "
        elif name == "br":
            self._flush(keep=True)
        elif name == "img":
            alt = _ALT.search(attributes)
            if alt:
                self.add(alt[1] or alt[2] or alt[3] or "")
        elif name in ("td", "th") and not end and self._line:
            self._line = ["".join(self._line).rstrip(), " | "]

    def result(self) -> str:
        self._flush()
        return "\n".join(self._done).replace("\x00", "").strip("\n")

    def _paragraph(self, name: str, end: bool) -> None:
        self._flush()
        step = -1 if end else 1
        # A paragraph that opens or closes a list's point or a quote is no paragraph of its own.
        self._owed_blank = not self._bullet and (self._owed_blank or not (self._lists and name in ("p", "ul", "ol")))
        if name == "blockquote":
            self._quote = max(0, self._quote + step)
        elif name == "pre":
            self._pre = max(0, self._pre + step)
        elif name in ("ul", "ol"):
            self._lists = max(0, self._lists + step)

    def _flush(self, *, keep: bool = False) -> None:
        """Ends the line; an empty one counts only where the author made it (``keep``)."""
        line = "".join(self._line)
        line = line.rstrip() if self._pre else line.strip()
        self._line = []
        if not line and not (keep and (self._pre or (self._done and self._done[-1]))):
            return
        mark = "> " * min(self._quote, 20)
        if self._owed_blank and self._done:
            # A blank line belongs to a quote only if both its neighbours do.
            shared = min(len(mark), len(self._mark_of(self._done[-1])))
            self._done.append(mark[:shared].rstrip())
        self._owed_blank = False
        self._done.append(f"{mark}{self._bullet}{line}" if line else mark.rstrip())
        self._bullet = ""

    @staticmethod
    def _mark_of(line: str) -> str:
        return line[: len(line) - len(line.lstrip("> "))] if line.startswith(">") else ""


def _emoji(attributes: str) -> str:
    """The character that a Zulip-style class such as "emoji-1f642" stands for, "" if none."""
    code = _EMOJI.search(attributes)
    if not code:
        return ""
    points = [int(point, 16) for point in code[1].split("-")]
    shown = all(0x20 <= point < 0xD800 or 0xE000 <= point <= 0x10FFFF for point in points)
    return "".join(map(chr, points)) if shown else ""
