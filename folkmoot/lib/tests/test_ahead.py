from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from threading import Event

import pytest

from folkmoot.lib.ahead import ahead


def test_items_come_in_their_order() -> None:
    with ahead(iter(range(50))) as items:
        assert list(items) == list(range(50))


def test_the_next_item_is_made_while_the_last_one_is_used() -> None:
    second_made = Event()

    def two() -> Iterator[int]:
        yield 1
        second_made.set()
        yield 2

    with ahead(two()) as items:
        assert next(items) == 1
        assert second_made.wait(5)


def test_no_more_than_so_many_are_made_ahead() -> None:
    made: list[int] = []

    def noted() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    with ahead(noted(), depth=2) as items:
        next(items)
        next(items)
        assert len(made) <= 2 + 2 + 1  # taken, waiting, and the one that finds no room
    assert len(made) < 100


def test_an_error_is_raised_after_what_came_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("the archive ends here")

    with ahead(failing()) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="the archive ends here"):
            next(items)


def test_whoever_stops_early_leaves_no_thread_and_no_setting_behind() -> None:
    before = sys.getswitchinterval()

    def endless() -> Iterator[int]:
        while True:
            yield 1

    with ahead(endless()) as items:
        next(items)
    assert not [one for one in threading.enumerate() if one.name == "ahead"]
    assert sys.getswitchinterval() == before
