from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from folkmoot.lib import fetching
from folkmoot.lib.addresses import Allowed
from folkmoot.lib.pictures import ABSENT, FRESH, MOST_BYTES, Shelf, media_type

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20
URL = "https://pictures.example/ada.png"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "pictures")


def answering(respond: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(respond))


def one(content: bytes, status: int = 200, kind: str = "image/png") -> httpx.Client:
    return answering(lambda _request: httpx.Response(status, content=content, headers={"Content-Type": kind}))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (b"GIF89a..", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"), (b"\x00\x00\x00\x1cftypavif", "image/avif"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ""), (b"<html>", ""), (b"", ""), (b"RIFF....WAVE", ""),
    ],
)  # fmt: skip
def test_a_picture_is_what_begins_like_one(data: bytes, kind: str) -> None:
    assert media_type(data) == kind


def test_a_picture_is_fetched_once_and_kept(shelf: Shelf) -> None:
    assert shelf.find(URL, now=NOW) is None
    assert shelf.fetch(URL, one(PNG), now=NOW)
    kept = shelf.find(URL, now=NOW)
    assert kept
    assert (kept.data, kept.media_type, kept.stale) == (PNG, "image/png", False)
    later = shelf.find(URL, now=NOW + FRESH + timedelta(seconds=1))
    assert later
    assert later.stale


@pytest.mark.parametrize(
    "http",
    [one(b"gone", 404), one(b"<svg/>", kind="image/svg+xml"), one(b"<html>"), one(PNG + b"x" * MOST_BYTES)],
    ids=["not found", "a drawing that could act", "a page", "too large"],
)
def test_what_can_not_be_had_is_not_asked_for_again_for_a_day(shelf: Shelf, http: httpx.Client) -> None:
    assert not shelf.fetch(URL, http, now=NOW)
    kept = shelf.find(URL, now=NOW + ABSENT - timedelta(minutes=1))
    assert kept
    assert (kept.data, kept.stale) == (b"", False)
    later = shelf.find(URL, now=NOW + ABSENT + timedelta(minutes=1))
    assert later
    assert later.stale


def test_a_picture_outlives_that_it_can_not_be_had_any_more(shelf: Shelf) -> None:
    shelf.fetch(URL, one(PNG), now=NOW)
    shelf.fetch(URL, one(b"gone", 404), now=NOW + FRESH)
    kept = shelf.find(URL, now=NOW + FRESH)
    assert kept
    assert (kept.data, kept.stale) == (PNG, False)


@pytest.fixture
def loopback() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PNG)

        def log_message(self, *_anything: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/ada.png", asked
    server.shutdown()
    server.server_close()
    thread.join()


def test_pictures_of_this_machine_and_its_neighbours_are_not_fetched(
    shelf: Shelf, loopback: tuple[str, list[str]]
) -> None:
    url, asked = loopback
    with fetching.client() as http:
        assert not shelf.fetch(url, http, now=NOW)
        assert not shelf.fetch("http://169.254.169.254/latest/meta-data", http, now=NOW)
        assert not shelf.fetch("file:///etc/passwd", http, now=NOW)
    assert not asked
    with fetching.client(allowed=Allowed.read(["127.0.0.0/8"])) as http:
        assert shelf.fetch(url, http, now=NOW)
    assert asked == ["/ada.png"]


def test_a_name_that_leads_inside_is_not_followed(shelf: Shelf, loopback: tuple[str, list[str]]) -> None:
    url, asked = loopback
    port = url.split(":")[2].split("/")[0]

    def resolve(*_anything: object, **_more: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]

    with fetching.client(resolve=resolve) as http:
        assert not shelf.fetch(f"http://pictures.example:{port}/ada.png", http, now=NOW)
    assert not asked


def test_the_folder_stays_small(shelf: Shelf) -> None:
    for n in range(5):
        shelf.fetch(f"{URL}?{n}", one(PNG), now=NOW + timedelta(minutes=n))
    assert shelf.tidy(most=3 * len(PNG)) == 2
    assert shelf.find(f"{URL}?0", now=NOW) is None
    assert shelf.find(f"{URL}?4", now=NOW)
    assert shelf.tidy(most=3 * len(PNG)) == 0
