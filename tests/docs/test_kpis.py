"""docs/reference/kpis.md: every number has its section, and its example comes out as the page says."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, fields
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from conftest import Make
from folkmoot.analytics import actions, queries
from folkmoot.analytics.queries import ANSWER_GRACE, Kpis, Period
from folkmoot.conversations import asks, threads
from folkmoot.conversations.models import Ask
from folkmoot.networks.base import Person, Reaction, SeenMessage
from folkmoot.workspaces.models import Workspace
from tests.docs.tables import page, rows, sections

PAGE = page("reference/kpis.md")
TALLINN = ZoneInfo("Europe/Tallinn")
WEEK = Period(date(2026, 3, 2), date(2026, 3, 9))
NOW = datetime(2026, 3, 9, 12, tzinfo=TALLINN)
REACTIONS = {
    "": (),
    "👍 by bo and one unnamed": (Reaction("👍", 2, (Person("bo"),)),),
    "❤ by three unnamed": (Reaction("❤", 3),),
}
PARTS = ("Formula", "Unit", "Who counts", "Left out", "Source", "In the example")


def kpi_sections() -> dict[str, str]:
    """The sections by key, which stands in the heading behind a colon."""
    found = sections(sections(PAGE)["Keys and formulas"], 3)
    return {title.rsplit(": ", 1)[1]: body for title, body in found.items()}


def when(cell: str) -> datetime:
    return datetime.strptime(cell, "%Y-%m-%d %H:%M").replace(tzinfo=TALLINN)


def seen(row: dict[str, str], make: Make) -> SeenMessage:
    return make.seen(
        row["who"],
        minute=(when(row["when"]) - make.noon) / timedelta(minutes=1),
        id=row["when"],
        thread=row["thread"],
        kind=row["kind"],
        parent=row["answers"] or None,
        reactions=REACTIONS[row["reactions"]],
        ours=row["who"] == "mira",
        bot=row["who"] == "bell",
    )


@pytest.fixture
def example(db: None, make: Make) -> Workspace:
    workspace = Workspace.objects.create(slug="example", name="Example", timezone=TALLINN.key)
    said = [seen(row, make) for row in rows(PAGE, "when", "who", "thread")]
    assert len(said) == 17
    make.receive(make.channel(workspace, kind="forum"), said)
    actions.count(workspace.pk)
    return workspace


def test_every_number_has_a_section_and_every_section_a_number() -> None:
    assert list(kpi_sections()) == [field.name for field in fields(Kpis)]


@pytest.mark.parametrize("key", [field.name for field in fields(Kpis)])
def test_every_section_says_all_there_is_to_say(key: str) -> None:
    told = re.findall(r"^- \*\*(.+?):\*\* \S", kpi_sections()[key], re.MULTILINE)
    assert tuple(told) == PARTS


def test_the_example_comes_out_as_the_page_says(example: Workspace) -> None:
    counted = asdict(queries.kpis(example, WEEK, now=NOW))
    for key, body in kpi_sections().items():
        told = json.loads(re.findall(r"\*\*In the example:\*\* (\S+)", body)[0])
        if told is None or isinstance(told, int):
            assert counted[key] == told, key
        else:
            assert counted[key] == pytest.approx(told, rel=5e-4), key


def test_what_called_for_an_answer_is_what_the_page_lists(example: Workspace) -> None:
    first, until = WEEK.bounds(example)
    found = [
        (
            ask.conversation.remote_id,
            ask.message.author.remote_id,
            "–" if ask.answered_at is None else f"{(ask.answered_at - ask.asked_at).total_seconds():.0f}",
        )
        for ask in Ask.objects.filter(asked_at__gte=first, asked_at__lt=until).select_related(
            "conversation", "message__author"
        )
    ]
    told = [(row["asked"], row["by"], row["seconds"]) for row in rows(PAGE, "asked", "by", "seconds")]
    assert sorted(found) == sorted(told)


def test_the_days_in_between_are_those_of_the_page(example: Workspace) -> None:
    days = queries.series(example, WEEK)
    told = re.findall(r"\*\*Active a day\*\*: ([\d, ]+)", PAGE)[0]
    assert [day.dau for day in days] == [int(number) for number in told.split(", ")]
    told = re.findall(r"\*\*Stickiness\*\*: ([\d/, ]+), in percent", PAGE)[0]
    assert [f"{day.dau}/{day.mau}" for day in days] == told.split(", ")


@pytest.mark.parametrize(
    ("told", "length"),
    [
        (r"at most \*\*(\d+) minutes\*\* after the one before", asks.BUNDLE),
        (r"ends after \*\*(\d+) minutes\*\* of silence", threads.SILENCE),
        (r"no later than \*\*(\d+) hours\*\* after it began", threads.SPAN),
        (r"younger than \*\*(\d+) hours\*\*: nobody", ANSWER_GRACE),
    ],
)
def test_the_lengths_are_those_of_the_code(told: str, length: timedelta) -> None:
    found = re.findall(told.replace(" ", r"\s+"), PAGE)
    unit = timedelta(hours=1) if "hours" in told else timedelta(minutes=1)
    assert [int(number) * unit for number in found] == [length]
