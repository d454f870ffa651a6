from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from folkmoot.lib.secrets import Keys, Locked


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "encryption")


def test_what_is_sealed_is_opened_again_and_does_not_show(keys: Keys) -> None:
    sealed = keys.seal("sk-пароль")
    assert keys.open(sealed) == "sk-пароль"
    assert "sk-" not in sealed
    assert keys.seal("sk-пароль") != sealed


def test_the_key_is_made_once_for_its_owner_alone(keys: Keys) -> None:
    sealed = keys.seal("a")
    assert Keys(keys.path).open(sealed) == "a"
    assert keys.path.stat().st_mode & 0o077 == 0


def test_another_installation_cannot_open_it(keys: Keys, tmp_path: Path) -> None:
    with pytest.raises(Locked, match="enter the secret again"):
        Keys(tmp_path / "other").open(keys.seal("a"))


def test_what_was_tampered_with_is_not_opened(keys: Keys) -> None:
    sealed = keys.seal("a secret")
    with pytest.raises(Locked):
        keys.open(sealed[:30] + ("A" if sealed[30] != "A" else "B") + sealed[31:])


def test_a_new_key_seals_and_the_old_one_still_opens_until_it_is_forgotten(keys: Keys) -> None:
    old = keys.seal("a")
    keys.add()
    new = keys.seal("b")
    assert (keys.open(old), keys.open(new)) == ("a", "b")
    assert (keys.is_newest(old), keys.is_newest(new)) == (False, True)
    assert keys.forget() == 1
    assert keys.open(new) == "b"
    with pytest.raises(Locked):
        keys.open(old)


def test_another_process_follows_when_a_key_is_added(keys: Keys) -> None:
    other = Keys(keys.path)
    assert other.open(keys.seal("a")) == "a"
    keys.add()
    assert other.open(keys.seal("b")) == "b"
    assert other.is_newest(other.seal("c"))


def test_keys_that_are_given_are_used_and_no_file_is_made(tmp_path: Path) -> None:
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = Keys(tmp_path / "none", [second]).seal("a")
    both = Keys(tmp_path / "none", [first, second])
    assert both.open(sealed) == "a"
    assert not both.is_newest(sealed)
    assert not (tmp_path / "none").exists()


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32 url-safe"):
        Keys(tmp_path / "none", ["short"])
