from __future__ import annotations

from folkmoot.understanding import reader
from folkmoot.understanding.reading import model as trained


def test_a_process_that_waits_lets_go_of_the_model_and_loads_it_anew() -> None:
    before = reader.base().read(["Thank you so much!"])
    assert not reader.rest(60)
    assert trained.model.cache_info().currsize == 1
    assert reader.rest(0)
    assert trained.model.cache_info().currsize == 0
    assert not reader.rest(0)
    assert reader.base().read(["Thank you so much!"]) == before


def test_the_version_is_told_without_loading_the_model() -> None:
    known = reader.base().version
    reader.rest(0)
    assert reader.base_version() == known
    assert trained.model.cache_info().currsize == 0
