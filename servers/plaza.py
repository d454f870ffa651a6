"""A small network of our own, to try the engine with: it loses, breaks and delays answers as often as it is told to.

What it did is asked for at ``/did``: every post with the key that it was sent with, so that a test can tell what was
lost or done twice. It never recognises a key by itself.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

from servers.base import Running

TOKEN = "plaza-token"
LONG_POLL_SECONDS = 2.0


@dataclass
class Square:
    """What there is on the plaza. ``faults`` is the share of requests that go wrong, ``wait`` what each takes, ``next``
    what goes wrong with the next ones. ``moved`` are places that have another name now, ``slow`` those that take ``wait``
    alone if any are named. ``skew`` is by how many seconds its clock is wrong, ``sends_to`` where it redirects reading.
    ``most_at_once`` is how many asked for a place at the same time.
    """

    faults: float = 0.0
    wait: float = 0.0
    seed: int = 1
    posts: list[dict[str, Any]] = field(default_factory=list)
    banned: set[str] = field(default_factory=set)
    token: str = TOKEN
    revoked: bool = False
    slow_down: float = 0.0
    places: tuple[str, ...] = ("lounge", "kitchen")
    next: deque[str] = field(default_factory=deque)
    moved: dict[str, str] = field(default_factory=dict)
    slow: set[str] = field(default_factory=set)
    skew: float = 0.0
    sends_to: str = ""
    most_at_once: Counter[str] = field(default_factory=Counter)
    news: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self._version = 0
        self._asking: Counter[str] = Counter()

    @contextmanager
    def asked(self, place: str) -> Iterator[None]:
        with self.news:
            self._asking[place] += 1
            self.most_at_once[place] = max(self.most_at_once[place], self._asking[place])
        try:
            yield
        finally:
            with self.news:
                self._asking[place] -= 1

    def now(self) -> float:
        return time.time() + self.skew

    def move(self, place: str, to: str) -> None:
        """The place has another name from now on, and all that was said is there."""
        with self.news:
            self.moved[place] = to
            self.places = tuple(to if name == place else name for name in self.places)
            for post in self.posts:
                post["place"] = to if post["place"] == place else post["place"]

    def fault(self) -> str:
        """What goes wrong with this request; nothing most of the time."""
        with self.news:
            if self.next:
                return self.next.popleft()
            if self.chance.random() >= self.faults:
                return ""
            return self.chance.choice(["busy", "broken before", "broken after", "cut after", "half"])

    def add(self, post: dict[str, Any]) -> dict[str, Any]:
        with self.news:
            made = {"parent": "", "key": "", "edited": None, "gone": False} | post
            self._version += 1
            made |= {"id": len(self.posts) + 1, "version": self._version, "at": self.now()}
            self.posts.append(made)
            self.news.notify_all()
        return made

    def change(self, number: int, **fields: Any) -> bool:
        with self.news:
            if not 0 < number <= len(self.posts):
                return False
            self._version += 1
            self.posts[number - 1] |= fields | {"version": self._version}
            self.news.notify_all()
        return True

    def since(self, version: int, place: str = "", most: int = 200) -> list[dict[str, Any]]:
        if version >= self._version:
            return []
        found = [post for post in self.posts if post["version"] > version and place in ("", post["place"])]
        return sorted(found, key=lambda post: post["version"])[:most]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    square: Square

    def log_message(self, format: str, *args: Any) -> None:
        return None

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PATCH = do_DELETE = do_GET

    def _answer(self) -> None:
        address = urlparse(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        size = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(size) or b"{}")
        if address.path.startswith("/did"):
            self._say(200, self.square.posts)
            return
        if address.path.startswith("/token"):  # a new one for the old one
            status = 503 if self.square.slow_down else 200
            self._say(status, {"token": self.square.token}, {"Retry-After": str(self.square.slow_down)})
            return
        if self.square.revoked or self.headers.get("authorization") != f"Bearer {self.square.token}":
            self._say(401, {"error": "unknown token"})
            return
        place = query.get("place") or body.get("place") or ""
        with self.square.asked(place):
            if self.square.wait and (not self.square.slow or place in self.square.slow):
                time.sleep(self.square.wait)
            if place in self.square.moved:
                self._say(*self._moved(place))
            elif self.square.sends_to and self.command == "GET":
                self._say(302, {}, {"Location": self.square.sends_to})
            elif self.square.slow_down:
                self._say(429, {"error": "slow down"}, {"Retry-After": str(self.square.slow_down)})
            else:
                self._guarded(self.square.fault(), address.path, query, body)

    def _moved(self, place: str) -> tuple[int, Any]:
        return 410, {"moved": self.square.moved[place], "was": place}

    def _guarded(self, fault: str, path: str, query: dict[str, str], body: dict[str, Any]) -> None:
        if fault == "busy":
            self._say(503, {"error": "busy"}, {"Retry-After": "0.1"})
        elif fault == "broken before":
            self._say(500, {"error": "broken"})
        elif fault == "nul":
            self._say(400, "", page=b"no\x00 \xed\xa0\x80 text")
        else:
            self._say_badly(fault, *self._do(path, query, body))

    def _say_badly(self, fault: str, status: int, said: Any) -> None:
        match fault:
            case "broken after":
                self._say(500, {"error": "broken"})
            case "cut after":
                self.close_connection = True
            case "html":
                self._say(200, "", page=b"<!DOCTYPE html><html><body>Just a moment...</body></html>")
            case "half JSON":
                self._say(200, "", page=b"[{" + json.dumps(said).encode()[:-3])
            case "half":
                self._half(said)
            case _:
                self._say(status, said)

    def _do(self, path: str, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        parts = path.strip("/").split("/")
        if self.command == "GET":
            answer = self._read(parts[0], query)
            gone = [one for one in query.get("places", "").split(",") if one in self.square.moved]
            return self._moved(gone[0]) if gone else (200, answer)
        if parts[0] == "bans":
            (self.square.banned.discard if self.command == "DELETE" else self.square.banned.add)(body["person"])
            return 200, {}
        if self.command == "POST":
            return 201, self.square.add(body)
        fields = (
            {"gone": True, "text": ""}
            if self.command == "DELETE"
            else {"text": body["text"], "edited": self.square.now()}
        )
        return (200, {}) if self.square.change(int(parts[1]), **fields) else (404, {"error": "no such post"})

    def _read(self, what: str, query: dict[str, str]) -> Any:
        if what == "me":
            return {"id": query.get("account", "us"), "name": "Folk"}
        if what == "places":
            return [{"id": name, "name": name} for name in self.square.places]
        if what == "own":
            return [post for post in self.square.posts if post["key"] == query["key"]]
        if what == "stream":
            with self.square.news:
                self.square.news.wait_for(
                    lambda: bool(self.square.since(int(query["after"]))), timeout=LONG_POLL_SECONDS
                )
        return self.square.since(int(query.get("after", 0)), query.get("place", ""))

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(self.square.now() if timestamp is None else timestamp)

    def _say(self, status: int, said: Any, headers: dict[str, str] | None = None, page: bytes = b"") -> None:
        body = page or json.dumps(said).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "text/html" if page.startswith(b"<") else "application/json",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _half(self, said: Any) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Those who hang up in the middle are killed on purpose."""


@contextmanager
def opened(square: Square) -> Iterator[str]:
    """The address at which a square is, in threads of this process, until the end of the block."""
    handler = type("Handler", (_Handler,), {"square": square})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def install(folder: Path) -> None:
    """It is here already."""


@contextmanager
def start(installed: Path, work: Path) -> Iterator[Running]:
    with opened(Square()) as address:
        yield Running(address, {"token": TOKEN})
