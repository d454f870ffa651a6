"""The author's own words of a message: without quotes of others, signatures and code."""

from __future__ import annotations

import re
from dataclasses import dataclass

LOOKED_AT = 100_000  # characters of a message: whatever follows is a pasted file
_SIGNATURE_LINES = 12
_LONGEST_LINE = 400

# None of these in a text: nothing to leave out.
_STRUCTURE = re.compile(
    r"""^[ ]{0,3}>|`|~~~|\[/?quote|</?(?:blockquote|pre|code)\b|^--[ ]?$|^-{3,}[ ]?\w
    |^(?:sent[ ]from|get[ ]outlook|отправлено[ ]|надіслано[ ]|wysłane[ ]z|wysłano[ ]z|saadetud[ ])
    |^(?:    |\t)\S|[;{}]\r?$|^on\b.*\bwrote:""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_TAG = re.compile(r"\[(/?)(quote)\b[^\]\n]{0,200}\]|<(/?)(blockquote|pre|code)\b[^>\n]{0,200}>", re.IGNORECASE)
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})\s*([\w+#.-]*)")
_INLINE_CODE = re.compile(r"(?<![`\w])(`{1,2})(?!`)[^`\n]{1,200}\1(?![`\w])")
# A face such as >:( or >_< is no quote.
_QUOTED = re.compile(r"[ ]{0,3}>(?![:;=]['-]?[()\[\]|/\\DPOo3]|[_.]{1,3}<|[.,]<|\d)")
_SAYS = r"wrote|writes|said|писал|писала|написал|написала|пишет|писав|писала|написав|написала|пише|pisze|napisał|napisała|kirjutas"
_ATTRIBUTION = re.compile(
    rf".{{1,200}}\b(?:{_SAYS})(?:\(\w\))?\s*(?:\]\([^)\s]*\))?\s*(?:<[^>\s]*>)?\s*(?:\([^)]*\))?:\s*", re.IGNORECASE
)
_MAIL_ATTRIBUTION = re.compile(r"on\b.{0,160}\d.{0,160}\bwrote:\s*", re.IGNORECASE)
_FORWARDED = re.compile(
    r"\s*-{3,}\s*(?:original message|forwarded message|исходное сообщение|пересылаемое сообщение|"
    r"вихідне повідомлення|oryginalna wiadomość|wiadomość oryginalna|algne kiri|algne sõnum)\b",
    re.IGNORECASE,
)
_SENT_FROM = re.compile(
    r"\s*(?:sent from (?:my|mail|outlook)|get outlook for|отправлено (?:с|из) |надіслано (?:з|із) |"
    r"wysł(?:ane|ano) z |saadetud minu )",
    re.IGNORECASE,
)
_CODE_LINE = re.compile(
    r"""\s*(?:\$[ ]\w|>>>[ ]|\#include\b|import[ ][\w.]+\s*(?:;|as\b|$)|from[ ][\w.]+[ ]import\b|def[ ]\w+\(|class[ ]\w+.*:$
    |(?:public|private|static|const|let|var|return|if|for|while)\b.*[;{]$|Traceback[ ]\(most|File[ ]"[^"]+",[ ]line|at[ ][\w.$]+\(
    |[}\])]+[;,]?$|[\w.\[\]"']+[ ]?[+-]?=[ ]?[^=].*;$|[\w.]+\(.*\);?[ ]?\{?$|</?(?!(?:p|br|b|i|em|strong|a|span|img)\b)[a-zA-Z][\w-]*(?:\s[^<>]*)?/?>)""",
    re.VERBOSE,
)
_FEWEST_CODE_LINES = 2  # one alone may be prose


@dataclass(slots=True)
class Own:
    """What is left of a message, and what was left out of it."""

    text: str
    had_quote: bool = False
    had_code: bool = False


def own_words(text: str) -> Own:
    """The author's own words of a text, at most its first ``LOOKED_AT`` characters; in time linear in its length."""
    own = Own(text[:LOOKED_AT])
    if not _STRUCTURE.search(own.text):
        return own
    own.text = own.text.replace("\r\n", "\n")
    if "[" in own.text or "<" in own.text:
        _leave_out_tags(own)
    if "\n" in own.text:  # a line alone that begins with ">" is all that its author says
        _leave_out_fences(own)
        _leave_out_lines(own)
    if "`" in own.text:
        own.text, found = _INLINE_CODE.subn(" ", own.text)
        own.had_code = own.had_code or found > 0
    own.text = own.text.strip()
    return own


