"""docs/reference/cli.md tells of every command and option, and of no other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from folkmoot.cli import COMMANDS, folkmoot
from folkmoot.workspaces.models import Rank
from tests.docs.tables import page, sections

SECTIONS = sections(page("reference/cli.md"))


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(folkmoot)
    for name in COMMANDS:
        command = folkmoot.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from ((f"folkmoot {name} {each}", inner) for each, inner in command.commands.items())
        else:
            yield f"folkmoot {name}", command


ALL = dict(commands())


def options(command: click.Command) -> dict[str, click.Option]:
    return {parameter.opts[0]: parameter for parameter in command.params if isinstance(parameter, click.Option)}


def told(name: str) -> set[str]:
    """The options in the section's table."""
    return set(re.findall(r"^\| `(--[a-z-]+)`", SECTIONS[name], re.MULTILINE))


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert list(SECTIONS) == list(ALL)


@pytest.mark.parametrize("name", ALL)
def test_a_commands_options_are_those_of_its_table(name: str) -> None:
    assert told(name) == set(options(ALL[name]))


@pytest.mark.parametrize("name", ALL)
def test_an_option_that_is_needed_is_said_to_be(name: str) -> None:
    for option, parameter in options(ALL[name]).items():
        [row] = re.findall(rf"^\| `{option}`.*$", SECTIONS[name], re.MULTILINE)
        assert parameter.required == ("needed" in row), option


@pytest.mark.parametrize("name", ALL)
def test_defaults_are_those_of_the_command(name: str) -> None:
    for option, parameter in options(ALL[name]).items():
        [row] = re.findall(rf"^\| `{option}`.*$", SECTIONS[name], re.MULTILINE)
        if parameter.show_default:
            assert row.split("|")[-2].strip() == str(parameter.default), option


@pytest.mark.parametrize("name", ALL)
def test_what_stands_beside_a_command_is_named(name: str) -> None:
    for parameter in ALL[name].params:
        if isinstance(parameter, click.Argument):
            assert f"{name} {parameter.human_readable_name}" in SECTIONS[name]


@pytest.mark.parametrize("name", ALL)
def test_a_command_has_help(name: str) -> None:
    answer = CliRunner().invoke(folkmoot, [*name.split()[1:], "--help"])
    assert answer.exit_code == 0
    assert "Usage: " in answer.output


def test_every_role_is_named() -> None:
    for rank in Rank:
        assert f"`{rank.value}`" in SECTIONS["folkmoot user create"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("section", "arguments"),
    [
        ("folkmoot workspace create", ["workspace", "create", "hall", "--name", "Hall", "--json"]),
        ("folkmoot workspace list", ["workspace", "list", "--json"]),
        (
            "folkmoot user create",
            ["user", "create", "a@example.org", "--workspace", "moot", "--role", "guest", "--json"],
        ),
        ("folkmoot kpi", ["kpi", "--workspace", "moot", "--from", "2026-03-01", "--to", "2026-03-08", "--json"]),
    ],
)
@pytest.mark.usefixtures("workspace")
def test_the_keys_that_a_command_prints_are_named(section: str, arguments: list[str]) -> None:
    answer = CliRunner().invoke(folkmoot, arguments)
    assert answer.exit_code == 0, answer.output
    printed = json.loads(answer.stdout)
    keys = printed[0] if isinstance(printed, list) else printed
    told = page("reference/kpis.md") if section == "folkmoot kpi" else SECTIONS[section]
    assert [key for key in keys if f"`{key}`" not in told] == []
