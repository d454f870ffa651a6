"""One line of an IRC log in the manner of the usual clients: what it says, who, and what it tells of the time.

Read here: Ubuntu's public logs, irssi, WeeChat, ZNC, mIRC, HexChat and XChat, Limnoria, EnergyMech, eggdrop, Textual.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from hashlib import blake2b
from typing import Literal

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
Event = Literal["said", "join", "leave", "server", "day"]

_MONTH = "|".join(MONTHS)
_CLOCK = r"(?P<h>\d\d?):(?P<m>\d\d)(?::(?P<s>\d\d))?"
_DATE = r"(?P<Y>\d{4})-(?P<M>\d\d)-(?P<D>\d\d)"
_STAMPS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\[{_CLOCK}\]\s?",
        rf"{_DATE}[T ]{_CLOCK}(?P<z>Z|[+-]\d\d:?\d\d)?\s+",
        rf"\[{_DATE}T{_CLOCK}(?P<z>Z|[+-]\d\d:?\d\d)\]\s?",
        rf"(?P<B>{_MONTH}) +(?P<D>\d\d?) {_CLOCK} ",
        rf"{_CLOCK}\s",
        rf"[#&]?[\w.-]+ {_DATE} \[{_CLOCK}\]\s",
    )
)
_DAY = re.compile(
    r"(?:--- (?:Log opened|Log closed|Day changed)|\*{4} (?:BEGIN|ENDING) LOGGING AT|Session (?:Start|Time|Close):) ?"
    rf"\w{{3}},? (?P<B>{_MONTH}) +(?P<D>\d\d?)(?: (?P<t>\d\d:\d\d(?::\d\d)?))? (?P<Y>\d{{4}})"
)
_HEADER = re.compile(r"--- |\*{4} (?:BEGIN|ENDING) LOGGING|Session (?:Start|Time|Close|Ident):")
_SAID = re.compile(r"<(?P<nick>[^>\t]{1,64})>\s?(?P<text>.*)", re.S)
_NOTICE = re.compile(r"-(?P<nick>[^\s:]{1,64}):[@+%&~]?#[^\s]*- ?(?P<text>.*)", re.S)
_HOST = r"(?: ?[\[(<][^\s]*[\])>])?"
_STRONG = (
    (re.compile(rf"(?:Joins: (\S+)|(\S+){_HOST}\s+(?:has )?(?:joined|entered the room))"), "join"),
    (re.compile(r"(?:(?:Parts|Quits): (\S+)|(\S+) was kicked )"), "leave"),
    (re.compile(rf"(\S+){_HOST}\s+(?:has )?(?:left|quit)\b"), "leave"),
)
_CHANNEL = r"(?: [#&]\S+| IRC)?\s*"
_WEAK = (
    (re.compile(rf"(\S+){_HOST} has joined{_CHANNEL}$"), "join"),
    (re.compile(rf"(\S+){_HOST} has (?:left|quit){_CHANNEL}(?:[(\[].*)?$"), "leave"),
    (re.compile(r"(\S+) was kicked (?:by|from) \S+"), "leave"),
)
_EGGDROP = (
    (re.compile(r"(\S+) \(\S+@\S+\) joined [#&]\S+$"), "join"),
    (re.compile(r"(\S+) \(\S+@\S+\) (?:left [#&]\S+|left irc)"), "leave"),
)
_EGGDROP_SERVER = re.compile(r"(?:Nick change|Topic changed|\S+: mode change)\b|\S+ kicked from ")
_EGGDROP_ACTION = re.compile(r"Action: (?P<nick>\S+) (?P<text>.*)", re.S)
# What clients write behind a single star besides somebody's act.
_CLIENT = re.compile(
    r"\S+ (?:is now known as|sets mode:|has changed the topic|changes topic|gives (?:channel |voice )|removes (?:channel |voice )|sets ban|set the topic|"
    r"retrieving|seems to be|(?:has )?invited)|(?:Now talking|Topic |Set by|Users on|Retrieving|Disconnected|Rejoined|"
    r"You |Channel |Attempting|Connected|Looking up|Loaded log|End of)"
)
_UBUNTU_SERVER = re.compile(r"mode/|\S+ is now known as|\S+ changed the topic|Topic |\S+ kicked |ServerMode/")
_NAMED = re.compile(
    r"(?:joined|Now talking (?:in|on)|Session Ident:|has left) ([#&][^\s,]+)|=== mode/(#\S+)|"
    r"^([#&]?[\w.-]+) \d{4}-\d\d-\d\d \[\d\d?:",
    re.M,
)
_FORMATTING = re.compile(r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-fA-F]{6})?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Longer lines are not tried: the patterns' time grows with the square of it.
_LONGEST_MOVE = 1000
_PREFIX = "@+%&~! "


@dataclass(frozen=True, slots=True)
class Stamp:
    """As much as the line tells: a clock always, a year, month and day where there are any."""

    clock: time
    year: int | None = None
    month: int | None = None
    day: int | None = None
    offset: timezone | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """``text`` of an act (/me) begins with the nick, as clients show it. ``day`` events carry ``date``."""

    event: Event
    stamp: Stamp | None = None
    nick: str = ""
    text: str = ""
    date: date | None = None


def line(text: str) -> Line | None:
    """What the line says; None for what is no line of a chat log. Control codes for colours are dropped."""
    text = _FORMATTING.sub("", text.rstrip())
    if header := _header(text):
        return header
    stamp, rest = _stamp(text)
    if stamp is None:
        return _unstamped(text)
    return _said(stamp, rest) or _marked(stamp, rest)


def plain(text: str) -> str:
    """Without the control codes for colours and the like."""
    return _FORMATTING.sub("", text)


def identity(channel: str, at: datetime, event: str, nick: str, text: str, nth: int) -> str:
    """An id made of what a line says, for IRC has none; ``at`` as exact as the log tells, ``nth`` of those alike then."""
    parts = (channel, at.isoformat(), event, nick, text, str(nth))
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def looks_like_a_log(head: str) -> bool:
    """Most of the first lines can be read and somebody speaks in them."""
    sample = [text for text in head.splitlines()[:80] if text.strip()]
    read = [found for found in map(line, sample) if found is not None]
    return len(read) >= 0.6 * len(sample) and any(found.event == "said" for found in read)


def channels(head: str) -> list[str]:
    """Channels that the lines name as their own, as often as they do."""
    return [next(filter(None, found)).rstrip(".") for found in _NAMED.findall(head)]


def replies(text: str) -> dict[int, int]:
    """Which line answers which, by number from 0, out of an annotation file of ``earlier later -`` links."""
    links: dict[int, int] = {}
    for first, second in re.findall(r"^(\d+) (\d+) -", text, re.M):
        earlier, later = sorted((int(first), int(second)))
        if earlier != later:
            links[later] = max(earlier, links.get(later, -1))
    return links


def _header(text: str) -> Line | None:
    if not _HEADER.match(text):
        return None
    if day := _DAY.match(text):
        on = _date(int(day["Y"]), MONTHS.index(day["B"]) + 1, int(day["D"]))
        if on is not None:
            clock = time.fromisoformat(day["t"]) if day["t"] and day["t"] < "24" else time()
            return Line("day", Stamp(clock, on.year, on.month, on.day), date=on)
    return Line("server")


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _stamp(text: str) -> tuple[Stamp | None, str]:
    for pattern in _STAMPS:
        if found := pattern.match(text):
            parts = found.groupdict()
            hour, minute, second = int(parts["h"]), int(parts["m"]), int(parts["s"] or 0)
            if hour > 23 or minute > 59:
                return None, text
            month = MONTHS.index(parts["B"]) + 1 if parts.get("B") else _number(parts.get("M"))
            stamp = Stamp(
                time(hour, minute, min(second, 59)),
                _number(parts.get("Y")),
                month,
                _number(parts.get("D")),
                _zone(parts.get("z")),
            )
            return stamp, text[found.end() :]
    return None, text


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes)) if minutes < 24 * 60 else None


def _unstamped(text: str) -> Line | None:
    """Ubuntu's logs write joins, parts and modes without a time, and in their early years acts too."""
    if not text.startswith("=== "):
        return None
    rest = text[4:]
    if _UBUNTU_SERVER.match(rest):
        return Line("server")
    nick, _, act = rest.partition(" ")
    return _moved(None, rest, _STRONG) or Line("said", None, nick, f"{nick} {act}")


