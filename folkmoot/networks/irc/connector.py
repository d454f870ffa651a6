"""IRC logs: files of one channel each, by day or whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote

from folkmoot.lib.archive import Archive, Entry, Unreadable, lines
from folkmoot.networks.base import (
    ENCODING,
    TIMEZONE,
    Batch,
    Facts,
    Format,
    Limits,
    Option,
    Person,
    Place,
    Rate,
    Seen,
    SeenMessage,
    SeenMove,
    Skipped,
    gettext_noop,
)
from folkmoot.networks.batches import Item, backfill
from folkmoot.networks.encodings import decode
from folkmoot.networks.errors import Refused
from folkmoot.networks.irc import parse
from folkmoot.networks.irc.session import IrcSession
from folkmoot.networks.live import Field
from folkmoot.networks.reading import leave_out
from folkmoot.networks.times import believable, to_utc, zone

_ENDINGS = (".log", ".txt", ".weechatlog", ".irclog")
_NO_LOGS = re.compile(r"(^|/)(readme|license|licence|copying|source|changelog)[^/]*$|\.annotation\.txt$", re.I)
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)([-._/]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")
_CHANNEL = re.compile(r"([#&]{1,2}[^/\s,#&][^/\s,]*?)(?=[._-]?(?:19|20)\d\d|(?:\.raw)?\.\w+$|/|$)")
_SAMPLE = 16 * 1024
_MAX_LINKS = 16 * 1024**2
_NOTHING = (
    "no line of these logs could be dated and read; if the files name no day, give the day on which the log begins "
    "as the option date (YYYY-MM-DD)"
)


class Irc:
    facts = Facts(
        slug="irc",
        name="IRC",
        icon="hash",
        # A line has 512 bytes with the sender's name and the channel's; longer texts go as several lines.
        limits=Limits(text=350, media=0, as_of="2026-11-21", rates=(Rate(4, 8.0),)),
        formats=(
            Format(
                "irc",
                "IRC log",
                "One file per channel or per day. Options: channel, date, timezone, encoding.",
                (
                    Option("channel", gettext_noop("Channel"), gettext_noop("Where the files don't name it.")),
                    Option(
                        "date",
                        gettext_noop("Day on which the log begins"),
                        gettext_noop("YYYY-MM-DD; where neither the files' names nor their lines tell."),
                    ),
                    TIMEZONE,
                    ENCODING,
                ),
            ),
        ),
    )

    fields = (
        Field("server", gettext_noop("Server"), gettext_noop("Such as irc.libera.chat."), example="irc.example"),
        Field("port", gettext_noop("Port"), kind="number", default="6697"),
        Field(
            "tls",
            gettext_noop("Connection"),
            kind="choice",
            default="yes",
            choices=(
                ("yes", gettext_noop("Secure (TLS)")),
                ("no", gettext_noop("Open, readable by others on the way")),
            ),
        ),
        Field(
            "nick",
            gettext_noop("Nick"),
            gettext_noop("A second connection, for speaking, has an underscore behind it: keep both free."),
            example="folkmoot",
        ),
        Field(
            "channels",
            gettext_noop("Channels"),
            gettext_noop("Such as #garden, #staff key: a key stands behind the channel that has one."),
            kind="long",
            example="#garden",
        ),
        Field(
            "sign_in",
            gettext_noop("Sign-in"),
            kind="choice",
            default="sasl",
            choices=(("sasl", "SASL"), ("nickserv", "NickServ")),
            help=gettext_noop("How the account's password is used, where there is one."),
        ),
        Field("account", gettext_noop("Account"), gettext_noop("Empty: the nick."), required=False, example="folkmoot"),
        Field("password", gettext_noop("Account's password"), kind="secret", required=False, example="example"),
        Field(
            "server_password",
            gettext_noop("Server's password"),
            gettext_noop("Only for servers that ask all of their users for one."),
            kind="secret",
            required=False,
            example="example",
        ),
    )
    session = IrcSession

    def recognises(self, archive: Archive) -> str | None:
        logs = _candidates(archive)
        sample = logs[:: max(1, len(logs) // 12)][:12]
        return "irc" if any(_is_log(archive, entry) for entry in sample) else None

    def backfill(
        self, archive: Archive, *, format: str, cursor: str = "", options: Mapping[str, str] | None = None
    ) -> Iterator[Batch]:
        reader = _Reader(archive, options or {})
        leave_out(archive, reader.entries)
        return backfill(archive, reader.entries, reader.read, cursor=cursor, nothing=_NOTHING)


def _candidates(archive: Archive) -> list[Entry]:
    if len(archive.entries) == 1:
        return [
            entry for entry in archive.entries if entry.path.suffix.lower() not in (".json", ".csv", ".html", ".xml")
        ]
    return [entry for entry in archive.find(*_ENDINGS) if not _NO_LOGS.search(entry.name)]


def _is_log(archive: Archive, entry: Entry) -> bool:
    try:
        return parse.looks_like_a_log(decode(archive.head(entry.name, _SAMPLE)))
    except Unreadable:
        return False


class _Reader:
    """What holds for the whole archive: the files, their channels, the options."""

    def __init__(self, archive: Archive, options: Mapping[str, str]) -> None:
        self.archive = archive
        self.entries = _candidates(archive)
        self.zone = zone(options)
        self.encoding = options.get("encoding", "")
        self.day = _chosen_day(options)
        self.now = datetime.now(UTC)
        self._channels = _channels(archive, self.entries, options.get("channel", ""))

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        if entry.size and not _is_log(self.archive, entry):
            self.archive.seen(entry.name)
            if not offset:
                yield Item(Skipped("not a chat log", where=entry.name), None, 1)
            return
        channel = self._channels[entry.name]
        log = _Log(self, entry, Place(channel.lower(), channel))
        with self.archive.open(entry.name) as stream:
            for number, raw in enumerate(lines(stream)):
                what = log.take(number, raw)
                if what is not None and number >= offset:
                    yield Item(what, log.place, number + 1)

    def links(self, entry: Entry) -> dict[int, int]:
        name = re.sub(r"(\.raw|\.ascii)?\.txt$", "", entry.name) + ".annotation.txt"
        if name not in self.archive:
            return {}
        return parse.replies(decode(self.archive.head(name, _MAX_LINKS)))


class _Log:
    """One file, read from its top: ids, days and answers depend on the lines before."""

    def __init__(self, reader: _Reader, entry: Entry, place: Place) -> None:
        self.place = place
        self._reader = reader
        self._name = entry.name
        self._calendar = parse.Calendar(_day_in(entry.name) or reader.day)
        self._links = reader.links(entry)
        self._answered = set(self._links.values())
        self._ids: dict[int, str] = {}
        self._minute: datetime | None = None
        self._alike: Counter[tuple[str, str, str]] = Counter()
        self._clock = _first_clock(decode(reader.archive.head(entry.name)))

    def take(self, number: int, raw: bytes | None) -> Seen | Skipped | None:
        where = f"{self._name}:{number + 1}"
        if raw is None:
            return Skipped("line too long", where=where)
        text = decode(raw, self._reader.encoding)
        if not text.strip():
            return None
        line = parse.line(text)
        if line is None:
            return Skipped("not a chat line", where=where)
        if line.event == "day":
            self._calendar.begin(line)
        elif line.event != "server":
            return self._seen(number, line, text, where)
        elif line.stamp:
            self._moment(line.stamp)
        return None

    def _seen(self, number: int, line: parse.Line, text: str, where: str) -> Seen | Skipped:
        if line.stamp is None and line.event == "said":
            return Skipped("line without a time", where=where)
        if not line.nick:
            return Skipped("no author", where=where)
        stamp = line.stamp or self._clock
        at = self._moment(stamp) if stamp else None
        if at is None:
            return Skipped("no date", where=where)
        if not believable(at, self._reader.now):
            return Skipped("date out of range", where=where)
        remote_id, at = self._identify(line, at)
        person = Person(line.nick, line.nick)
        if line.event != "said":
            return SeenMove(remote_id, at, person, "join" if line.event == "join" else "leave")
        if number in self._answered:
            self._ids[number] = remote_id
        parent = self._ids.get(self._links.get(number, -1))
        return SeenMessage(remote_id, at, person, line.text, parent=parent, raw={"line": text})

    def _moment(self, stamp: parse.Stamp) -> datetime | None:
        self._clock = stamp
        at = self._calendar.at(stamp)
        return to_utc(at, self._reader.zone) if at else None

    def _identify(self, line: parse.Line, at: datetime) -> tuple[str, datetime]:
        """The id, and the time moved on by microseconds so that the lines of one minute or second keep their order."""
        if at != self._minute:
            self._minute = at
            self._alike.clear()
        key = (line.event, line.nick, line.text)
        count = self._alike[key]
        self._alike[key] += 1
        ident = parse.identity(self.place.remote_id, at, *key, count)
        return ident, at + timedelta(microseconds=min(self._alike.total() - 1, 999_999))


def _first_clock(head: str) -> parse.Stamp | None:
    """For what happens before the first line that has a time."""
    for text in head.splitlines():
        line = parse.line(text)
        if line is not None and line.stamp is not None and line.event != "day":
            return line.stamp
    return None


def _day_in(name: str) -> date | None:
    found = _DAY.findall(name)
    if not found:
        return None
    year, _, month, day = found[-1]
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _chosen_day(options: Mapping[str, str]) -> date | None:
    try:
        return date.fromisoformat(options["date"]) if options.get("date") else None
    except ValueError as error:
        raise Refused("the option date is not a day written as YYYY-MM-DD") from error


def _channels(archive: Archive, entries: list[Entry], chosen: str) -> dict[str, str]:
    """Each file's channel: chosen, named by its path or its lines, else the one that most of the other files name."""
    if chosen:
        return {entry.name: chosen for entry in entries}
    named = {entry.name: _named_channel(archive, entry) for entry in entries}
    usual = Counter(channel for channel in named.values() if channel).most_common(1)
    rest = usual[0][0] if usual else ""
    return {name: channel or rest or name.rpartition("/")[0] or archive.name for name, channel in named.items()}


def _named_channel(archive: Archive, entry: Entry) -> str:
    in_path = _CHANNEL.findall(unquote(entry.name))
    if in_path:
        return str(in_path[-1])
    try:
        said = Counter(parse.channels(decode(archive.head(entry.name, _SAMPLE)))).most_common(1)
    except Unreadable:
        return ""
    return said[0][0] if said else ""
