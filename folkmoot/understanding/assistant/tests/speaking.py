"""A server on this machine that speaks OpenAI's chat completions, strictly: what it does not know it refuses.

It follows the published description: POST to ``/v1/chat/completions``, JSON with ``model`` and ``messages`` of ``role`` and
``content``, a bearer key; errors as ``{"error": {"message", "type", "param", "code"}}``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

KEY = "sk-test-51234"
MODEL = "small-1"
KNOWN = {"model", "messages", "temperature", "max_tokens", "max_completion_tokens"}

Say = Callable[[dict[str, Any]], str]
Start = Callable[[str, list[tuple[str, str]]], Any]


class Refusal(Exception):
    def __init__(
        self, status: str, message: str, kind: str = "invalid_request_error", param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": None}}


@dataclass
class Speaking:
    """``say`` answers what was asked; ``fault`` is what goes wrong. ``asked`` are the bodies that came."""

    say: Say = lambda _body: "Hello from a model."
    fault: str = ""
    newer: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            return self._answered(environ, body, start)
        except Refusal as refusal:
            return _sent(start, refusal.status, refusal.body)

    def _answered(self, environ: dict[str, Any], raw: bytes, start: Start) -> Iterable[bytes]:
        self.keys.append(environ.get("HTTP_AUTHORIZATION", ""))
        if environ["PATH_INFO"] != "/v1/chat/completions":
            raise Refusal("404 Not Found", f"Unknown request URL: {environ['PATH_INFO']}")
        if self.keys[-1] != f"Bearer {KEY}":
            raise Refusal("401 Unauthorized", "Incorrect API key provided")
        body = self._checked(environ, raw)
        self.asked.append(body)
        return self._faulty(start) if self.fault else _sent(start, "200 OK", self._completion(body))

    def _checked(self, environ: dict[str, Any], raw: bytes) -> dict[str, Any]:
        if environ.get("CONTENT_TYPE") != "application/json" or environ["REQUEST_METHOD"] != "POST":
            raise Refusal("400 Bad Request", "we could not parse the JSON body of your request")
        body: dict[str, Any] = json.loads(raw)
        if unknown := body.keys() - KNOWN:
            raise Refusal("400 Bad Request", f"Unrecognized request arguments: {unknown}")
        if body["model"] != MODEL:
            raise Refusal("404 Not Found", f"The model `{body['model']}` does not exist", param="model")
        if self.newer and "max_tokens" in body:
            raise Refusal(
                "400 Bad Request",
                "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead.",
                param="max_tokens",
            )
        for message in body["messages"]:
            assert set(message) == {"role", "content"}
            assert message["role"] in {"system", "user", "assistant"}
            assert isinstance(message["content"], str)
        return body

    def _completion(self, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": f"{MODEL}-2026",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": self.say(body), "refusal": None},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 40, "completion_tokens": 2, "total_tokens": 42},
        }

    def _faulty(self, start: Start) -> Iterable[bytes]:
        whole = json.dumps(self._completion(self.asked[-1])).encode()
        if self.fault.isdigit():
            raise Refusal(
                f"{self.fault} Wrong", {"429": "Rate limit reached"}.get(self.fault, "The server had an error")
            )
        if self.fault == "html":
            return _sent(start, "200 OK", b"<html>Welcome to nginx</html>", kind="text/html")
        if self.fault == "cut":
            return _sent(start, "200 OK", whole[: len(whole) // 2])
        if self.fault == "broken off":
            return _sent(start, "200 OK", whole[:50], length=len(whole))
        if self.fault == "slow":
            return _sent(start, "200 OK", _dripping(whole), length=len(whole))
        if self.fault == "huge":
            return _sent(start, "200 OK", b" " * 3_000_000)
        if self.fault == "refusal":
            told = self._completion(self.asked[-1])
            told["choices"][0]["message"] |= {"content": None, "refusal": "I can't help with that."}
            return _sent(start, "200 OK", told)
        shapes: dict[str, Any] = {
            "no choices": {"choices": []},
            "a list": [],
            "empty": {"choices": [{"message": {"content": " "}}]},
        }
        return _sent(start, "200 OK", shapes[self.fault])


def _dripping(whole: bytes) -> Iterator[bytes]:
    for at in range(len(whole)):
        time.sleep(0.05)
        yield whole[at : at + 1]


def _sent(start: Start, status: str, body: Any, *, kind: str = "application/json", length: int = 0) -> Iterable[bytes]:
    raw = body if isinstance(body, bytes | Iterator) else json.dumps(body).encode()
    size = length or len(raw)  # type: ignore[arg-type]
    start(status, [("Content-Type", kind), ("Content-Length", str(size))])
    return [raw] if isinstance(raw, bytes) else raw


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked went away."""


class _Handler(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""

    def get_stderr(self) -> Any:
        return _Silent()


class _Silent:
    def write(self, _text: str) -> None: ...
    def flush(self) -> None: ...


def speaking() -> Iterator[Speaking]:
    """A server that runs while the test does."""
    app = Speaking()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.set_app(app)
    app.port = server.server_port
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield app
    server.shutdown()
    thread.join()
    server.server_close()
