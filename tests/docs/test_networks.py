"""docs/reference/networks.md: every format is in its tables, and what they say is read is read from the fixtures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from folkmoot import networks
from folkmoot.lib.archive import open_archive
from folkmoot.networks import live
from folkmoot.networks.base import SeenMessage, SeenMove
from folkmoot.networks.file.columns import FIELDS
from tests.docs.tables import ROOT, code, page, rows, sections

PAGE = page("reference/networks.md")
FORMATS = {code(row["`--format`"]): row for row in rows(PAGE, "`--format`", "what it is")}
READ = {code(row["`--format`"]): row for row in rows(PAGE, "`--format`", "threads")}
KNOWN = {form.name: (connector, backfills) for connector, form, backfills in networks.readers()}
OWN = Path(networks.__file__).parent
ALIKE = {"jsonl": ("csv", "jsonl"), "csv": ("csv", "jsonl")}  # rows of tables, taken by the same code


def what(message: SeenMessage) -> Iterator[str]:
    told = {
        "threads": message.thread is not None,
        "answers to": message.parent is not None,
        "reactions": bool(message.reactions),
        "who reacted": any(reaction.people for reaction in message.reactions),
        "attachments": bool(message.attachments),
        "edited at": message.edited_at is not None,
        "bots": message.author.bot,
    }
    return (name for name, there in told.items() if there)


@cache
def found(name: str) -> frozenset[str]:
    """What the fixtures of a format hold, by the columns of the table."""
    connector, backfills = KNOWN[name]
    seen: set[str] = set()
    for path in sorted((OWN / connector.facts.slug / "fixtures").glob("[!.]*")):
        with open_archive(path) as archive:
            if backfills.recognises(archive) != name:
                continue
            for batch in backfills.backfill(archive, format=name):
                for one in batch.seen:
                    if isinstance(one, SeenMove):
                        seen.add("joins and leaves")
                    elif isinstance(one, SeenMessage):
                        seen.update(what(one))
    return frozenset(seen)


def test_every_format_is_in_both_tables_and_every_row_is_a_format() -> None:
    assert list(FORMATS) == list(READ) == list(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_a_formats_network_is_named_and_linked(name: str) -> None:
    facts = KNOWN[name][0].facts
    linked = re.fullmatch(r"\[(.+)\]\((.+)\)", FORMATS[name]["network"])
    assert linked
    assert linked[1] == facts.name
    assert (ROOT / "docs" / "reference" / linked[2]).resolve() == OWN / facts.slug / "connect.md"


@pytest.mark.parametrize("name", KNOWN)
def test_what_the_table_says_is_read_is_read(name: str) -> None:
    told = {column for column, cell in READ[name].items() if cell == "✓"}
    assert told == frozenset().union(*(found(one) for one in ALIKE.get(name, (name,))))


@pytest.mark.parametrize("slug", networks.OWN)
def test_the_options_are_those_that_the_connector_reads(slug: str) -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (OWN / slug).glob("*.py"))
    asked = set(re.findall(r"(?<!act\.)options(?: or \{\}\))?\.get\(\"(\w+)\"", source))
    if re.search(r"\bzone\((?:options|self\._options)", source):
        asked.add("timezone")
    for name, (connector, _backfills) in KNOWN.items():
        if connector.facts.slug == slug:
            assert set(re.findall(r"`(\w+)`", FORMATS[name]["options"])) == asked, name


def test_every_column_of_a_table_is_told_of() -> None:
    told = {
        name
        for row in rows(sections(PAGE)["Columns of a table"], "option")
        for name in re.findall(r"\w+", row["option"])
    }
    assert told == set(FIELDS)


def test_reasons_told_of_are_given_somewhere() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in (OWN, ROOT / "folkmoot" / "lib")
        for path in folder.rglob("*.py")
        if "tests" not in path.parts
    )
    told = [reason for row in rows(PAGE, "reason") for reason in row["reason"].split(", ")]
    assert len(told) > 15
    assert [reason for reason in told if f'"{reason}"' not in sources] == []


LIVE = {code(row["slug"]): row for row in rows(PAGE, "slug", "hears by")}
DONE = {
    "past": live.Recalls,
    "replies": live.Replies,
    "publishes": live.Publishes,
    "edits": live.Edits,
    "deletes": live.Deletes,
    "moderates": live.Moderates,
}
HEARD = {"asking": live.Polls, "listening": live.Streams, "webhooks": live.Hears}


def test_every_network_that_can_be_connected_has_a_row_that_says_what_it_can() -> None:
    connected = {slug: one for slug, one in networks.connectors().items() if isinstance(one, live.Connects)}
    assert list(LIVE) == list(connected)
    for slug, connector in connected.items():
        able, row = live.abilities(connector), LIVE[slug]
        assert {name: row[name] for name in DONE} == {
            name: "✓" if ability in able else "–" for name, ability in DONE.items()
        }
        assert row["hears by"] == ", ".join(name for name, ability in HEARD.items() if ability in able)
        assert row["tested on"].strip("?– ")


def test_every_row_says_how_nothing_is_done_twice() -> None:
    for slug, row in LIVE.items():
        connector = networks.get(slug)
        assert isinstance(connector, live.Connects)
        able = live.abilities(connector)
        found = [
            word for word, ability in (("its keys", live.KeepsKeys), ("looking", live.FindsOwn)) if ability in able
        ]
        assert row["nothing twice by"] == (found[0] if found else "a person" if live.Replies in able else "–")
