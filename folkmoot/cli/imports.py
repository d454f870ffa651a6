"""folkmoot import"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from folkmoot.channels import actions
from folkmoot.channels.models import ArchiveImport
from folkmoot.cli import database
from folkmoot.cli.failures import BadInput, say
from folkmoot.flow import archive
from folkmoot.networks import readers
from folkmoot.workspaces.models import Workspace

COUNTS = ("messages_new", "messages_seen", "conversations_new", "members_new", "activities_new")


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--workspace", "slug", required=True, help="The short name of the workspace to read it into.")
@click.option("--format", "form", default="", help="Name the format instead of having it found out.")
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="What an archive doesn't say by itself: timezone=Europe/Kyiv, or text=Body to name a CSV's column.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(path: Path, slug: str, form: str, options: tuple[str, ...], as_json: bool) -> None:
    """Read a community's archive into a workspace.

    PATH is a file, a zip or tar, or a folder. Reading the same archive again adds nothing; an import that was
    killed goes on where it stopped.
    """
    database.migrated()
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise BadInput(f"There is no workspace {slug}. Make one: folkmoot workspace create {slug} --name NAME")
    order = _order(workspace, path.expanduser().resolve(), form, _options(options))
    before = {name: getattr(order, name) for name in COUNTS}
    skipped = {reason: entry["count"] for reason, entry in order.skipped.items()}
    seconds = order.seconds
    try:
        with _bar(quiet=as_json) as progress:
            archive.run(order, progress)
    except archive.UnableToImport as error:
        raise BadInput(str(error)) from error
    result: dict[str, object] = {"format": order.format}
    result |= {name: getattr(order, name) - before[name] for name in COUNTS}
    result["skipped"] = [
        {"reason": reason, "count": count, "where": entry["where"]}
        for reason, entry in order.skipped.items()
        if (count := entry["count"] - skipped.get(reason, 0))
    ]
    result["seconds"] = round(order.seconds - seconds, 3)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        _print(result)


def _options(given: tuple[str, ...]) -> dict[str, str]:
    options = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise BadInput(f"--option {one} has no value; it takes NAME=VALUE.")
        options[name.strip()] = value
    return options


def _order(workspace: Workspace, path: Path, form: str, options: dict[str, str]) -> ArchiveImport:
    known = {one.name: {one.name} for _connector, one, _reader in readers()}
    for connector, one, _reader in readers():
        known.setdefault(connector.facts.slug, set()).add(one.name)
    if form and form not in known:
        raise BadInput(f"There is no format {form}. Known are: {', '.join(sorted(known))}.")
    order = actions.interrupted(workspace, str(path), formats=known.get(form, ()), options=options)
    if order is not None:
        say("going on where an earlier import of this archive stopped")
        return order
    return actions.order_import(workspace, path=str(path), name=path.name, format=form, options=options)


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[ArchiveImport], None] | None]:
    """A progress bar on stderr: share, rate, remaining time."""
    if quiet:
        yield None
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
        TextColumn("{task.fields[messages]:,} messages, {task.fields[rate]:,}/s"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("Importing", total=None, messages=0, rate=0)

        def show(order: ArchiveImport) -> None:
            bar.update(
                task,
                total=order.bytes_total,
                completed=order.bytes_read,
                messages=order.messages_seen,
                rate=order.rate or 0,
            )

        yield show


def _print(result: dict[str, object]) -> None:
    click.echo(
        f"Read as {result['format']} in {result['seconds']} s: {result['messages_new']:,} new messages of"
        f" {result['messages_seen']:,}, {result['conversations_new']:,} new conversations,"
        f" {result['members_new']:,} new members."
    )
    skipped = result["skipped"]
    for entry in skipped if isinstance(skipped, list) else []:
        click.echo(f"Skipped {entry['count']:,}: {entry['reason']} (first: {entry['where']})")
