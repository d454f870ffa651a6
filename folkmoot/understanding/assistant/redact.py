"""Personal data out of a text before it leaves, and back into the answer.

What is hidden stands as ``<PERSON_1>``, ``<PHONE_2>``: the same thing as the same mark, so that a model can still follow
who says what. Too much is hidden rather than too little: it comes back in the answer anyway.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from ipaddress import ip_address

from folkmoot.lib.lemmas.languages import COMMON

_KINDS = ("TEXT", "LOGIN", "QUERY", "MAIL", "HANDLE", "IP", "ACCOUNT", "CARD", "PHONE", "PERSON")
MARK = re.compile(rf"<(?:{'|'.join(_KINDS)})_\d+[A-Z]*>")
_MARK_BACK = re.compile(rf"<?\b({'|'.join(_KINDS)})_(\d+)([A-Z]*)\b>?", re.IGNORECASE)

_LOGIN = re.compile(r"(?<=://)[^\s/@<>]+@")
_QUERY = re.compile(r"(?<=\S)[?#][^\s<>\"']+")
_ADDRESS = re.compile(r"\b(?:https?://|www\.)[^\s<>\"']+(?:<LOGIN_\d+>[^\s<>\"']*)?", re.IGNORECASE)
# Every repetition has a limit or can't begin within itself: people send megabytes of anything
_MAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
    r"|(?<![\w.+-])[\w.+-]{1,64} ?[\[(] ?(?:at|собака|собачка|małpa|ät) ?[\])] ?[\w-]{1,63}(?: ?[\[(]\w{1,8}[\])] ?|\.)\w{1,63}",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"<[@#][!&]?\d+>|(?<![\w/])@\w[\w.\-=/]{0,200}(?::[\w.-]{1,200})?")
_IP = re.compile(r"(?<![\w.:])(?:(?:\d{1,3}\.){3}\d{1,3}|(?=[0-9a-fA-F]{0,4}:)[0-9a-fA-F:]{2,45})(?![\w:]|\.\d)")
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z\d]{4}){2,7}(?:[ -]?[A-Z\d]{1,3})?\b", re.IGNORECASE)
_CARD = re.compile(r"(?<!\d)\d(?:[ .\u00a0-]?\d){12,18}(?!\d)")
_PHONE = re.compile(r"(?<![\w.])(?:\+|\(\+?)?\d(?:[ \t\u00a0().\-–/]{0,3}\d){6,14}(?!\w)")
_DATE = re.compile(
    r"(?:19|20)\d\d[-./]\d{1,2}[-./]\d{1,2}(?:[ \t]+\d{1,2})?|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d(?:[ \t]+\d{1,2})?"
    r"|(?:19|20)\d\d ?[-–/] ?(?:19|20)\d\d"
)

_LEAST = 3  # letters of a name; shorter ones are words more often
_LEAST_STEM = 4
# What names end in when they are declined; the stem is the name less its last vowel
_CYRILLIC = (
    "а у ом ем ём е ы и ой ей ою ею єю ю я ь й о і ї ів ов ев ам ям ами ями ах ях ові еві єві ого его ому ему им ым ими ыми "
    "их ых ая ую ої ій єм ін ин ина иной ину ою"
)
_LATIN = (
    "a ą ę y i ie e u o em iem owi om ami ach ów ego iego emu iemu im ym ej iej ą ową owa s 's l le lt ga st sse t d ta na "
    "ni ks ile iga ilt ist isse iks it id il ale alt aga asse ast"
)
_ENDINGS = {
    True: "|".join(sorted(set(_CYRILLIC.split()), key=len, reverse=True)),
    False: "|".join(sorted(map(re.escape, set(_LATIN.split())), key=len, reverse=True)),
}
_VOWELS = "аеёиоуыэюяйьіїєaeiouyąęõäöü"
# Names that are also words: hidden only where they are written as a name
_ALSO_WORDS = (
    "will may mark art hope grace joy rose bill rich max guy chip star moon angel sunny king boss team support admin bot "
    "moderator news guest user owner member founder вера надежда любовь слава роман лев мир админ гость бот команда "
    "поддержка модератор новости król gość zespół pomoc kaja meri ülo tiim"
)
_WORDS = COMMON.union(_ALSO_WORDS.split())


class Redactor:
    """Hides in any number of texts, and knows what it hid."""

    def __init__(self, people: Iterable[Iterable[str]] = ()) -> None:
        """``people``: for each person the names and handles they go by."""
        self._hidden: dict[str, str] = {}
        self._marks: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._people = [[name for name in names if name.strip()] for names in people]
        self._names = [_pattern(names) for names in self._people]

    def person(self, number: int) -> str:
        """The mark of one of ``people``, from 0."""
        names = self._people[number]
        mark = f"<PERSON_{number + 1}>"
        self._hidden.setdefault(mark, names[0] if names else mark)
        return mark

    def hide(self, text: str) -> str:
        text = MARK.sub(lambda found: self._mark("TEXT", found[0]), text)
        text = _ADDRESS.sub(self._in_address, text)
        text = self._replace(text, _MAIL, lambda found: self._mark("MAIL", found[0]))
        text = self._replace(text, _HANDLE, lambda found: self._mark("HANDLE", found[0]))
        text = self._replace(text, _IP, self._ip)
        text = self._replace(text, _ACCOUNT, self._account)
        text = self._replace(text, _CARD, lambda found: self._mark("CARD", found[0]))
        text = self._replace(text, _PHONE, self._phone)
        for number, names in enumerate(self._names):
            if names is not None:
                text = self._replace(text, names, partial(self._name, number))
        return text

    def restore(self, text: str) -> str:
        """Marks of things that were hidden become these things again, also if the model wrote them a little wrong."""
        return _MARK_BACK.sub(
            lambda found: self._hidden.get(f"<{found[1].upper()}_{found[2]}{found[3].upper()}>", found[0]), text
        )

    @staticmethod
    def _replace(text: str, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str]) -> str:
        """In what is not hidden yet."""
        pieces = []
        at = 0
        for mark in MARK.finditer(text):
            pieces += [pattern.sub(by, text[at : mark.start()]), mark[0]]
            at = mark.end()
        return "".join([*pieces, pattern.sub(by, text[at:])])

    def _mark(self, kind: str, hidden: str) -> str:
        known = self._marks.get((kind, hidden))
        if known is None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            known = self._marks[kind, hidden] = f"<{kind}_{self._counts[kind]}>"
            self._hidden[known] = hidden
        return known

    def _in_address(self, found: re.Match[str]) -> str:
        bare = _LOGIN.sub(lambda login: self._mark("LOGIN", login[0]), found[0])
        return _QUERY.sub(lambda query: self._mark("QUERY", query[0]), bare)

    def _ip(self, found: re.Match[str]) -> str:
        try:
            ip_address(found[0])
        except ValueError:
            return found[0]
        return self._mark("IP", found[0]) if len(found[0]) > 2 else found[0]

    def _account(self, found: re.Match[str]) -> str:
        return self._mark("ACCOUNT", found[0]) if sum(map(str.isdigit, found[0])) >= 8 else found[0]

    def _phone(self, found: re.Match[str]) -> str:
        return found[0] if _DATE.fullmatch(found[0].strip()) else self._mark("PHONE", found[0])

    def _name(self, number: int, match: re.Match[str]) -> str:
        """A person's mark; each other way of writing their name has a letter behind the number."""
        own, found = self.person(number), match[0]
        if self._hidden[own] == found:
            return own
        known = self._marks.get((own, found))
        if known is None:
            others = sum(1 for mark, _spelt in self._marks if mark == own)
            known = self._marks[own, found] = f"{own[:-1]}{_letters(others)}>"
            self._hidden[known] = found
        return known


