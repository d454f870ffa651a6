"""How a command ends when it can't do what was asked: one line on stderr, and an exit status."""

from __future__ import annotations

from typing import IO, Any

import click


def say(text: str) -> None:
    """One line to the person at the terminal, apart from what is printed as the result."""
    click.echo(f"folkmoot: {text}", err=True)


class Failed(click.ClickException):
    """It could not be done; the message says what to do."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        say(self.format_message())


class BadInput(Failed):
    """What was given can't be used; the message says what can."""

    exit_code = 2
