"""Commands that pages tell to type are there, with these options; the example of importing a table works."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from folkmoot.cli import folkmoot
from folkmoot.conversations.models import Message
from folkmoot.workspaces.models import Workspace
from tests.docs.tables import ROOT, page

PAGES = [path for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if path.exists()]
LINE = re.compile(r"(?:^\s*|`)(?:\$ )?(?:\.venv/bin/)?folkmoot ([a-z][^`\n]*)", re.MULTILINE)


def typed(path: Path) -> Iterator[list[str]]:
    """What stands behind ``folkmoot`` in blocks of code and in marks of code, lines continued with a backslash joined."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = "\n".join(re.findall(r"^```.*?\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    marked = "\n".join(re.findall(r"`folkmoot [^`]+`", text))
    for line in LINE.findall(f"{blocks}\n{marked}"):
        yield shlex.split(line.split(" #")[0])


def unknown(words: list[str]) -> list[str]:
    """What of a command line is no command or no option of it."""
    command: click.Command = folkmoot
    rest = list(words)
    while isinstance(command, click.Group) and rest:
        found = command.get_command(click.Context(command), rest[0])
        if found is None:
            return rest[:1]
        command, rest = found, rest[1:]
    known = {"--help", "-h"} | {name for parameter in command.params for name in parameter.opts}
    return [word for word in rest if word.startswith("-") and word != "-" and word.partition("=")[0] not in known]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_on_a_page_are_there(path: Path) -> None:
    assert {" ".join(words): wrong for words in typed(path) if (wrong := unknown(words))} == {}


def test_commands_are_found_on_pages_at_all() -> None:
    assert len([words for path in PAGES for words in typed(path)]) > 30


@pytest.mark.django_db
def test_the_example_of_a_table_is_read(tmp_path: Path) -> None:
    workspace = Workspace.objects.create(slug="river", name="River")
    table = tmp_path / "reviews.csv"
    table.write_text("Body,Sent at,Who\nA fine raft,05.03.2026 09:30,Ada\n", encoding="utf-8")
    [example] = [words for words in typed(ROOT / "docs" / "how-to" / "import.md") if "csv" in words]
    assert "reviews.csv" in example
    arguments = [str(table) if word == "reviews.csv" else word for word in example]
    answer = CliRunner().invoke(folkmoot, [*arguments, "--json"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["messages_new"] == 1
    message = Message.objects.get(workspace=workspace)
    assert (message.text, message.author.name) == ("A fine raft", "Ada")
    assert message.at.isoformat() == "2026-03-05T07:30:00+00:00"  # 09:30 in Tallinn


def test_the_page_of_commands_tells_what_an_import_prints() -> None:
    told = page("reference/cli.md")
    for key in ("messages_new", "messages_seen", "conversations_new", "members_new", "activities_new", "skipped"):
        assert f"`{key}`" in told
