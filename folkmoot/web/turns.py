"""Lets a web process answer a few requests at a time, the others in the order in which they came."""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

AT_ONCE = 3


class TurnMiddleware:
    """Fifty requests that share two processors are all as slow as the last of them; in turn, most are done much sooner.

    A turn ends when the answer begins: what streams on, such as live news, keeps nobody waiting.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.turns = Semaphore(AT_ONCE)
        self.asynchronous = iscoroutinefunction(get_response)
        if self.asynchronous:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.asynchronous:
            return self.answer(request)
        answer: HttpResponseBase = self.get_response(request)
        return answer

    async def answer(self, request: HttpRequest) -> HttpResponseBase:
        async with self.turns:
            answer: HttpResponseBase = await self.get_response(request)
        return answer
