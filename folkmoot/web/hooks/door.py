"""``/hooks/<address>/``: where networks call. In front of Django, for it must answer hundreds of requests a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import structlog
from django.db import InterfaceError, OperationalError, connection

from folkmoot.networks.live import Answer, Hook
from folkmoot.web.hooks.accepting import NOT_NOW, UNKNOWN, Acceptance, Arrived

log = structlog.get_logger()

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
_Waiting = tuple[Arrived, asyncio.Future[Answer]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

PREFIX = "/hooks/"
LONGEST_ADDRESS = 64
MOST_BYTES = 1024 * 1024
AT_ONCE = 100

_NO_METHOD = Answer(405, b"Only GET and POST are answered here.\n", keep=False)
_TOO_LARGE = Answer(413, b"That is more than is taken at once.\n", keep=False)
_BROKEN = Answer(500, b"", keep=False)


class Door:
    """Requests of networks are kept; all others go on to ``pages``.

    Those that come while others are being stored are stored together after them: however many come, the database is
    asked by one at a time, and one answer from the disk is enough for all of them.
    """

    def __init__(self, pages: Application) -> None:
        self._pages = pages
        self._acceptance = Acceptance()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hooks")
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._pages(scope, receive, send)
            return
        answer = await self._answer(scope, receive)
        if answer is not None:
            await _send(answer, send)

    def close(self) -> None:
        """Lets go of what lasts between requests."""
        self._thread.submit(self._acceptance.close).result()
        self._thread.submit(lambda: connection.close()).result()  # that thread's own

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        """None for whoever hung up."""
        address = scope["path"].removeprefix(PREFIX).removesuffix("/")
        if scope["method"] not in ("GET", "POST"):
            return _NO_METHOD
        if not address.isalnum() or len(address) > LONGEST_ADDRESS:
            return UNKNOWN
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if (told := headers.get("content-length", "")).isdecimal() and int(told) > MOST_BYTES:
            return _TOO_LARGE
        body = await _body(receive)
        if body is None:
            return None
        if len(body) > MOST_BYTES:
            return _TOO_LARGE
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        return await self._accepted(Arrived(address, Hook(scope["method"], headers, query, body, datetime.now(UTC))))

    async def _accepted(self, arrived: Arrived) -> Answer:
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrived, answered))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._accept_waiting())
        return await answered

    async def _accept_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            await self._settle(batch)

    async def _settle(self, batch: list[_Waiting]) -> None:
        """If it goes wrong with one of them, the others are answered all the same."""
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._thread, self._accept, [arrived for arrived, _ in batch])
        await asyncio.wait([work])
        error = work.exception()
        if error and len(batch) > 1:
            for one in batch:
                await self._settle([one])
            return
        for (_, answered), answer in zip(batch, [_BROKEN] if error else work.result(), strict=True):
            if not answered.done():
                answered.set_result(answer)
        if error:
            log.error("a request of a network was not understood", address=batch[0][0].address, exc_info=error)

    def _accept(self, arrived: list[Arrived]) -> list[Answer]:
        try:
            try:
                return self._acceptance.accept(arrived)
            except (OperationalError, InterfaceError):
                connection.close()  # the database may have been started anew: once more on a fresh connection
                return self._acceptance.accept(arrived)
        except (OperationalError, InterfaceError) as error:
            log.warning("requests of networks not kept", reason=str(error), count=len(arrived))
            connection.close()
            return [NOT_NOW] * len(arrived)


async def _body(receive: Receive) -> bytes | None:
    """At most a little more than is taken; None when the connection broke off."""
    parts, size = [], 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        part = event.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES or not event.get("more_body"):
            return b"".join(parts)


async def _send(answer: Answer, send: Send) -> None:
    headers = [
        (b"content-type", answer.media_type.encode("latin-1")),
        (b"content-length", str(len(answer.body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