def _letters(number: int) -> str:
    """B, C … Z, BA, BB …"""
    letter = chr(ord("A") + (number + 1) % 26)
    return letter if number < 25 else _letters(number // 26 - 1) + letter


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """Finds a person's names, whole and in parts, declined, in any case; common words only as they are written."""
    forms: dict[str, str] = {}
    for name in names:
        whole = name.strip().lstrip("@")
        parts = whole.split()
        if len(whole) >= _LEAST and len(parts) > 1:
            forms[whole] = r"\s+".join(map(_declined, parts))
        for part in (whole, *re.split(r"[^\w'’-]+", whole)):
            if len(part) >= _LEAST and not part.isdigit() and not part.isspace():
                forms.setdefault(part, _form(part))
    listed = sorted(forms, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms[name] for name in listed)})(?!\w)") if listed else None


def _form(name: str) -> str:
    """A name that is also a word is hidden only where it is written as a name."""
    if name.casefold() in _WORDS:
        return re.escape(name) if name[0].isupper() else r"(?!)"
    return _declined(name)


def _declined(name: str) -> str:
    if not name.isalpha() or len(name) < _LEAST_STEM:
        return rf"(?i:{re.escape(name)})"
    stem = name[:-1] if name[-1].lower() in _VOWELS else name
    cyrillic = "\u0400" <= name[0] <= "\u04ff"
    return rf"(?i:{re.escape(name)}|{re.escape(stem)}(?:{_ENDINGS[cyrillic]})?)"
