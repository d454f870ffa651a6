"""Bundles: what is written is read back, and what is not a bundle says so."""

from pathlib import Path

import numpy as np
import pytest

from folkmoot.understanding.reading import bundle


def arrays() -> dict[str, bundle.Array]:
    return {"table": np.arange(12, dtype=np.int8).reshape(3, 4), "level": np.array([0.5, -2], dtype=np.float32)}


def test_arrays_come_back_as_they_went(tmp_path: Path):
    version = bundle.write(tmp_path / "model", {"rows": 7}, arrays() | {"words": bundle.lines(["так", "ei", ""])})
    found = bundle.read(tmp_path / "model")
    assert found.version == version
    assert found.facts == {"rows": 7}
    assert found.arrays["table"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert found.arrays["level"].dtype == np.float32
    assert found.texts("words") == ["так", "ei", ""]


def test_the_version_is_told_by_the_content(tmp_path: Path):
    first = bundle.write(tmp_path / "a", {}, arrays())
    assert bundle.write(tmp_path / "b", {}, arrays()) == first
    assert bundle.write(tmp_path / "c", {}, arrays() | {"level": np.zeros(2, dtype=np.float32)}) != first


@pytest.mark.parametrize("content", [b"", b"something else entirely"])
def test_what_is_not_a_bundle_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "model").write_bytes(content)
    with pytest.raises(bundle.UnreadableBundle):
        bundle.read(tmp_path / "model")


def test_a_bundle_cut_short_is_refused(tmp_path: Path):
    bundle.write(tmp_path / "model", {}, arrays())
    whole = (tmp_path / "model").read_bytes()
    (tmp_path / "model").write_bytes(whole[:-64])
    with pytest.raises(bundle.UnreadableBundle, match="cut short"):
        bundle.read(tmp_path / "model")


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path):
    with pytest.raises(bundle.UnreadableBundle, match="nowhere"):
        bundle.read(tmp_path / "nowhere")
