"""News from PostgreSQL to open pages: one listening connection a process, however many pages are open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from psycopg import AsyncConnection, OperationalError, sql

from folkmoot.flow.news import CHANNEL
from folkmoot.lib.notices import parameters

log = structlog.get_logger()

RETRY_SECONDS = 2.0
QUEUE = 100


@dataclass(frozen=True, slots=True)
class News:
    workspace_id: int
    kind: str
    detail: dict[str, Any]


class Hub:
    """Listens as long as somebody does. A page that reads too slowly loses news, not the others."""

    def __init__(self) -> None:
        self._readers: set[asyncio.Queue[News]] = set()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[asyncio.Queue[News]]:
        queue: asyncio.Queue[News] = asyncio.Queue(QUEUE)
        self._readers.add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
        try:
            yield queue
        finally:
            self._readers.discard(queue)
            if not self._readers and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _listen(self) -> None:
        while True:
            try:
                async with await AsyncConnection.connect(**parameters(), autocommit=True) as listening:
                    await listening.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                    async for notice in listening.notifies():
                        self._tell(notice.payload)
            except OperationalError as error:
                log.warning("news interrupted", reason=str(error))
            await asyncio.sleep(RETRY_SECONDS)

    def _tell(self, payload: str) -> None:
        detail = json.loads(payload)
        news = News(detail.pop("workspace"), detail.pop("kind"), detail)
        for queue in self._readers:
            if not queue.full():
                queue.put_nowait(news)


hub = Hub()
