from __future__ import annotations

from datetime import datetime

import pytest

from folkmoot.networks.discord.written_dates import day_first, read_date
from folkmoot.networks.payload import Unfit


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("28-Nov-19 04:56 PM", "2019-11-28T16:56:00"),
        ("28-Nov-2019 12:05 AM", "2019-11-28T00:05:00"),
        ("11/28/2019 4:56 PM", "2019-11-28T16:56:00"),
        ("11/28/2019 4:56:30\u202fPM", "2019-11-28T16:56:30"),
        ("28/11/2019 16:56", "2019-11-28T16:56:00"),
        ("28.11.2019 16:56", "2019-11-28T16:56:00"),
        ("2019/11/28 16:56", "2019-11-28T16:56:00"),
        ("2019-11-28 16:56:07", "2019-11-28T16:56:07"),
        ("2019-11-28T16:56:07.123+00:00", "2019-11-28T16:56:07.123000+00:00"),
    ],
)
def test_dates_are_read_in_the_forms_that_computers_write(written, expected):
    assert read_date(written, day_first=day_first([written])) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["03/04/2020 16:00", "04/28/2020 16:00"], False),
        (["03/04/2020 4:00 PM", "28/04/2020 4:00 PM"], True),
        (["03/04/2020 4:00 PM"], False),
        (["03/04/2020 16:00"], True),
    ],
)
def test_a_whole_files_dates_decide_whether_the_day_comes_first(dates, expected):
    assert day_first(dates) is expected


@pytest.mark.parametrize(
    ("written", "reason"),
    [("  ", "no date"), ("soon", "date not understood"), ("32-Jan-20 04:00 PM", "date not understood")],
)
def test_what_is_no_date_says_so(written, reason):
    with pytest.raises(Unfit, match=reason):
        read_date(written, day_first=True)
