"""scripts/servers: starts servers to develop against."""

from __future__ import annotations

import pkgutil
import signal
from contextlib import ExitStack

import click

import servers
from servers.base import NotHere, install, running

NAMES = sorted(
    name
    for _, name, _ in pkgutil.iter_modules(servers.__path__)
    if name not in ("__main__", "base", "plaza_connector", "plaza_process")
)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--install", "only_install", is_flag=True, help="Install without starting.")
def main(names: tuple[str, ...], only_install: bool) -> None:
    """Start servers (each installed when first asked for) until Ctrl-C; without a name, say which there are."""
    if not names:
        click.echo("\n".join(NAMES))
        return
    for ending in (signal.SIGINT, signal.SIGTERM):  # shells have what runs in the background ignore the first
        signal.signal(ending, signal.default_int_handler)
    try:
        if only_install:
            for name in names:
                install(name)
            return
        with ExitStack() as stack:
            for name in names:
                server = stack.enter_context(running(name))
                click.echo(f"{name}: {server.address}")
                for key, value in server.details.items():
                    click.echo(f"  {key}: {value}")
            click.echo("Ctrl-C stops it.")
            signal.pause()
    except NotHere as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
