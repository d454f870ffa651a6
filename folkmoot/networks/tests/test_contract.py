"""What every connector must keep to, run over all there are. A connector's fixtures are archives: each is read here."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from defusedxml import ElementTree

from folkmoot import networks
from folkmoot.lib.archive import Archive, Unreadable, open_archive
from folkmoot.networks.base import (
    BATCH_SIZE,
    Backfills,
    Batch,
    Connector,
    MessageKind,
    PlaceKind,
    SeenMessage,
    SeenMove,
)
from folkmoot.networks.errors import NetworkError, Refused

SLUGS = sorted(networks.OWN)
ROOT = Path(networks.__file__).parent.parent


def folder(slug: str) -> Path:
    return Path(networks.__file__).parent / slug


FIXTURES = [
    pytest.param(slug, path, id=f"{slug}-{path.name}")
    for slug in SLUGS
    for path in sorted((folder(slug) / "fixtures").glob("[!.]*"))
]


@pytest.fixture
def connector(slug: str) -> Connector:
    module, name = networks.OWN[slug].split(":")
    made = getattr(import_module(module), name)()
    assert isinstance(made, Connector)
    return made


@pytest.fixture
def reads(connector: Connector) -> Backfills:
    assert isinstance(connector, Backfills)
    return connector


def batches(reads: Backfills, path: Path, cursor: str = "") -> list[Batch]:
    with open_archive(path) as archive:
        format = reads.recognises(archive)
        assert format
        return list(reads.backfill(archive, format=format, cursor=cursor))


def taken(found: list[Batch]) -> list[tuple[Any, ...]]:
    return [(batch.place, seen) for batch in found for seen in batch.seen]


def skipped(found: list[Batch]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for batch in found:
        for item in batch.skipped:
            counts[item.reason] = counts.get(item.reason, 0) + item.count
    return counts


@pytest.mark.parametrize("slug", SLUGS)
def test_facts_say_what_a_person_needs(slug: str, connector: Connector) -> None:
    assert connector.facts.slug == slug
    assert connector.facts.name
    assert connector.facts.icon
    for form in connector.facts.formats:
        assert re.fullmatch(r"[a-z0-9-]+", form.name)
        assert form.title


@pytest.mark.parametrize("slug", SLUGS)
def test_a_connector_has_a_page_that_tells_how_to_connect_it_and_a_logo(slug: str) -> None:
    page = (folder(slug) / "connect.md").read_text()
    assert page.startswith("# ")
    assert len(page) > 200
    logo = (folder(slug) / "logo.svg").read_text()
    assert len(logo) < 4096
    root = ElementTree.fromstring(logo)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "currentColor" in logo
    assert "href" not in logo


def test_every_format_has_one_name_and_a_fixture() -> None:
    names = [form.name for _connector, form, _reads in networks.readers()]
    assert len(names) == len(set(names))
    read = set()
    for param in FIXTURES:
        slug, path = param.values
        reads = networks.get(str(slug))
        assert isinstance(reads, Backfills)
        with open_archive(Path(str(path))) as archive:
            read.add(reads.recognises(archive))
    assert set(names) <= read


@pytest.mark.parametrize(("slug", "path"), FIXTURES)
def test_a_fixture_is_recognised_by_its_own_connector_first(slug: str, path: Path) -> None:
    with open_archive(path) as archive:
        found = [
            name
            for name, each in networks.connectors().items()
            if isinstance(each, Backfills) and each.recognises(archive)
        ]
    assert found[0] == slug


@pytest.mark.parametrize(("slug", "path"), FIXTURES)
def test_whatever_is_seen_is_fit_to_be_stored(slug: str, path: Path, reads: Backfills) -> None:
    found = batches(reads, path)
    assert sum(len(batch.seen) for batch in found)
    ids = set()
    for batch in found:
        assert len(batch.seen) <= BATCH_SIZE
        assert batch.place is not None or not batch.seen
        for seen in batch.seen:
            assert batch.place is not None
            assert batch.place.remote_id
            assert batch.place.name
            assert batch.place.kind in get_args(PlaceKind)
            assert seen.remote_id
            assert seen.at.utcoffset() == timedelta(0)
            assert "\0" not in repr(seen)
            repr(seen).encode("utf-8")
            if isinstance(seen, SeenMessage):
                assert seen.kind is None or seen.kind in get_args(MessageKind)
                assert seen.author.remote_id
                assert seen.parent != seen.remote_id
                assert seen.raw
                ids.add((batch.place, seen.remote_id))
            if isinstance(seen, SeenMove):
                assert seen.person.remote_id
    messages = [seen for batch in found for seen in batch.seen if isinstance(seen, SeenMessage)]
    assert len(ids) == len(messages)
    assert [batch.more for batch in found] == [True] * (len(found) - 1) + [False]


@pytest.mark.parametrize(("slug", "path"), FIXTURES)
@pytest.mark.parametrize("size", [1, 2, 500])
def test_reading_goes_on_exactly_behind_any_batch(
    slug: str, path: Path, reads: Backfills, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("folkmoot.networks.batches.BATCH_SIZE", size)
    whole = batches(reads, path)
    assert batches(reads, path) == whole
    for index, batch in enumerate(whole):
        rest = batches(reads, path, batch.cursor)
        assert taken(whole[: index + 1]) + taken(rest) == taken(whole)
        counts = skipped(whole[: index + 1])
        for reason, count in skipped(rest).items():
            counts[reason] = counts.get(reason, 0) + count
        assert counts == skipped(whole)


@pytest.mark.parametrize(("slug", "path"), FIXTURES)
def test_progress_reaches_the_whole_and_never_goes_back(slug: str, path: Path, reads: Backfills) -> None:
    with open_archive(path) as archive:
        format = reads.recognises(archive)
        assert format
        steps = [archive.read_bytes, *(archive.read_bytes for _ in reads.backfill(archive, format=format))]
        steps.append(archive.read_bytes)
        assert all(before <= after for before, after in pairwise(steps))
        assert archive.read_bytes >= archive.total_bytes


@pytest.mark.parametrize(("slug", "path"), FIXTURES)
def test_a_cursor_that_is_none_of_ours_is_refused(slug: str, path: Path, reads: Backfills) -> None:
    for cursor in ("nonsense", '["no such entry",3,0]'):
        with pytest.raises(Refused):
            batches(reads, path, cursor)


def damaged(path: Path, target: Path, kind: str) -> Path:
    if path.is_dir():
        shutil.copytree(path, target)
    else:
        target.mkdir()
        shutil.copy(path, target)
    for file in (item for item in target.rglob("*") if item.is_file()):
        data = file.read_bytes()
        middle = len(data) // 2
        changed = {
            "cut": data[:middle],
            "empty": b"",
            "nul": data[:middle] + bytes(100) + data[middle:],
            "latin": data[:middle] + b"\xe9\xff\xfe" + data[middle:],
            "noise": bytes((byte * 167 + index) % 256 for index, byte in enumerate(data)),
            "utf-16": data.decode("utf-8", "replace").encode("utf-16"),
        }[kind]
        file.write_bytes(changed)
    return target if path.is_dir() else target / path.name


def read_through(archive: Archive, reads: Backfills) -> Iterator[Batch]:
    format = reads.recognises(archive) or reads.facts.formats[0].name
    yield from reads.backfill(archive, format=format)


@pytest.mark.parametrize(("slug", "path"), FIXTURES)
@pytest.mark.parametrize("kind", ["cut", "empty", "nul", "latin", "noise", "utf-16"])
def test_a_damaged_archive_is_read_in_part_or_refused_in_words(
    slug: str, path: Path, reads: Backfills, kind: str, tmp_path: Path
) -> None:
    try:
        with open_archive(damaged(path, tmp_path / "damaged", kind)) as archive:
            for batch in read_through(archive, reads):
                assert "\0" not in repr(batch.seen)
                assert all(len(item.reason) < 60 for item in batch.skipped)
    except (NetworkError, Unreadable) as error:
        assert re.search(r"[a-z]{3}", str(error))
        assert len(str(error)) < 1000


def test_no_network_is_named_outside_of_its_folder() -> None:
    # Words that are also those of forms, protocols and mathematics can't be told apart from names of networks.
    distinct = [slug for slug in SLUGS if slug not in ("email", "file", "irc", "matrix", "xmpp")]
    named = re.compile(rf"""["']({"|".join(distinct)})["']""")
    allowed = {ROOT / "networks" / "__init__.py"}
    for source in ROOT.rglob("*.py"):
        if "tests" in source.parts or source in allowed:
            continue
        found = {word for word in named.findall(source.read_text()) if folder(word) not in source.parents}
        assert not found, f"{source} names {found}"
