from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from folkmoot.lib.archive import open_archive
from folkmoot.networks.base import Attachment, Backfills, Batch, Person, Place, Reaction, SeenMove
from folkmoot.networks.errors import Refused
from folkmoot.networks.matrix import Matrix

FIXTURES = Path(__file__).parents[1] / "fixtures"
NOW = 1_700_000_000
MIRA, OLENA = "@mira:example.org", "@olena:example.org"


def read(path: Path, cursor: str = "") -> list[Batch]:
    with open_archive(path) as archive:
        return list(Matrix().backfill(archive, format="matrix", cursor=cursor))


def seen(batches: list[Batch]) -> dict[str, Any]:
    return {one.remote_id: one for batch in batches for one in batch.seen}


def skipped(batches: list[Batch]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for batch in batches:
        for skip in batch.skipped:
            counts[skip.reason] += skip.count
    return dict(counts)


def event(ident: int, **changes: Any) -> dict[str, Any]:
    return {
        "type": "m.room.message",
        "event_id": f"${ident}",
        "room_id": "!r:example.org",
        "sender": MIRA,
        "origin_server_ts": (NOW + ident) * 1000,
        "content": {"msgtype": "m.text", "body": str(ident)},
    } | changes


def edit(ident: int, target: int, body: str, sender: str = MIRA) -> dict[str, Any]:
    content = {"m.new_content": {"body": body}, "m.relates_to": {"rel_type": "m.replace", "event_id": f"${target}"}}
    return event(ident, sender=sender, content=content)


def member(ident: int, now: str, before: str | None = None, who: str = OLENA) -> dict[str, Any]:
    unsigned = {"prev_content": {"membership": before}} if before else {}
    return event(ident, type="m.room.member", state_key=who, content={"membership": now}, unsigned=unsigned)


def write(path: Path, events: list[Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in events), "utf-8")
    return path


def test_it_is_a_connector_that_backfills() -> None:
    assert isinstance(Matrix(), Backfills)


@pytest.mark.parametrize("name", ["element.json", "events.jsonl"])
def test_it_recognises_elements_export_and_events(name: str) -> None:
    with open_archive(FIXTURES / name) as archive:
        assert Matrix().recognises(archive) == "matrix"


@pytest.mark.parametrize("other", ["zulip/fixtures", "discourse/fixtures", "gitter/fixtures"])
def test_it_leaves_others_alone(other: str) -> None:
    with open_archive(FIXTURES.parents[1] / other) as archive:
        assert Matrix().recognises(archive) is None


def test_the_room_bears_the_name_it_was_given() -> None:
    assert {batch.place for batch in read(FIXTURES / "element.json")} == {Place("!r:example.org", "Garden «talk»")}
    assert {batch.place for batch in read(FIXTURES / "events.jsonl")} == {Place("!r:example.org", "Garden")}


def test_a_message_carries_the_reactions_that_were_not_taken_back() -> None:
    message = seen(read(FIXTURES / "element.json"))["$4"]
    assert message.author == Person(MIRA, "Mira Lass", MIRA)
    assert (message.text, message.html) == ("Tulips when?", "Tulips <b>when</b>?")
    assert message.at == datetime.fromtimestamp(NOW + 4, UTC)
    assert [(given.value, given.count) for given in message.reactions] == [("🌷", 2)]
    assert message.reactions[0] == Reaction(
        "🌷", 2, (Person(OLENA, "Олена К.", OLENA), Person(MIRA, "Mira Lass", MIRA))
    )
    assert (message.thread, message.kind) == (None, None)


def test_an_answer_is_given_once_in_its_last_state() -> None:
    answer = seen(read(FIXTURES / "element.json"))["$5"]
    assert (answer.parent, answer.text) == ("$4", "November")
    assert answer.edited_at == datetime.fromtimestamp(NOW + 10, UTC)


def test_the_quotation_in_an_answer_is_not_its_text(tmp_path: Path) -> None:
    relates = {"m.relates_to": {"m.in_reply_to": {"event_id": "$1"}}}
    plain = event(2, content={"msgtype": "m.text", "body": "> <@a:b> one\n> two\n\n> mine\n\nyes", **relates})
    rich = event(3, content={"body": "x", "formatted_body": "<mx-reply>old</mx-reply>new <i>it</i>", **relates})
    quoting = event(4, content={"body": "> a quotation\n\nof mine"})
    texts = {key: one.text for key, one in seen(read(write(tmp_path / "x.jsonl", [plain, rich, quoting]))).items()}
    assert texts == {"$2": "> mine\n\nyes", "$3": "new it", "$4": "> a quotation\n\nof mine"}


def test_only_the_last_edit_of_the_author_counts(tmp_path: Path) -> None:
    events = [event(1), edit(3, 1, "third"), edit(2, 1, "second"), event(5), edit(6, 5, "forged", OLENA)]
    texts = {key: one.text for key, one in seen(read(write(tmp_path / "x.jsonl", events))).items()}
    assert texts == {"$1": "third", "$5": "5"}


def test_a_thread_is_a_conversation_from_its_first_message_on() -> None:
    found = seen(read(FIXTURES / "element.json"))
    assert (found["$13"].thread, found["$13"].kind) == ("$13", "post")
    assert (found["$16"].thread, found["$16"].kind, found["$16"].parent) == ("$13", "comment", "$13")


def test_pictures_notices_and_emotes_are_told_apart() -> None:
    found = seen(read(FIXTURES / "element.json"))
    assert found["$13"].attachments == (Attachment("image", "mxc://example.org/abc", "plan.png", "image/png", 1234),)
    assert found["$14"].text == "* digs"
    assert found["$15"].author == Person("@bot:example.org", "bot", "@bot:example.org", bot=True)


def test_only_real_comings_and_goings_are_moves(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.jsonl",
        [
            member(1, "invite"),
            member(2, "join", "invite"),
            member(3, "join", "join"),
            member(4, "leave", "join"),
            member(5, "ban", "leave"),
            member(6, "leave", "invite"),
            member(7, "join"),
            member(8, "ban", "join"),
        ],
    )
    batches = read(path)
    moves = [(one.remote_id, one.kind) for one in seen(batches).values() if isinstance(one, SeenMove)]
    assert moves == [("$2", "join"), ("$4", "leave"), ("$7", "join"), ("$8", "leave")]
    assert skipped(batches) == {"service message": 4}


def test_what_is_no_message_any_more_is_left_out_and_said() -> None:
    batches = read(FIXTURES / "element.json")
    assert skipped(batches) == {"service message": 3, "deleted at the network": 1, "encrypted": 1}


def test_pages_of_the_api_are_read(tmp_path: Path) -> None:
    (tmp_path / "page.json").write_text(json.dumps({"start": "a", "chunk": [event(1), event(2)], "end": "b"}))
    (tmp_path / "list.json").write_text(json.dumps([event(3, room_id=None)]))
    assert set(seen(read(tmp_path))) == {"$1", "$2", "$3"}


def test_relations_are_found_across_files(tmp_path: Path) -> None:
    write(tmp_path / "1.jsonl", [event(1)])
    write(tmp_path / "2.jsonl", [event(9), edit(2, 1, "changed")])
    assert seen(read(tmp_path))["$1"].text == "changed"


def test_what_cannot_be_read_is_skipped_with_its_reason(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.jsonl",
        [
            event(1, content={"body": "a\x00b"}),
            event(2, sender=None),
            event(3, origin_server_ts=-62_000_000_000_000),
            event(4, origin_server_ts=NOW * 10_000),
            event(5, origin_server_ts=None),
            event(6, event_id=None),
            event(7, content={}),
            event(8, content=["no object"]),
        ],
    )
    with path.open("ab") as lines:
        lines.write(b'{"cut\n' + b'"\xff"\n' + json.dumps(event(9)).encode())
    batches = read(path)
    assert {key: one.text for key, one in seen(batches).items()} == {"$1": "ab", "$9": "9"}
    assert skipped(batches) == {
        "no author": 1,
        "date out of range": 1,
        "no date": 2,
        "no id": 1,
        "deleted at the network": 2,
        "not JSON": 1,
        "wrong encoding": 1,
    }


def test_nothing_readable_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(Refused, match="choose a room's export"):
        read(tmp_path)


def test_reading_goes_on_behind_any_batch(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"room_name": "A", "messages": [event(n) for n in range(1, 1300)]}))
    write(tmp_path / "b.jsonl", [event(n, room_id="!other:example.org") for n in range(2000, 2700)])
    batches = read(tmp_path)
    assert len(seen(batches)) == 1299 + 700
    for cut in range(len(batches)):
        assert read(tmp_path, batches[cut].cursor) == batches[cut + 1 :]
