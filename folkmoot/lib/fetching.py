"""The way out to the web: one client for everything that is fetched, guarded against being led astray.

- A name is resolved once, every address is checked, and the connection goes to the address that was checked: a name
  server that answers differently the second time is never asked a second time.
- Private addresses are refused unless the installation allows them, however they are written or redirected to.
- Time and size have limits for the whole of an answer, compressed or not, and no proxy of the environment is used.
"""

from __future__ import annotations

import socket
import ssl
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from time import monotonic
from typing import Any

import httpcore
import httpx

from folkmoot import __version__
from folkmoot.lib import env
from folkmoot.lib.addresses import NOTHING_PRIVATE, Address, Allowed, is_public

MOST_BYTES = 10 * 1024 * 1024
SECONDS = 20.0
CONNECT_SECONDS = 10.0
MOST_REDIRECTS = 5
AGENT = f"Folkmoot/{__version__}"

Resolve = Callable[..., list[Any]]

_KEPT_ELSEWHERE = frozenset({"accept", "accept-language", "accept-encoding", "user-agent"})


class CantFetch(Exception):
    """Nothing usable came back; the message says why, in English, for logs and for those who run the server."""


class NotAllowed(CantFetch):
    """The address is none that may be fetched from: asking again will not help."""


class PrivateAddress(NotAllowed):
    """The address stands in a network of somebody's own, and nobody allowed it."""


class Unreachable(CantFetch):
    """No connection, or it broke off."""


class NeverAsked(Unreachable):
    """No connection: what was asked for was surely not done."""


class TimedOut(CantFetch):
    """No whole answer in time; what was asked for may have been done."""


class TooLarge(CantFetch):
    """The answer is larger than what is taken."""