def _said(stamp: Stamp, rest: str) -> Line | None:
    found = _SAID.match(rest) or _NOTICE.match(rest)
    if found:
        nick = found["nick"].strip(_PREFIX)
        return Line("said", stamp, nick, found["text"].strip())
    if "\t" in rest:
        return _tabbed(stamp, *rest.split("\t", 1))
    return None


def _tabbed(stamp: Stamp, left: str, right: str) -> Line | None:
    """HexChat and WeeChat set the text off by a tab."""
    left, right = left.strip(), right.strip()
    if left in ("-->", "<--"):
        return _moved(stamp, right, _STRONG) or Line("server", stamp)
    if left == "*":
        return _act(stamp, right)
    if left in ("", "--", "-!-", "=!=") or left.startswith("-"):
        return Line("server", stamp)
    # Only WeeChat writes the bare nick, and it always writes the date.
    return Line("said", stamp, left.lstrip(_PREFIX), right) if stamp.year and " " not in left else None


def _marked(stamp: Stamp, rest: str) -> Line | None:
    rest = rest.strip()
    for marker in ("*** ", "-!- ", "=== ", "--> ", "<-- "):
        if rest.startswith(marker):
            return _moved(stamp, rest[4:], _STRONG) or Line("server", stamp)
    if rest.startswith("* "):
        return _act(stamp, rest[2:].strip())
    if found := _EGGDROP_ACTION.match(rest):
        return Line("said", stamp, found["nick"], f"{found['nick']} {found['text'].strip()}")
    if moved := _moved(stamp, rest, _EGGDROP):
        return moved
    return Line("server", stamp) if _EGGDROP_SERVER.match(rest) or re.match(r"-\S+- ", rest) else None


