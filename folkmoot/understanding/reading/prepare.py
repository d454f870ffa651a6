"""Texts as people type them, made ready for a model: the author's own words in plain letters, and what else they show."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from folkmoot.understanding.reading import prepare_latin, prepare_letters
from folkmoot.understanding.reading.prepare_own import own_words

LONGEST = 8_000  # characters of the author's own words that are read
URL, USER, MAIL = "<url>", "<user>", "<mail>"

_UNSEEN = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]"
)
_INSIDE_WORD = re.compile(r"(?<=[^\W\d_])[\u200b\u200c\u2060-\u2064\ufeff]+(?=[^\W\d_])")
_STACKED = re.compile(r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]+")
_ORNATE = re.compile("[\uff21-\uff5a\u24b6-\u24e9\U0001d400-\U0001d7ff]")
_REFERENCE = re.compile(
    r"""(?P<url><?\b(?:https?://|www\.)[^\s<>|)\]*"]+(?:\|[^<>\n]{0,200})?>?|\b(?:t\.me|vk\.com|bit\.ly|youtu\.be|discord\.gg)/[^\s<>|)\]*"]+)
    |(?P<mail>[\w.+-]{1,64}@\w[\w-]{0,63}\.[a-z][\w.-]{1,60})
    |(?P<user>@_?\*\*[^*\n]{1,80}\*\*|<[@\#][!&]?[A-Za-z0-9]{1,30}(?:\|[^<>\n]{0,80})?>|\[(?:id|club)\d+\|[^\]\n]{1,80}\]
    |(?<![\w@])@[\w](?:[\w.:-]{0,62}\w)?(?:@[\w.-]{1,80}\w)?|(?<![\w/])/?u/[\w-]{2,30})
    |<a?(?P<custom>:\w{1,40}:)\d{1,25}>""",
    re.VERBOSE | re.IGNORECASE,
)
_MAYBE_REFERENCE = re.compile(r"[@/|]|<[@#a:]|www\.", re.IGNORECASE)
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[\u203c\u2049\u231a-\u23ff\u25aa-\u27bf\u2934-\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff]|:[a-z][a-z0-9_+-]{1,30}:"
)
_MAYBE_EMOJI = re.compile("[\u203c-\u3299\U0001f000-\U0001faff]|:[a-z][a-z0-9_+-]{1,30}:")
_MANY = re.compile(r"([^\w\s])\1{3,}")
_MASKED = re.compile(r"(?<![\w*])[^\W\d_]{1,8}\*{1,6}[^\W\d_]{1,12}(?![\w*])|(?<![\w*])[^\W\d_]{1,4}\*{3,6}(?![\w*])")
_BOLD = re.compile(r"(?<![\w@])\*\*(?=[^\s*])([^*]{1,500})\*\*")
_ALIKE = (("`", "'"), ("’", "'"), ("ʼ", "'"), ("‘", "'"), ("´", "'"), ("ё", "е"))
_CYRILLIC, _LATIN = re.compile("[\u0400-\u052f]+"), re.compile("[a-zß-öø-ɏ]+")
_NEITHER = re.compile("[\u0370-\u03ff\u0530-\u1cff\u3040-\ud7ff]")
_CAPITAL = re.compile("[A-ZÀ-ÖØ-Þ\u0386-\u03abЀ-ЯĄĆĘŁŃŚŹŻŠŽҐ]")
_OTHER_SCRIPTS = tuple(
    (code, re.compile(f"[{span}]+"))
    for code, span in (
        ("Grek", "\u0370-\u03ff"),
        ("Hebr", "\u0590-\u05ff"), ("Arab", "\u0600-\u06ff\u0750-\u077f"), ("Deva", "\u0900-\u097f"), ("Thai", "\u0e00-\u0e7f"),
        ("Geor", "\u10a0-\u10ff"), ("Armn", "\u0530-\u058f"), ("Hang", "\uac00-\ud7af"), ("Jpan", "\u3040-\u30ff"),
        ("Hans", "\u4e00-\u9fff"),
    )
)  # fmt: skip
_PLACEHOLDER = re.compile("<(?:url|user|mail)>")
_MIXED_SHARE = 0.2  # of the letters in the lesser script


@dataclass(frozen=True, slots=True)
class Marks:
    """What a text shows apart from its words: how often, and for ``caps`` the share of capitals among its letters."""

    emoji: tuple[str, ...] = ()
    exclamations: int = 0
    questions: int = 0
    caps: float = 0.0
    elongated: int = 0
    mentions: int = 0
    urls: int = 0
    obfuscated: int = 0
    had_quote: bool = False
    had_code: bool = False
    transliterated: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """One text, ready for a model.

    ``own`` are the author's words as typed; ``words`` the same in small letters with what deceives or decorates
    written plainly and addresses as ``<url>``, ``<user>``, ``<mail>``; ``cyrillic`` a second view of them where they
    are transliterated Russian or Ukrainian, else "". ``script`` is the ISO 15924 code of most letters, "" without any.
    """

    words: str
    own: str
    script: str
    mixed_scripts: bool
    marks: Marks
    cyrillic: str = ""


def prepare(text: str) -> Prepared:
    """Prepares one text; never raises, in time linear in its length."""
    own = own_words(text)
    cut = len(own.text) > LONGEST or len(text) > len(own.text) + LONGEST
    typed = own.text[:LONGEST]
    words, obfuscated = _visible(_BOLD.sub(r"\1", typed) if "**" in typed else typed)
    words, mentions, urls = _without_addresses(words)
    capitals = len(_CAPITAL.findall(words))
    words, changed = _plain_letters(_in_small(words))
    words, elongated = prepare_letters.shortened(words)
    words, shown = _apart(words)
    script, mixed, letters = _scripts(words)
    back = prepare_latin.cyrillic(words) if script == "Latn" and not mixed else ""
    marks = Marks(
        emoji=shown,
        exclamations=typed.count("!"),
        questions=typed.count("?"),
        caps=min(1.0, capitals / letters) if letters else 0.0,
        elongated=elongated,
        mentions=mentions,
        urls=urls,
        obfuscated=obfuscated + changed,
        had_quote=own.had_quote,
        had_code=own.had_code,
        transliterated=bool(back),
        cut=cut,
    )
    return Prepared(words, typed, script, mixed, marks, back)


def in_cyrillic(prepared: Prepared) -> Prepared:
    """The same with a Cyrillic view, where something else than its words told that it is transliterated."""
    marks = replace(prepared.marks, transliterated=True)
    return replace(prepared, marks=marks, cyrillic=prepared.cyrillic or prepare_latin.back(prepared.words))


def _visible(text: str) -> tuple[str, int]:
    """The text in plain letters without what can't be seen, and how often that stood inside words."""
    if text.isascii():
        return text, 0
    hidden = len(_ORNATE.findall(text)) > 1
    text = prepare_letters.composed(text)
    inside = 0
    if _UNSEEN.search(text):
        text, inside = _INSIDE_WORD.subn("", text)
        text = _UNSEEN.sub("", text)
    text, stacked = _STACKED.subn("", text)
    return text, hidden + inside + (stacked if stacked > 2 else 0)


def _without_addresses(text: str) -> tuple[str, int, int]:
    if not _MAYBE_REFERENCE.search(text):
        return text, 0, 0
    users = urls = 0

    def write(match: re.Match[str]) -> str:
        nonlocal users, urls
        if match["custom"]:
            return f" {match['custom']} "
        if match["user"]:
            users += 1
            return f" {USER} "
        urls += match["mail"] is None
        return f" {MAIL} " if match["mail"] else f" {URL} "

    return _REFERENCE.sub(write, text), users, urls


def _in_small(text: str) -> str:
    """The text in small letters, with but one apostrophe and without ё; a table of these takes ten times as long."""
    text = text.lower()
    for sign, plain in _ALIKE[:1] if text.isascii() else _ALIKE:
        text = text.replace(sign, plain)
    return text


def _plain_letters(text: str) -> tuple[str, int]:
    text, spaced = prepare_letters.closed_up(text)
    text, mixed = (text, 0) if text.isascii() else prepare_letters.unmixed(text)
    text, figures = prepare_letters.unleeted(text)
    masked = len(_MASKED.findall(text)) if "*" in text else 0
    return text, spaced + mixed + figures + masked


def _apart(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with single spaces, emoji as words of their own and at most three of a sign in a row; and the emoji."""
    shown: tuple[str, ...] = ()
    if _MAYBE_EMOJI.search(text):
        shown = tuple(_EMOJI.findall(text))
        text = _EMOJI.sub(r" \g<0> ", text)
    return " ".join(_MANY.sub(r"\1\1\1", text).split()), shown


def _scripts(words: str) -> tuple[str, bool, int]:
    """The script of most letters, whether a second one has a fair share, and how many letters there are."""
    bare = _PLACEHOLDER.sub("", words) if "<" in words else words
    latin = sum(map(len, _LATIN.findall(bare)))
    if bare.isascii():
        return ("Latn" if latin else ""), False, latin
    counts = {"Latn": latin, "Cyrl": sum(map(len, _CYRILLIC.findall(bare)))}
    if _NEITHER.search(bare):
        counts |= {code: sum(map(len, pattern.findall(bare))) for code, pattern in _OTHER_SCRIPTS}
    letters = sum(counts.values())
    most = max(counts, key=lambda code: counts[code])
    return (most, letters - counts[most] > _MIXED_SHARE * letters, letters) if letters else ("", False, 0)
