"""Walking JSON of any size: the same values as the whole decoder gives, however the text is cut."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.lib import json_stream
from folkmoot.lib.json_stream import Broken, JsonStream, mended

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet="abc\\é🌱", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def stream(text: bytes) -> JsonStream:
    return JsonStream(io.BufferedReader(io.BytesIO(text)))


def items(text: bytes) -> list[object]:
    return list(stream(text).array())


@given(st.lists(VALUES, max_size=6), st.integers(1, 40), st.booleans())
def test_items_are_those_of_the_whole_text_however_small_the_parts(values, chunk, ascii_only):
    kept = json_stream._CHUNK
    json_stream._CHUNK = chunk
    try:
        assert items(json.dumps(values, ensure_ascii=ascii_only, indent=chunk % 3 or None).encode()) == values
    finally:
        json_stream._CHUNK = kept


def test_members_that_nobody_takes_are_read_over():
    source = stream(b'{"skip": {"a": [1, 2]}, "list": [{"x": 1}, 2], "rest": "\\u00e9"}')
    found = {key: list(source.array()) for key in source.members() if key == "list"}
    assert found == {"list": [{"x": 1}, 2]}


def test_a_value_of_another_shape_is_walked_as_empty():
    assert items(b'{"a": 1}') == []
    assert list(stream(b"[1]").members()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rb'["a\x05b"]', "a\x05b"),
        (rb'["a\u0000b\x00"]', "ab"),
        (b'["a\0b"]', "ab"),
        (rb'["\ud83d \udc00 \ud83c\udf31"]', "\ufffd \ufffd 🌱"),
        (rb'["C:\\xampp \\u0000 \\ud83d"]', r"C:\xampp \u0000 \ud83d"),
        (b'\xef\xbb\xbf["bom"]', "bom"),
    ],
)
@pytest.mark.parametrize("chunk", [3, 7, 4096])
def test_what_real_exports_get_wrong_is_mended(monkeypatch, text, expected, chunk):
    monkeypatch.setattr(json_stream, "_CHUNK", max(chunk, 4))
    assert items(text) == [expected]


def test_sound_text_is_left_as_it_is():
    text = rb'{"a": "\ud83c\udf31 \n \\x41 \u00e9"}'
    assert json.loads(mended(text)) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "before", "reason"),
    [
        (b"", 0, "empty file"),
        (b" \n", 0, "empty file"),
        (b'[1, {"a": "b', 1, "cut off"),
        (b"[1, 2", 2, "cut off"),
        (b"[1, ", 1, "cut off"),
        (b"[1 2]", 1, "not JSON"),
        (b"<html>", 0, "not JSON"),
        (b'["a", "\xff"]', 1, "wrong encoding"),
        ('["a"]'.encode("utf-16"), 0, "wrong encoding"),
        (b"[" * 100_000, 0, "not JSON"),
        (b"[" + b"9" * 10_000 + b"]", 0, "not JSON"),
    ],
)
def test_broken_text_gives_what_came_before_and_the_reason(monkeypatch, text, before, reason):
    monkeypatch.setattr(json_stream, "_CHUNK", 4)
    found = []
    with pytest.raises(Broken) as caught:
        for item in stream(text).array():
            found.append(item)  # noqa: PERF402 (what came before the error is wanted)
    assert (len(found), caught.value.reason) == (before, reason)


def test_a_value_longer_than_may_be_held_is_refused(monkeypatch):
    monkeypatch.setattr(json_stream, "MAX_VALUE", 1000)
    monkeypatch.setattr(json_stream, "_CHUNK", 100)
    with pytest.raises(Broken, match="item too long"):
        items(b'["' + b"x" * 10_000 + b'"]')


def test_numbers_that_mean_nothing_become_null():
    assert items(b"[NaN, Infinity, 1.5]") == [None, None, 1.5]
