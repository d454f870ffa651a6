from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from folkmoot.web.turns import AT_ONCE, TurnMiddleware

T = TypeVar("T")


def run(work: Coroutine[None, None, T]) -> T:
    """In a thread of its own: browser tests leave a running loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def test_a_process_answers_a_few_requests_at_a_time_in_the_order_they_came() -> None:
    busy, most, answered = 0, 0, list[int]()

    async def answer(request: HttpRequest) -> HttpResponse:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1
        answered.append(int(request.path))
        return HttpResponse()

    async def crowd() -> None:
        middleware = TurnMiddleware(answer)
        await asyncio.gather(*(asked(middleware, number) for number in range(AT_ONCE * 5)))

    async def asked(middleware: TurnMiddleware, number: int) -> HttpResponseBase:
        request = HttpRequest()
        request.path = str(number)
        return await middleware.answer(request)

    run(crowd())
    assert most == AT_ONCE
    assert answered == sorted(answered)


def test_a_request_that_fails_ends_its_turn() -> None:
    async def fail(_request: HttpRequest) -> HttpResponse:
        raise ValueError

    async def crowd() -> list[HttpResponseBase | BaseException]:
        middleware = TurnMiddleware(fail)
        asked = (middleware.answer(HttpRequest()) for _ in range(AT_ONCE * 2))
        return await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), timeout=5)

    assert all(isinstance(one, ValueError) for one in run(crowd()))
