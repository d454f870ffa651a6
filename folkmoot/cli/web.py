"""folkmoot web: the processes that answer browsers, and how they are told to."""

from __future__ import annotations

import errno
import http.client
import os
import socket
from collections.abc import Callable
from importlib import import_module

import click
import uvicorn
from django.urls import get_resolver

from folkmoot.cli import database
from folkmoot.cli.failures import Failed
from folkmoot.cli.supervisor import Child, Supervisor
from folkmoot.lib import env

GRACE_SECONDS = 3
APPLICATION = "folkmoot.asgi"

port_option = click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Where to listen; 0 takes any free."
)
host_option = click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")


@click.command("web")
@port_option
@host_option
def command(port: int, host: str) -> None:
    """Run the web processes alone.

    For several machines: point each at the same DATABASE_URL. FOLKMOOT_WEB_PROCESSES says how many (2).
    """
    listener = bound(host, port)
    database.migrated()
    preload()
    database.let_go()
    address = url(listener)
    Supervisor(
        processes(listener),
        ready=lambda: answers(listener),
        on_ready=lambda: click.echo(f"Folkmoot answers at {address}"),
    ).run()


def bound(host: str, port: int) -> socket.socket:
    """A socket at the address, not listening yet. Raises ``Failed`` with what to do when it can't be had."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise Failed(f"--host {host} is not an address of this machine. Try --host 127.0.0.1.") from error
    found = socket.socket(family, kind, protocol)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(address)
    except OSError as error:
        found.close()
        raise Failed(_why_not_bound(host, port, error)) from error
    return found


def url(listener: socket.socket) -> str:
    """The address to open in a browser on this machine."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def processes(listener: socket.socket) -> list[Child]:
    count = env.integer("FOLKMOOT_WEB_PROCESSES", 2)
    return [Child(f"web {number}", serving(listener)) for number in range(1, max(count, 1) + 1)]


def serving(listener: socket.socket) -> Callable[[], None]:
    """A web process: answers on the shared socket until it is told to end."""

    def serve() -> None:
        config = uvicorn.Config(
            f"{APPLICATION}:application",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=env.boolean("FOLKMOOT_BEHIND_PROXY", False),
            forwarded_allow_ips="*",
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=30,
        )
        uvicorn.Server(config).run(sockets=[listener])

    return serve


def preload() -> None:
    """Loads the application and every view once, before the processes are forked and share it."""
    import_module(APPLICATION)
    _ = get_resolver().url_patterns


def answers(listener: socket.socket) -> bool:
    """Whether a web process answers; any answer but a server's own failure will do."""
    host, port = listener.getsockname()[:2]
    connection = http.client.HTTPConnection(_reachable(host), port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _why_not_bound(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken. Stop what uses it, or choose another: folkmoot up --port {port + 1}"
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than user {os.getuid()} has. Choose one above 1023: --port 8000"
    return f"{host}:{port} can't be listened on ({error.strerror}). Try --host 127.0.0.1."
