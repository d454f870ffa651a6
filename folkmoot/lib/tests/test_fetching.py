"""Fetching, against real servers on this machine; names are resolved by the test."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import httpx
import pytest

from folkmoot.lib.addresses import Allowed, is_public
from folkmoot.lib.fetching import NotAllowed, TimedOut, TooLarge, Unreachable, client, fetch

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A web server of the test: what it answers by path, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(
                    (self.command, self.path, {key.lower(): value for key, value in self.headers.items()})
                )
                site.answers[self.path](self)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def says(self, path: str, body: bytes = b"hello", status: int = 200, **headers: str) -> None:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.answers[path] = answer


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def http(site: Site) -> Iterator[httpx.Client]:
    with client(allowed=Allowed.read([f"127.0.0.1:{site.port}"])) as made:
        yield made


def names(**table: list[str]) -> Callable[..., list[Any]]:
    """A name server: each name gives its addresses in turn, the last one for ever."""

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        known = table.get(host.replace(".", "_").replace("-", "_"), [host])
        address = known.pop(0) if len(known) > 1 else known[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    return resolve


def test_an_answer_comes_whole(site: Site, http: httpx.Client) -> None:
    site.says("/", "привет".encode(), Content_Type="Text/Plain; charset=utf-8")
    answer = fetch(http, "GET", site.url("/"))
    assert (answer.status, answer.body.decode(), answer.media_type) == (200, "привет", "text/plain")
    assert site.asked[0][2]["user-agent"].startswith("Folkmoot/")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
     "255.255.255.255", "192.0.0.8", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1",
     "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::",
     "2001:db8::1"],
)  # fmt: skip
def test_inward_addresses_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "127.1"])
def test_this_machine_is_refused_however_it_is_written(site: Site, host: str) -> None:
    site.says("/")
    with client() as http, pytest.raises((NotAllowed, Unreachable)):
        fetch(http, "GET", site.url("/", host))
    assert site.asked == []


def test_a_name_that_leads_inwards_is_refused(site: Site) -> None:
    resolve = names(inner_example_org=["10.0.0.7"])
    with client(resolve=resolve) as http, pytest.raises(NotAllowed, match=r"private address 10\.0\.0\.7"):
        fetch(http, "GET", site.url("/", "inner.example.org"))


def test_the_address_that_was_checked_is_the_one_connected_to(site: Site) -> None:
    """A name server that first shows an allowed address and then another is asked once a connection, no more."""
    site.says("/")
    turns = ["127.0.0.1", "10.0.0.7"]
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (turns[len(asked) - 1], port))]

    with client(allowed=Allowed.read(["127.0.0.1"]), resolve=resolve) as http:
        assert fetch(http, "GET", site.url("/", "moving.example.org")).body == b"hello"
    assert asked == ["moving.example.org"]
    assert site.asked[0][2]["host"] == f"moving.example.org:{site.port}"


def test_a_redirect_inwards_is_refused(site: Site) -> None:
    site.says("/", status=302, Location="http://metadata.example.org/latest")
    resolve = names(metadata_example_org=["169.254.169.254"])
    with client(allowed=Allowed.read(["127.0.0.1"]), resolve=resolve) as http, pytest.raises(NotAllowed):
        fetch(http, "GET", site.url("/"))


def test_an_allowed_port_opens_no_other(site: Site) -> None:
    with client(allowed=Allowed.read(["127.0.0.1:1"])) as http, pytest.raises(NotAllowed):
        fetch(http, "GET", site.url("/"))


def test_a_redirect_is_followed_and_other_origins_see_no_key(site: Site) -> None:
    other = Site()
    site.says("/", status=302, Location="/next")
    site.says("/next", status=302, Location=other.url("/end"))
    other.says("/end", b"there")
    with client(allowed=Allowed.read(["127.0.0.1"])) as http:
        answer = fetch(http, "GET", site.url("/"), headers={"Authorization": "Bearer k", "X-Api-Key": "k"})
    other.server.shutdown()
    other.server.server_close()
    assert (answer.body, answer.url) == (b"there", other.url("/end"))
    assert [head.get("authorization") for _m, _p, head in site.asked] == ["Bearer k", "Bearer k"]
    assert other.asked[0][2].keys() & {"authorization", "x-api-key"} == set()


def test_redirects_in_a_circle_end(site: Site, http: httpx.Client) -> None:
    site.says("/", status=302, Location="/")
    with pytest.raises(Unreachable, match="redirects"):
        fetch(http, "GET", site.url("/"))


def test_what_is_sent_is_never_redirected(site: Site, http: httpx.Client) -> None:
    site.says("/", status=307, Location="/next")
    assert fetch(http, "POST", site.url("/"), json={"a": 1}).status == 307
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "url", ["ftp://example.org/", "file:///etc/passwd", "//example.org", "http://", "http://a@b.org/"]
)
def test_other_addresses_are_not_fetched(http: httpx.Client, url: str) -> None:
    with pytest.raises(NotAllowed):
        fetch(http, "GET", url)


def test_an_answer_that_is_too_large_is_given_up(site: Site, http: httpx.Client) -> None:
    site.says("/", b"x" * 20_000)
    with pytest.raises(TooLarge):
        fetch(http, "GET", site.url("/"), most=10_000)


def test_a_small_answer_that_unfolds_into_a_huge_one_is_given_up(site: Site, http: httpx.Client) -> None:
    site.says("/", gzip.compress(b"\0" * 50_000_000), Content_Encoding="gzip")
    with pytest.raises(TooLarge):
        fetch(http, "GET", site.url("/"), most=1_000_000)


def test_a_packed_answer_is_unpacked(site: Site, http: httpx.Client) -> None:
    site.says("/", gzip.compress(b"packed " * 100), Content_Encoding="gzip")
    assert fetch(http, "GET", site.url("/")).body == b"packed " * 100


def test_an_answer_packed_wrongly_is_no_answer(site: Site, http: httpx.Client) -> None:
    site.says("/", b"not packed at all", Content_Encoding="gzip")
    with pytest.raises(Unreachable, match="packed wrongly"):
        fetch(http, "GET", site.url("/"))


def test_a_slow_drip_is_given_up_in_time(site: Site, http: httpx.Client) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            try:
                handler.wfile.write(b"x")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    site.answers["/"] = drip
    began = time.monotonic()
    with pytest.raises(TimedOut):
        fetch(http, "GET", site.url("/"), seconds=0.3)
    assert time.monotonic() - began < 1


def test_a_connection_that_breaks_off_is_no_answer(site: Site, http: httpx.Client) -> None:
    def break_off(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"half")

    site.answers["/"] = break_off
    with pytest.raises(Unreachable):
        fetch(http, "GET", site.url("/"))


def test_an_unknown_name_and_a_closed_port_are_told_of() -> None:
    def nobody(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror("no such name")

    with client(resolve=nobody) as http, pytest.raises(Unreachable, match="not known"):
        fetch(http, "GET", "http://nowhere.example.org/")
    with client(allowed=Allowed.read(["127.0.0.1"])) as http, pytest.raises(Unreachable):
        fetch(http, "GET", "http://127.0.0.1:1/")


def test_no_proxy_of_the_environment_is_used(site: Site, http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    site.says("/")
    with client(allowed=Allowed.read(["127.0.0.1"])) as made:
        assert fetch(made, "GET", site.url("/")).status == 200


@pytest.mark.parametrize("word", ["localhost", "127.0.0.1:x", "10.0.0.0/99", ""])
def test_what_is_no_network_is_refused(word: str) -> None:
    with pytest.raises(ValueError):
        Allowed.read([word])


def test_networks_may_be_allowed_whole_and_in_both_families() -> None:
    allowed = Allowed.read(["10.0.0.0/8", "[fd00::1]:80", "fd01::/16"])
    assert (ip_address("10.9.9.9"), 1234) in allowed
    assert (ip_address("fd00::1"), 80) in allowed
    assert (ip_address("fd00::1"), 81) not in allowed
    assert (ip_address("fd01:1::1"), 5) in allowed
