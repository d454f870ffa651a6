"""Any endpoint that speaks OpenAI's chat completions: asked once, answered with text or with a reason why not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx

from folkmoot.lib.fetching import CantFetch, Fetched, NotAllowed, TimedOut, TooLarge, fetch

MOST_BYTES = 2 * 1024 * 1024
PATH = "/chat/completions"
QUOTED = 300  # characters of what the endpoint says, shown to those who set it up

Chat = Sequence[dict[str, str]]
"""What is said: ``{"role": "system" | "user", "content": …}`` in order."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``url`` is what stands before ``/chat/completions``; ``seconds`` is the time that an answer may take."""

    url: str
    model: str
    key: str
    seconds: float

    def __repr__(self) -> str:
        return f"Endpoint({self.url!r}, {self.model!r})"


@dataclass(frozen=True, slots=True)
class Answer:
    """``tokens`` are those of question and answer together, as the endpoint counts them, or an estimate."""

    text: str
    model: str
    tokens: int
    seconds: float


class NoAnswer(Exception):
    """Nothing usable came back. ``why`` is one of ``REASONS``, ``said`` what the endpoint said to it, if anything.

    ``charged`` tells whether the endpoint may have worked for it all the same.
    """

    REASONS = (
        "off", "budget", "not_allowed", "unreachable", "timeout", "key", "not_found", "busy", "failing", "refused",
        "too_large", "nonsense", "locked",
    )  # fmt: skip

    def __init__(self, why: str, said: str = "", *, charged: bool = False) -> None:
        super().__init__(f"{why}: {said}" if said else why)
        self.why = why
        self.said = said
        self.charged = charged


def ask(http: httpx.Client, endpoint: Endpoint, chat: Chat, *, most_tokens: int) -> Answer:
    """Raises ``NoAnswer``. Nothing is asked twice, but where the model wants the limit called by its newer name."""
    began = monotonic()
    body: dict[str, Any] = {"model": endpoint.model, "messages": list(chat)}
    got = _post(http, endpoint, {**body, "temperature": 0, "max_tokens": most_tokens}, endpoint.seconds)
    if got.status == 400 and b"max_completion_tokens" in got.body:
        left = endpoint.seconds - (monotonic() - began)
        got = _post(http, endpoint, {**body, "max_completion_tokens": most_tokens}, max(left, 0.1))
    text, told = _read(got)
    tokens = _tokens(told) or estimate(chat) + estimate([{"content": text}])
    model = told.get("model")
    return Answer(text, str(model) if model else endpoint.model, tokens, monotonic() - began)


def estimate(chat: Chat) -> int:
    """About how many tokens that is, rather too many: two characters each where letters are not Latin, else three."""
    texts = [said["content"] for said in chat]
    return sum(len(text) // (3 if text.isascii() else 2) + 8 for text in texts)


def _post(http: httpx.Client, endpoint: Endpoint, body: dict[str, Any], seconds: float) -> Fetched:
    headers = {"Accept": "application/json", **({"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {})}
    url = endpoint.url.rstrip("/").removesuffix(PATH) + PATH
    try:
        return fetch(http, "POST", url, headers=headers, json=body, most=MOST_BYTES, seconds=seconds)
    except NotAllowed as error:
        raise NoAnswer("not_allowed") from error  # what a name stands for in here is nobody's business out there
    except TimedOut as error:
        raise NoAnswer("timeout", charged=True) from error
    except TooLarge as error:
        raise NoAnswer("too_large", charged=True) from error
    except CantFetch as error:
        raise NoAnswer("unreachable", str(error), charged=True) from error


_BY_STATUS = {401: "key", 403: "key", 404: "not_found", 408: "timeout", 429: "busy", 402: "busy"}


def _read(got: Fetched) -> tuple[str, dict[str, Any]]:
    if got.status != 200:
        why = _BY_STATUS.get(got.status) or ("failing" if got.status >= 500 else "refused")
        raise NoAnswer(why, f"{got.status} {_said(got)}".strip())
    told = _json(got)
    if told is None:
        raise NoAnswer("nonsense", _said(got), charged=True)
    message = _first_message(told)
    text = message.get("content")
    if message.get("refusal"):
        raise NoAnswer("refused", str(message["refusal"])[:QUOTED], charged=True)
    if not isinstance(text, str) or not text.strip():
        raise NoAnswer("nonsense", _said(got), charged=True)
    return text.strip(), told


def _first_message(told: dict[str, Any]) -> dict[str, Any]:
    choices = told.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    return message if isinstance(message, dict) else {}


def _json(got: Fetched) -> dict[str, Any] | None:
    if got.media_type != "application/json" and not got.media_type.endswith("+json"):
        return None
    try:
        told = json.loads(got.body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _said(got: Fetched) -> str:
    """What the endpoint says is wrong, shortened; endpoints differ in where they say it."""
    told = _json(got) or {}
    error = told.get("error", told.get("message", told.get("detail", "")))
    said = error.get("message", "") if isinstance(error, dict) else error
    text = said if isinstance(said, str) and said else got.body.decode("utf-8", "replace")
    return " ".join(text.split())[:QUOTED]


def _tokens(told: dict[str, Any]) -> int:
    usage = told.get("usage")
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    return total if isinstance(total, int) and 0 < total < 10_000_000 else 0
