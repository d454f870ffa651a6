"""The folkmoot command. Each subcommand is a module of its own, loaded only when it is asked for."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from types import TracebackType

import click

from folkmoot import __version__
from folkmoot.cli.failures import say
from folkmoot.lib.env import BadSetting
from folkmoot.lib.home import NotUsable

INTERRUPTED = 130
POOL = "8"


@dataclass(frozen=True, slots=True)
class Entry:
    """A subcommand: the module that holds it (as ``command``), its line in the list of commands, and what it needs."""

    module: str
    about: str
    serves: bool = False
    alone: bool = False  # needs neither Django nor a data folder


COMMANDS = {
    "up": Entry("folkmoot.cli.up", "Start everything: database, web, worker and listener.", serves=True),
    "init": Entry("folkmoot.cli.init", "Make or upgrade the database without starting anything."),
    "workspace": Entry("folkmoot.cli.workspace", "Make workspaces."),
    "user": Entry("folkmoot.cli.user", "Add people and print sign-in links."),
    "import": Entry("folkmoot.cli.imports", "Read a community's archive into a workspace."),
    "understand": Entry("folkmoot.cli.understand", "Read what was said and is not read yet."),
    "corrections": Entry("folkmoot.cli.corrections", "Write corrections of readings to a file, or take them from one."),
    "kpi": Entry("folkmoot.cli.kpi", "Print a workspace's numbers for a period."),
    "read": Entry("folkmoot.cli.read", "Read texts of a table: language, mood, harm, intent.", alone=True),
    "demo": Entry("folkmoot.cli.demo", "Make a lively demo community to look around in."),
    "backup": Entry("folkmoot.cli.backup", "Write everything into one file."),
    "restore": Entry("folkmoot.cli.restore", "Read a backup into an empty place."),
    "secrets": Entry("folkmoot.cli.secrets", "Change the keys that stored secrets are sealed with."),
    "doctor": Entry("folkmoot.cli.doctor", "Check that everything is in order and say what to do if not."),
    "web": Entry("folkmoot.cli.web", "Run the web processes alone (for several machines).", serves=True),
    "worker": Entry("folkmoot.cli.worker", "Run a worker alone (for several machines)."),
    "listen": Entry("folkmoot.cli.listen", "Run the listener alone (for several machines)."),
}


class Commands(click.Group):
    """A group that lists its subcommands without loading them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if not entry.alone:
            _set_up_django(entry)
        command: click.Command = importlib.import_module(entry.module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.about) for name, entry in COMMANDS.items()])


# The matrices that reading multiplies are small: more threads would wait for each other, and take the processors
# from the other processes.
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="folkmoot")
def folkmoot() -> None:
    """Folkmoot, the community manager's workbench."""


def main() -> None:
    """Runs the command and ends the process: 0 done, 1 failed, 2 asked wrongly; an error is one line on stderr."""
    if not _debugging():
        sys.excepthook = _explain
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    try:
        status = folkmoot.main(prog_name="folkmoot", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        say("Stopped.")
        sys.exit(INTERRUPTED)
    except BadSetting as error:
        say(str(error))
        sys.exit(2)
    except NotUsable as error:
        say(str(error))
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _set_up_django(entry: Entry) -> None:
    """A command's module imports models, which Django must know first; the database need not run for that."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "folkmoot.settings")
    if entry.serves:
        os.environ.setdefault("FOLKMOOT_DATABASE_POOL", POOL)
    importlib.import_module("django").setup()


def _debugging() -> bool:
    return os.environ.get("FOLKMOOT_DEBUG", "").lower() in {"1", "true", "yes", "on"}


def _explain(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    """An error nobody foresaw, as one line."""
    reason = " ".join(str(error).split())
    say(f"unexpected error ({kind.__name__}: {reason}). Run it again with FOLKMOOT_DEBUG=yes to see where it arose.")
