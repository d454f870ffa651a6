"""What an answer asks for, whatever time the server believes it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from folkmoot.networks.api import wait

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_a_date_to_wait_for_is_read_by_the_servers_clock(days: int) -> None:
    there = NOW + timedelta(days=days)
    told = {"Retry-After": format_datetime(there + timedelta(seconds=40)), "Date": format_datetime(there)}
    assert wait(httpx.Headers(told), now=NOW) == 40


def test_a_date_to_wait_for_without_a_clock_is_read_by_ours() -> None:
    assert wait(httpx.Headers({"Retry-After": format_datetime(NOW + timedelta(seconds=40))}), now=NOW) == 40
