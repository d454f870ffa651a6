from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.lib.archive import Entry, Unreadable, open_archive
from folkmoot.networks.base import Batch, Person, Place, SeenMessage, Skipped
from folkmoot.networks.batches import Item, backfill
from folkmoot.networks.errors import Refused
from folkmoot.networks.times import believable

AT = datetime(2020, 5, 1, tzinfo=UTC)
ANN = Person("ann")


def said(number: int, text: str = "") -> SeenMessage:
    return SeenMessage(str(number), AT, ANN, text)


def run(folder: Path, plan: list[Item], cursor: str = "") -> list[Batch]:
    def read(entry: Entry, offset: int) -> Iterator[Item]:
        yield from plan[offset:]

    with open_archive(folder) as archive:
        return list(backfill(archive, archive.entries, read, cursor=cursor, nothing="nothing"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("archive")
    (made / "a.txt").write_text("a")
    return made


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=60), st.integers(1, 5), st.integers(1, 20))
def test_mixed_places_are_sorted_into_batches_that_can_be_continued(
    folder: Path, places: list[int], size: int, window: int
) -> None:
    plan = [
        Item(said(number), Place(str(place), "p"), number + 1) if place >= 0 else Item(Skipped("bad"), None, number + 1)
        for number, place in enumerate(places)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("folkmoot.networks.batches.BATCH_SIZE", size)
        patch.setattr("folkmoot.networks.batches._WINDOW", window)
        if set(places) == {-1}:
            with pytest.raises(Refused, match="nothing"):
                run(folder, plan)
            return
        whole = run(folder, plan)
        seen = sorted(int(item.remote_id) for batch in whole for item in batch.seen)
        assert seen == [number for number, place in enumerate(places) if place >= 0]
        assert sum(item.count for batch in whole for item in batch.skipped) == places.count(-1)
        assert all(len(batch.seen) <= size for batch in whole)
        for place in set(places) - {-1}:
            order = [
                int(item.remote_id) for batch in whole if batch.place == Place(str(place), "p") for item in batch.seen
            ]
            assert order == sorted(order)
        for index, batch in enumerate(whole):
            assert [each.seen for each in run(folder, plan, batch.cursor)] == [each.seen for each in whole[index + 1 :]]


def test_long_texts_close_a_window_early(folder: Path) -> None:
    plan = [Item(said(number, "x" * 9_000_000), Place("p", "p"), number + 1) for number in range(4)]
    assert [len(batch.seen) for batch in run(folder, plan)] == [2, 2]


def test_a_damaged_entry_is_left_and_the_next_one_read(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)

    def read(entry: Entry, offset: int) -> Iterator[Item]:
        if offset == 0:
            yield Item(said(1 if entry.name == "a" else 2), Place("p", "p"), 1)
        if entry.name == "a":
            raise Unreadable("broken")

    with open_archive(tmp_path) as archive:
        [batch] = backfill(archive, archive.entries, read, cursor="", nothing="nothing")
        assert [seen.remote_id for seen in batch.seen] == ["1", "2"]
        assert [(item.reason, item.count) for item in batch.skipped] == [("damaged file", 1)]
        assert not list(backfill(archive, archive.entries, read, cursor=batch.cursor, nothing="nothing"))


def test_times_are_believed_within_reason() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert believable(datetime(2026, 1, 2, tzinfo=UTC), now)
    assert not believable(datetime(2026, 1, 4, tzinfo=UTC), now)
    assert not believable(datetime(1, 1, 1, tzinfo=UTC), now)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=20), st.integers(1, 5))
def test_things_out_of_one_object_are_never_seen_again(folder: Path, objects: list[int], size: int) -> None:
    plan: list[list[Item]] = []
    for number, count in enumerate(objects, 1):
        what = [said(number * 10 + part) for part in range(count)]
        offsets = [number - 1] * (count - 1) + [number]
        plan.append([Item(each, Place("p", "p"), offset) for each, offset in zip(what, offsets, strict=True)])

    def read(entry: Entry, offset: int) -> Iterator[Item]:
        for items in plan[offset:]:
            yield from items

    def ids(cursor: str = "") -> list[tuple[str, list[str]]]:
        with open_archive(folder) as archive:
            found = backfill(archive, archive.entries, read, cursor=cursor, nothing="nothing")
            return [(batch.cursor, [seen.remote_id for seen in batch.seen]) for batch in found]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("folkmoot.networks.batches.BATCH_SIZE", size)
        whole = ids()
        assert all(len(batch) <= size for _cursor, batch in whole)
        for index, (cursor, _batch) in enumerate(whole):
            assert [batch for _cursor, batch in ids(cursor)] == [batch for _cursor, batch in whole[index + 1 :]]
