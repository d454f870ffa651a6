"""WebSockets by the guarded way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from folkmoot.lib import fetching
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused
from folkmoot.networks.live import Access

SOON = 10.0
MOST_BYTES = 4 * 1024 * 1024
PING_SECONDS = 20.0


@contextmanager
def connected(access: Access, url: str, *, headers: Mapping[str, str] | None = None) -> Iterator[ClientConnection]:
    """An open connection, kept alive by pings. Raises ``NetworkError``, never with the address in it: tokens may be there."""
    address = _parsed(url)
    secure = address.scheme == "wss"
    port = address.port or (443 if secure else 80)
    dialled = access.dial(address.host, port, tls=False, seconds=fetching.CONNECT_SECONDS)
    dialled.settimeout(None)
    try:
        opened = connect(
            url,
            sock=dialled,
            ssl=fetching.trust() if secure else None,
            additional_headers=dict(headers or {}),
            user_agent_header=fetching.AGENT,
            open_timeout=fetching.SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            close_timeout=1,
            max_size=MOST_BYTES,
            proxy=None,
        )
    except (WebSocketException, OSError) as error:
        dialled.close()
        raise _meant(address.host, error) from error
    with opened:
        yield opened


def received(connection: ClientConnection, seconds: float) -> str | bytes | None:
    """The next message, or None when none came in time. Raises ``Later`` when the connection ended."""
    try:
        return connection.recv(timeout=seconds)
    except TimeoutError:
        return None
    except ConnectionClosed as error:
        raise Later("the connection for live news ended", retry_after=SOON) from error


def said(connection: ClientConnection, text: str) -> None:
    """Sends a message. Raises ``Later`` when the connection ended."""
    try:
        connection.send(text)
    except ConnectionClosed as error:
        raise Later("the connection for live news ended", retry_after=SOON) from error


def _parsed(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise Refused("the address for live news can't be read") from error
    if address.scheme not in ("ws", "wss") or not address.host:
        raise Refused("the address for live news can't be read")
    return address


def _meant(host: str, error: Exception) -> NetworkError:
    status = error.response.status_code if isinstance(error, InvalidStatus) else 0
    if status == 401:
        return Reconnect(f"{host} does not accept our token any more")
    if 400 <= status < 500 and status not in (408, 425, 429):
        return Refused(f"{host} gives no live news (status {status})")
    return Later(f"no connection for live news with {host}", retry_after=SOON)
