from __future__ import annotations

import pytest

from folkmoot.understanding import reader
from folkmoot.understanding.reading import model as trained


def test_a_process_that_waits_lets_go_of_the_model_and_loads_it_anew() -> None:
    [before] = reader.base().read(["Thank you so much!"])
    assert not reader.rest(60)
    assert trained.model.cache_info().currsize == 1
    assert reader.rest(0)
    assert trained.model.cache_info().currsize == 0
    assert not reader.rest(0)
    [after] = reader.base().read(["Thank you so much!"])
    assert after.sentiment == pytest.approx(before.sentiment, abs=1e-4)
    assert (after.language, after.version) == (before.language, before.version)


def test_the_version_is_told_without_loading_the_model() -> None:
    known = reader.base().version
    reader.rest(0)
    assert reader.base_version() == known
    assert trained.model.cache_info().currsize == 0