def _act(stamp: Stamp, rest: str) -> Line:
    if moved := _moved(stamp, rest, _WEAK):
        return moved
    if _CLIENT.match(rest):
        return Line("server", stamp)
    nick, _, act = rest.partition(" ")
    nick = nick.lstrip(_PREFIX)
    return Line("said", stamp, nick, f"{nick} {act}".strip())


def _moved(stamp: Stamp | None, rest: str, patterns: tuple[tuple[re.Pattern[str], str], ...]) -> Line | None:
    for pattern, event in patterns:
        if found := pattern.match(rest, 0, _LONGEST_MOVE):
            nick = next(group for group in found.groups() if group)
            return Line("join" if event == "join" else "leave", stamp, nick.lstrip(_PREFIX))
    return None


class Calendar:
    """Turns clock times into moments while a log is read from top to bottom.

    A clock that falls back by hours has passed midnight, or noon where it never showed more than twelve hours.
    """

    def __init__(self, day: date | None) -> None:
        self._day = day
        self._last: time | None = None
        self._half = False
        self._twelve = True

    def begin(self, line: Line) -> None:
        """A line that names the day."""
        self._day, self._last, self._half = line.date, None, False

    def at(self, stamp: Stamp) -> datetime | None:
        """The moment, aware only where the line itself names its zone; None as long as no day is known."""
        self._date(stamp)
        if self._day is None:
            return None
        if not stamp.day:
            self._turn(stamp.clock)
        self._last = stamp.clock
        moment = datetime.combine(self._day, stamp.clock, stamp.offset)
        return moment + timedelta(hours=12) if self._half and self._twelve and stamp.clock.hour < 13 else moment

    def _date(self, stamp: Stamp) -> None:
        if stamp.month is None or stamp.day is None:
            return
        year = stamp.year
        if year is None and self._day is not None:
            year = self._day.year + (1 if stamp.month == 1 and self._day.month == 12 else 0)
        if year is not None:
            self._day = _date(year, stamp.month, stamp.day)

    def _turn(self, clock: time) -> None:
        self._twelve = self._twelve and clock.hour <= 12
        if self._last is None or self._day is None:
            return
        back = (self._last.hour - clock.hour) * 60 + self._last.minute - clock.minute
        if back < 120:  # not a clock set back for winter, nor lines slightly out of order
            return
        noon = self._twelve and self._last.hour >= 10 and clock.hour <= 2 and not self._half
        self._half = noon
        if not noon and self._day < date.max:
            self._day += timedelta(days=1)
