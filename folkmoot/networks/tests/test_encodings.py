from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.networks.encodings import decode, known

CYRILLIC = "Когда сажать фасоль? В мае или позже."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (CYRILLIC, "utf-8"),
        (CYRILLIC, "cp1251"),
        (CYRILLIC, "koi8-r"),
        (f"<p class='long latin markup around'>{CYRILLIC}</p>", "cp1251"),
        ("Коли садити квасолю? У травні.", "cp1251"),
        ("Pärast maid, öö ja päev", "cp1252"),
        ("déjà vu à Liège", "iso-8859-1"),
    ],
)
def test_old_encodings_are_told_apart(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_a_preferred_encoding_is_taken_where_it_is_no_utf_8() -> None:
    assert decode("zażółć gęślą jaźń".encode("iso-8859-2"), "iso-8859-2") == "zażółć gęślą jaźń"
    assert decode("zażółć gęślą jaźń".encode(), "iso-8859-2") == "zażółć gęślą jaźń"


@given(st.binary(), st.sampled_from(["", "cp1251", "no such thing", "utf-16", "hex", "a\0b"]))
def test_any_bytes_become_text_that_can_be_stored(data: bytes, preferred: str) -> None:
    decode(data, known(preferred)).encode("utf-8")


def test_names_of_encodings_from_outside_are_checked() -> None:
    assert known("windows-1251")
    assert not known("unknown-8bit")
    assert not known("base64")
    assert not known("a\0b")
    assert not known("")
