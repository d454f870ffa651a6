"""Hours counted ahead: of each term, how many people said it.

What is noted is counted, in one transaction with the note taken away: a crash leaves either the note or the counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction

from folkmoot.lib import bulk
from folkmoot.understanding.topics.terms import TOPIC, terms
from folkmoot.understanding.trends.models import DayTerms, HourTerms, StaleHour

TURN = 0x666D0006  # tells this lock from other advisory locks in the same database
HOUR = timedelta(hours=1)
KEPT_HOURS = timedelta(days=70)
KEPT_DAYS = timedelta(days=400)
AT_ONCE = 240  # hours counted in a transaction
MOST_TERMS = 20_000  # of an hour and of a day: the ones that most people said
LONGEST = 120  # letters of a term


@contextmanager
def turn(workspace_id: int) -> Iterator[None]:
    """A transaction in which nobody else counts this workspace's terms."""
    with transaction.atomic():
        bulk.fetch("SELECT pg_advisory_xact_lock(%s::int, %s::int)", [TURN, workspace_id])
        yield


def mark(workspace_id: int, times: Iterable[datetime], *, latest: datetime) -> None:
    """Notes that the hours of these times are to be counted; those from before what is kept are left alone.

    Of a day whose hours are no longer kept all hours are: their sum is.
    """
    hours: set[datetime] = set()
    for hour in {hour_of(at) for at in times}:
        if hour > latest - KEPT_HOURS:
            hours.add(hour)
        elif hour > latest - KEPT_DAYS:
            hours.update(hour.replace(hour=number) for number in range(24))
    StaleHour.objects.bulk_create([StaleHour(workspace_id=workspace_id, hour=hour) for hour in sorted(hours)])


def hour_of(at: datetime) -> datetime:
    """The beginning of the hour (UTC) that a time lies in."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def count(workspace_id: int) -> int:
    """Counts the hours that are noted; how many those were."""
    counted = 0
    while hours := _count_some(workspace_id):
        counted += hours
    return counted


def _count_some(workspace_id: int) -> int:
    with turn(workspace_id):
        hours = [row[0].astimezone(UTC) for row in bulk.fetch(_TAKE, {"workspace": workspace_id, "most": AT_ONCE})]
        by_day: defaultdict[date, list[datetime]] = defaultdict(list)
        for hour in sorted(hours):
            by_day[hour.date()].append(hour)
        for day, noted in by_day.items():
            _store(workspace_id, noted, _counted(workspace_id, noted[0], noted[-1] + HOUR))
            _add_up(workspace_id, day)
    return len(hours)


_TAKE = """
WITH due AS (
    SELECT DISTINCT hour FROM understanding_stalehour WHERE workspace_id = %(workspace)s::bigint
    ORDER BY hour DESC LIMIT %(most)s::int
), taken AS (
    DELETE FROM understanding_stalehour s USING due WHERE s.workspace_id = %(workspace)s::bigint AND s.hour = due.hour
)
SELECT hour FROM due
"""


@dataclass(slots=True)
class Said:
    """Who spoke, and who said which term; topics count as terms."""

    speakers: set[int] = field(default_factory=set)
    terms: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def add(self, author: int, text: str, topic: int | None) -> None:
        self.speakers.add(author)
        for key in {term.key for term in terms(text)}:
            self.terms[key[:LONGEST]].add(author)
        if topic:
            self.terms[f"{TOPIC}{topic}"].add(author)

    def counts(self) -> dict[str, int]:
        """Of each term how many people said it; of very many terms those that most people said."""
        return dict(Counter({term: len(authors) for term, authors in self.terms.items()}).most_common(MOST_TERMS))


def said_between(workspace_id: int, since: datetime, until: datetime) -> Said:
    """What was said from ``since`` until before ``until``, by members; bots and our own words are left out."""
    said = Said()
    for author, text, topic, _at in bulk.fetch(_SAID, [workspace_id, since, until]):
        said.add(author, text, topic)
    return said


def _counted(workspace_id: int, since: datetime, until: datetime) -> dict[datetime, Said]:
    """The same, hour by hour."""
    said: defaultdict[datetime, Said] = defaultdict(Said)
    for author, text, topic, at in bulk.fetch(_SAID, [workspace_id, since, until]):
        said[hour_of(at)].add(author, text, topic)
    return said


def _store(workspace_id: int, hours: Sequence[datetime], counted: Mapping[datetime, Said]) -> None:
    """Writes the counts of some hours; one in which nothing was said has no row."""
    HourTerms.objects.filter(workspace=workspace_id, hour__in=hours).delete()
    HourTerms.objects.bulk_create(
        [
            HourTerms(workspace_id=workspace_id, hour=hour, people=len(said.speakers), terms=said.counts())
            for hour in hours
            if (said := counted.get(hour))
        ]
    )


_SAID = """
SELECT i.member_id, m.text, coalesce(t.merged_into_id, t.parent_id, t.id), m.at
FROM conversations_message m JOIN members_identity i ON i.id = m.author_id AND NOT i.bot
LEFT JOIN understanding_placement p ON p.conversation_id = m.conversation_id
LEFT JOIN understanding_topic t ON t.id = p.topic_id
WHERE m.workspace_id = %s::bigint AND m.at >= %s::timestamptz AND m.at < %s::timestamptz
  AND NOT m.ours AND m.text <> ''
"""


def _add_up(workspace_id: int, day: date) -> None:
    first = datetime.combine(day, time(), UTC)
    people, said = 0, Counter[str]()
    for hour in HourTerms.objects.filter(workspace=workspace_id, hour__gte=first, hour__lt=first + timedelta(days=1)):
        people += hour.people
        said.update(hour.terms)
    kept = {term: number for term, number in said.most_common(MOST_TERMS) if number > 1}
    DayTerms.objects.update_or_create(workspace_id=workspace_id, day=day, defaults={"people": people, "terms": kept})


def prune(workspace_id: int, *, latest: datetime) -> None:
    """Forgets hours and days that nothing is compared with any more."""
    HourTerms.objects.filter(workspace=workspace_id, hour__lt=latest - KEPT_HOURS).delete()
    DayTerms.objects.filter(workspace=workspace_id, day__lt=(latest - KEPT_DAYS).date()).delete()


def daily(workspace_id: int, term: str, since: date) -> list[tuple[date, int, int]]:
    """Of each day on which anything was said: the day, how many said the term, and how many spoke."""
    return [(day, number or 0, people) for day, number, people in bulk.fetch(_DAILY, [term, workspace_id, since])]


_DAILY = """
SELECT day, (terms ->> %s::text)::int, people FROM understanding_dayterms
WHERE workspace_id = %s::bigint AND day >= %s::date ORDER BY day
"""


def where(
    workspace_id: int, since: datetime, until: datetime, wanted: Collection[str]
) -> dict[str, dict[str, Counter[str]]]:
    """Of each wanted term: in ``channels``, how many people said it in which channel; in ``written``, how it was written."""
    people: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
    written: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for author, text, topic, channel in bulk.fetch(_WHERE, [workspace_id, since, until]):
        if topic and f"{TOPIC}{topic}" in wanted:
            people[f"{TOPIC}{topic}"].add((channel, author))
        for term in terms(text):
            key = term.key[:LONGEST]
            if key in wanted:
                people[key].add((channel, author))
                written[key][term.written] += 1
    return {
        term: {"channels": Counter(str(channel) for channel, _ in people[term]), "written": written[term]}
        for term in wanted
    }


_WHERE = _SAID.replace("t.id), m.at", "t.id), m.channel_id")