def _leave_out_tags(own: Own) -> None:
    """BBCode quotes and HTML blocks. One that is never closed hides nothing: no site shows it as a quote."""
    text, opened, outside = own.text, [], 0
    ranges: list[tuple[int, int, bool]] = []
    for tag in _TAG.finditer(text):
        closing = bool(tag[1] or tag[3])
        name = (tag[2] or tag[4]).lower()
        if not closing:
            opened.append((name, tag.start()))
        elif opened and name in {each for each, _ in opened[-3:]}:
            while opened[-1][0] != name:
                opened.pop()
            _, start = opened.pop()
            while ranges and ranges[-1][0] >= start:
                ranges.pop()
            ranges.append((start, tag.end(), name in ("pre", "code")))
    kept: list[str] = []
    for start, end, is_code in ranges:
        kept.append(text[outside:start])
        outside = end
        own.had_code, own.had_quote = own.had_code or is_code, own.had_quote or not is_code
    own.text = "\n".join([*kept, text[outside:]]) if ranges else text


def _leave_out_fences(own: Own) -> None:
    """Fenced code and Zulip's fenced quotes; one that is never closed goes on to the end, as it is shown."""
    if "```" not in own.text and "~~~" not in own.text:
        return
    kept: list[str] = []
    fence = ""
    for line in own.text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            if mark and not mark[2] and mark[1].startswith(fence) and line.strip() == mark[1]:
                fence = ""
            continue
        if mark is None or "`" in line[mark.end() :]:
            kept.append(line)
        elif mark[2].lower() == "quote":
            fence, own.had_quote = mark[1], True
            if kept and len(kept[-1]) <= _LONGEST_LINE and _ATTRIBUTION.fullmatch(kept[-1]):
                kept.pop()
        elif mark[2].lower() != "spoiler":
            fence, own.had_code = mark[1], True
    own.text = "\n".join(kept)


def _leave_out_lines(own: Own) -> None:
    """Lines quoted with ``>``, who wrote them, what stands under a forwarded mail, signatures and lines of code."""
    lines = _before_signature(own.text.split("\n"))
    code = _code_lines(lines)
    kept: list[str] = []
    for number, line in enumerate(lines):
        if _QUOTED.match(line):
            own.had_quote = True
        elif number in code:
            own.had_code = True
        elif len(line) > _LONGEST_LINE:
            kept.append(line)
        elif _FORWARDED.match(line) or _MAIL_ATTRIBUTION.fullmatch(line.strip()):
            own.had_quote = True
            if not _quote_follows(lines, number):
                break
        elif _ATTRIBUTION.fullmatch(line) and _quote_follows(lines, number):
            own.had_quote = True
        else:
            kept.append(line)
    own.text = "\n".join(kept)


def _quote_follows(lines: list[str], number: int) -> bool:
    following = [line for line in lines[number + 1 : number + 4] if line.strip()]
    return bool(following) and _QUOTED.match(following[0]) is not None


def _before_signature(lines: list[str]) -> list[str]:
    """The lines above a mail's signature: ``-- `` and few lines, or what telephones add."""
    last = len(lines)
    while last and (not lines[last - 1].strip() or _SENT_FROM.match(lines[last - 1])):
        last -= 1
    for number in range(max(1, last - _SIGNATURE_LINES), last):
        if lines[number].rstrip("\r") in ("-- ", "--"):
            return lines[:number]
    return lines[:last]


def _code_lines(lines: list[str]) -> frozenset[int]:
    """Numbers of lines that are code: at least two in a row, as pasted without any mark."""
    found: set[int] = set()
    row: list[int] = []
    for number, line in enumerate(lines):
        if _CODE_LINE.match(line[:_LONGEST_LINE]):
            row.append(number)
        elif line.strip():
            row = []
        if len(row) >= _FEWEST_CODE_LINES:
            found.update(row)
    return frozenset(found)