def client(
    *, allowed: Allowed = NOTHING_PRIVATE, resolve: Resolve = socket.getaddrinfo, limits: httpx.Limits | None = None
) -> httpx.Client:
    """A client that reaches nothing but public and ``allowed`` addresses. It follows no redirects: ``fetch`` does."""
    return httpx.Client(
        transport=_Transport(_Backend(allowed, resolve), limits or httpx.Limits(max_connections=20)),
        timeout=httpx.Timeout(SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": AGENT, "Accept-Encoding": "gzip"},
        follow_redirects=False,
        trust_env=False,
    )


@contextmanager
def streamed(
    http: httpx.Client, url: str, *, headers: Mapping[str, str] | None = None, silence: float = 60.0
) -> Iterator[httpx.Response]:
    """An answer that does not end, to be read by ``iter_lines`` or ``iter_bytes``: each wait at most ``silence`` seconds.

    Redirects are not followed. Raises ``CantFetch``, also while it is read.
    """
    timeout = httpx.Timeout(silence, connect=CONNECT_SECONDS)
    try:
        with http.stream("GET", _checked(url), headers=headers, timeout=timeout) as response:
            yield response
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise NeverAsked(str(error) or type(error).__name__) from error
    except httpx.TimeoutException as error:
        raise TimedOut("nothing came for too long") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise Unreachable(str(error) or type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole answer. ``url`` is where it came from in the end; ``body`` is unpacked."""

    status: int
    url: str
    headers: httpx.Headers
    body: bytes

    @property
    def media_type(self) -> str:
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()


def fetch(
    http: httpx.Client,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    most: int = MOST_BYTES,
    seconds: float = SECONDS,
) -> Fetched:
    """Asks and takes the whole answer, whatever its status. Raises ``CantFetch``.

    At most ``most`` bytes (packed and unpacked) within ``seconds``, redirects included. Redirects are followed for GET
    and HEAD alone, never from https to http; other origins see none of the caller's own headers.
    """
    return send(http, http.build_request(method, _checked(url), headers=headers, json=json), most=most, seconds=seconds)


def send(http: httpx.Client, request: httpx.Request, *, most: int = MOST_BYTES, seconds: float = SECONDS) -> Fetched:
    """``fetch`` for a request that was made with ``http.build_request``."""
    here, sent, method = _checked(str(request.url)), dict(request.headers), request.method
    with _until(monotonic() + seconds):
        for _turn in range(MOST_REDIRECTS + 1):
            answer = _ask(http, request, most)
            if method not in ("GET", "HEAD") or not _redirects(answer):
                return answer
            there = _checked(str(here.join(answer.headers["location"])))
            if here.scheme == "https" and there.scheme != "https":
                raise NotAllowed(f"{here.host} redirects from https to {there.scheme}")
            if _origin(here) != _origin(there):
                sent = {name: value for name, value in sent.items() if name.lower() in _KEPT_ELSEWHERE}
            sent.pop("host", None)
            here, request = there, http.build_request(method, there, headers=sent)
    raise Unreachable(f"more than {MOST_REDIRECTS} redirects")


def _redirects(answer: Fetched) -> bool:
    return answer.status in (301, 302, 303, 307, 308) and "location" in answer.headers


def _checked(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise NotAllowed(f"not an address: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise NotAllowed("only addresses that begin with http:// or https:// are fetched")
    if parsed.userinfo:
        raise NotAllowed("an address with a name and password in it is not fetched")
    return parsed


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _ask(http: httpx.Client, request: httpx.Request, most: int) -> Fetched:
    try:
        response = http.send(request, stream=True)
        try:
            body = b"".join(_taken(response, most))
        finally:
            response.close()
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise NeverAsked(f"{request.url.host}: {error or type(error).__name__}") from error
    except httpx.TimeoutException as error:
        raise TimedOut(f"no whole answer from {request.url.host} in time") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise Unreachable(f"{request.url.host}: {error or type(error).__name__}") from error
    return Fetched(response.status_code, str(request.url), response.headers, body)


def _taken(response: httpx.Response, most: int) -> Iterator[bytes]:
    """The body, unpacked bit by bit so that a small one can't unfold into a huge one."""
    unpack = _unpacking(response)
    packed = unpacked = 0
    # What was made in memory, as by httpx.MockTransport, is read already
    for chunk in (response.content,) if response.is_stream_consumed else response.iter_raw():
        packed += len(chunk)
        try:
            piece = unpack(chunk, most - unpacked + 1)
        except zlib.error as error:
            raise Unreachable(f"{response.request.url.host}: the answer is packed wrongly") from error
        unpacked += len(piece)
        if packed > most or unpacked > most:
            raise TooLarge(f"the answer of {response.request.url.host} is larger than {most} bytes")
        yield piece


def _unpacking(response: httpx.Response) -> Callable[[bytes, int], bytes]:
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing in ("", "identity"):
        return lambda chunk, _most: chunk
    if packing in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(wbits=47).decompress  # 47: gzip or zlib, as the data say
    raise Unreachable(f"{response.request.url.host}: the answer is packed in an unknown way ({packing[:20]})")


_deadline: ContextVar[float] = ContextVar("deadline")


@contextmanager
def _until(moment: float) -> Iterator[None]:
    """Everything within is over by then: time-outs count anew at each read, and a slow drip never meets them."""
    before = _deadline.set(moment)
    try:
        yield
    finally:
        _deadline.reset(before)


def _left(timeout: float | None) -> float | None:
    if (moment := _deadline.get(None)) is None:
        return timeout
    left = moment - monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the whole took too long")
    return left if timeout is None else min(timeout, left)


class _Transport(httpx.HTTPTransport):
    def __init__(self, backend: httpcore.NetworkBackend, limits: httpx.Limits) -> None:
        super().__init__(verify=trust(), trust_env=False)  # or it would read all authorities anew
        self._pool.close()
        # httpx has no parameter for it (as of 0.28); the pool is made as its own constructor makes it
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust(),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=backend,
        )


@cache
def trust() -> ssl.SSLContext:
    """Whom TLS trusts; one for all clients, for it is slow to make and large. Raises ``BadSetting``."""
    context = httpx.create_ssl_context(trust_env=False)
    if path := env.text("FOLKMOOT_AUTHORITIES"):
        try:
            context.load_verify_locations(path)
        except OSError as error:
            raise env.BadSetting(f"FOLKMOOT_AUTHORITIES names no file of certificates: {error}") from error
    return context


def dial(
    host: str,
    port: int,
    *,
    tls: bool,
    allowed: Allowed = NOTHING_PRIVATE,
    resolve: Resolve = socket.getaddrinfo,
    seconds: float = CONNECT_SECONDS,
) -> socket.socket:
    """A connection for protocols other than HTTP, to a checked address. Raises ``CantFetch``."""
    try:
        addresses = _Backend(allowed, resolve).addresses(host, port)
    except httpcore.ConnectError as error:
        raise NeverAsked(str(error)) from error
    failed: Exception | None = None
    for address in addresses:
        try:
            made = socket.create_connection((str(address), port), timeout=seconds)
            return trust().wrap_socket(made, server_hostname=host) if tls else made
        except OSError as error:
            failed = error
    raise NeverAsked(f"{host}, port {port}: {failed or 'no address'}") from failed


class _Backend(httpcore.NetworkBackend):
    """Opens connections to checked addresses only. TLS still asks for, and checks, the name."""

    def __init__(self, allowed: Allowed, resolve: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self.addresses(host, port):
            try:
                made = self._sockets.connect_tcp(str(address), port, _left(timeout), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _Stream(made)
        raise failed

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise NotAllowed("Unix sockets are not fetched from")

    def addresses(self, host: str, port: int) -> list[Address]:
        try:
            found = self._resolve(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} is not known") from error
        addresses = list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))
        open_ones = [one for one in addresses if is_public(one) or (one, port) in self._allowed]
        if addresses and not open_ones:
            raise PrivateAddress(f"{host} is at the private address {addresses[0]}, port {port}")
        return open_ones


class _Stream(httpcore.NetworkStream):
    """A connection on which no single wait goes beyond the end of the whole."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
