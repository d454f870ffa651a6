"""What the Bot API tells, and what it says when something can't be done, without a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Never
from zoneinfo import ZoneInfo

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Media, Moderation, Publication, Reply
from folkmoot.networks.base import Person, Place, SeenMessage
from folkmoot.networks.errors import Later, Moved, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access, Hook
from folkmoot.networks.payload import Dates, Unfit
from folkmoot.networks.telegram.live_parse import (
    Home,
    number_of,
    parse_chat,
    parse_message,
    parse_moves,
    remote_id,
    said_number,
    words_of,
)
from folkmoot.networks.telegram.parse import parse_message as parse_archived
from folkmoot.networks.telegram.session import TelegramSession

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DATES = Dates(ZoneInfo("UTC"), NOW)
HOME = Home(700)
GROUP = {"id": -1001000000001, "type": "supergroup", "title": "Garden"}
PLACE = Place("channel1000000001", "Garden")
RECORDED = Path(__file__).parents[5] / "shared/data/fixtures/telegram_vk/telegram_bot_api_payloads.json"
Answer = Callable[[httpx.Request], httpx.Response]


def nowhere(host: str, port: int, *, tls: bool, seconds: float = 20.0) -> Never:
    raise AssertionError("everything goes by HTTP")


def message(**more: Any) -> dict[str, Any]:
    said = {"message_id": 9, "date": 1767600000, "chat": GROUP, "from": {"id": 12, "first_name": "Bo"}, "text": "hi"}
    return {name: value for name, value in (said | more).items() if value is not None}


def parsed(**more: Any) -> SeenMessage:
    return parse_message(message(**more), HOME, DATES)


def session(answer: Answer, **settings: str) -> TelegramSession:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/getMe"):
            return httpx.Response(200, json={"ok": True, "result": {"id": 700, "is_bot": True, "first_name": "Folk"}})
        return answer(request)

    http = httpx.Client(transport=httpx.MockTransport(respond))
    secrets = {"token": "123:SECRET", "hook_secret": "proof"}
    return TelegramSession(Access(settings, secrets, http, nowhere, lambda: NOW))


def failing(code: int, description: str, **parameters: Any) -> Answer:
    body = {"ok": False, "error_code": code, "description": description, "parameters": parameters}
    return lambda request: httpx.Response(code, json=body)


@pytest.mark.parametrize(
    ("number", "ident"),
    [(12, "user12"), (-55, "chat55"), (-1001309982000, "channel1309982000"), (-1000000000077, "channel77")],
)
def test_ids_are_those_of_archives_and_lead_back_to_the_bot_apis_numbers(number: int, ident: str) -> None:
    assert remote_id(number) == ident
    assert number_of(ident) == number


def test_a_message_is_the_same_as_in_an_archive() -> None:
    archived = {"id": 9, "type": "message", "date_unixtime": "1767600000", "from": "Bo", "from_id": "user12",
                "text": ["see ", {"type": "text_link", "text": "🌱 this", "href": "https://x.example"}, " now"],
                "reply_to_message_id": 4}  # fmt: skip
    (old,) = parse_archived(archived, PLACE, DATES)
    assert isinstance(old, SeenMessage)
    link = {"type": "text_link", "offset": 4, "length": 7, "url": "https://x.example"}
    new = parsed(text="see 🌱 this now", entities=[link], reply_to_message=message(message_id=4))
    assert (old.remote_id, old.author, old.at, old.text, old.parent, old.thread) == (
        new.remote_id, new.author, new.at, new.text, new.parent, new.thread,
    )  # fmt: skip
    assert parse_chat(GROUP) == PLACE


def test_what_is_counted_by_the_bot_itself_never_meets_other_numbers() -> None:
    small = parsed(chat={"id": -55, "type": "group", "title": "Small"}, reply_to_message=message(message_id=4))
    assert (small.remote_id, small.parent) == ("bot:9", "bot:4")
    assert said_number("chat55", "bot:9") == 9
    with pytest.raises(Refused, match="archive"):
        said_number("chat55", "9")
    with pytest.raises(Refused, match="supergroup"):
        said_number("channel1", "bot:9")


@pytest.mark.parametrize(
    ("more", "author"),
    [
        ({"from": {"id": 1087968824, "is_bot": True, "first_name": "Group"}, "sender_chat": GROUP}, PLACE.remote_id),
        (
            {"from": {"id": 777000, "first_name": "Telegram"}, "sender_chat": {"id": -1000000000007, "title": "N"}},
            "channel7",
        ),
        ({"from": {"id": 777000, "first_name": "Telegram"}}, "user777000"),
    ],
)
def test_whoever_speaks_for_a_chat_stands_as_that_chat(more: dict[str, Any], author: str) -> None:
    assert parsed(**more).author.remote_id == author


def test_a_deleted_account_and_our_own_words_are_told_apart() -> None:
    gone = parsed(**{"from": {"id": 13, "first_name": ""}})
    assert (gone.author, gone.ours) == (Person("user13"), False)
    assert parsed(**{"from": {"id": 700, "is_bot": True, "first_name": "Folk"}}).ours


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"text": None, "poll": {"question": "When?", "options": [{"text": "Mon"}, {"text": "Fri"}]}},
            "When?\n• Mon\n• Fri",
        ),
        (
            {"text": None, "venue": {"title": "Garden", "address": "Road 1"}, "location": {"latitude": 1}},
            "Garden\nRoad 1",
        ),
        ({"text": None, "location": {"latitude": 59.4, "longitude": 24.7}}, "59.4, 24.7"),
        ({"text": None, "dice": {"emoji": "🎯", "value": 4}}, "🎯"),
        ({"text": None, "contact": {"first_name": "Ann", "phone_number": "+372"}}, "Ann"),
        ({"text": "y" * 100_000}, "y" * 100_000),
        ({"text": "a\0b"}, "ab"),
    ],
)
def test_what_is_no_plain_text_is_put_into_words(more: dict[str, Any], words: str) -> None:
    assert words_of(message(**more)) == words


def test_files_have_a_kind_and_never_an_address() -> None:
    gif = {"file_id": "x", "file_name": "a.mp4", "mime_type": "video/mp4", "file_size": 7}
    files = parsed(text=None, animation=gif, document=gif).attachments
    assert [(file.kind, file.name, file.url) for file in files] == [("video", "a.mp4", "")]
    assert parsed(text=None, sticker={"emoji": "🌻", "file_size": 3}).attachments[0].kind == "sticker"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"pinned_message": {"message_id": 1}}, "service message"),
        ({"text": None}, "unsupported message"),
        ({"from": None}, "no author"),
        ({"message_id": 0}, "no id"),
        ({"date": 10**15}, "date out of range"),
        ({"chat": {}}, "no place"),
    ],
)
def test_what_cant_be_taken_says_why(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unfit, match=reason):
        parsed(**more)


def test_a_note_of_who_came_names_each(tmp_path: Path) -> None:
    moves = list(
        parse_moves(message(new_chat_members=[{"id": 1, "first_name": "A"}, {"id": 2, "first_name": "B"}]), DATES)
    )
    assert [(move.remote_id, move.person.remote_id, move.kind) for move in moves] == [
        ("9:0", "user1", "join"),
        ("9:1", "user2", "join"),
    ]


@pytest.mark.archives
def test_recorded_messages_of_other_libraries_are_read() -> None:
    if not RECORDED.exists():
        pytest.skip("the recorded payloads are not beside this checkout")
    recorded = json.loads(RECORDED.read_text())
    found = [parse_message(one, HOME, DATES) for one in recorded.values() if "message_id" in one]
    assert len(found) == 7
    assert [file.kind for one in found for file in one.attachments] == ["sticker", "image", "file", "audio"]


@pytest.mark.parametrize(
    ("code", "description", "kind", "words"),
    [
        (401, "Unauthorized", Reconnect, "BotFather"),
        (404, "Not Found", Reconnect, "BotFather"),
        (403, "Forbidden: bot was kicked from the supergroup chat", Refused, "add it again"),
        (403, "Forbidden: bot is not a member of the channel chat", Refused, "add it in Telegram"),
        (403, "Forbidden: bot was blocked by the user", Refused, "blocked"),
        (403, "Forbidden: bot can't initiate conversation with a user", Refused, "write first"),
        (403, "Forbidden: user is deactivated", Refused, "deleted their"),
        (400, "Bad Request: not enough rights to send text messages to the chat", Refused, "Administrators"),
        (400, "Bad Request: have no rights to send a message", Refused, "may not write"),
        (400, "Bad Request: chat not found", Refused, "add the bot"),
        (400, "Bad Request: TOPIC_CLOSED", Refused, "closed"),
        (400, "Bad Request: message is too long", Refused, "4,096"),
        (400, "Bad Request: something new", Refused, "something new"),
        (413, "Request Entity Too Large", Refused, "50 MB"),
        (409, "Conflict: terminated by other getUpdates request", Refused, "another program"),
        (500, "Internal Server Error", Unsure, "failed"),
    ],
)
def test_every_error_says_what_to_do_next(code: int, description: str, kind: type[NetworkError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        session(failing(code, description)).publish(Publication(PLACE, "hello"), "k")
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("seconds", [0, 7, 3600])
def test_how_long_to_wait_is_honoured_to_the_second(seconds: int) -> None:
    with pytest.raises(Later) as caught:
        session(failing(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)).check()
    assert caught.value.retry_after == seconds


def test_a_group_that_became_a_supergroup_says_its_new_number() -> None:
    answer = failing(
        400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1000000000099
    )
    with pytest.raises(Moved) as caught:
        session(answer).delete(Deletion(Place("chat5", "Small"), "bot:1"), "k")
    assert caught.value.remote_id == "channel99"


def test_silence_before_telegram_was_asked_is_later_and_after_it_unsure() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("no connection", request=request)

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer", request=request)

    act = Moderation(PLACE, "ban", person="user12")
    with pytest.raises(Later):
        session(unreachable).moderate(act, "k")
    with pytest.raises(Unsure):
        session(silent).moderate(act, "k")
    with pytest.raises(Unsure):
        session(lambda request: httpx.Response(200, text='{"ok": tr')).edit(Edit(PLACE, "9", "x"), "k")
    with pytest.raises(Later):
        list(session(silent).stream([], "", lambda: False))
    with pytest.raises(Later):
        list(session(lambda request: httpx.Response(502, text="<html>")).stream([], "", lambda: False))


def test_what_does_not_fit_or_can_only_mislead_is_refused_before_anything_is_sent() -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url.path)

    made = session(never)
    with pytest.raises(Refused, match="4097"):
        made.publish(Publication(PLACE, "я" * 4097), "k")
    with pytest.raises(Refused, match="8192"):
        made.publish(Publication(PLACE, "🌱" * 4096), "k")
    with pytest.raises(Refused, match="1024 with pictures"):
        made.publish(Publication(PLACE, "x" * 1025, media=(Media("a.png", "image/png", b"x"),)), "k")
    with pytest.raises(Refused, match="discussion group"):
        made.reply(Reply(Place("channel7", "News", "page"), "5", "5", "hello"), "k")
    with pytest.raises(Refused, match="by name only"):
        made.moderate(Moderation(PLACE, "ban", person="name:Bo"), "k")


def test_after_a_week_of_silence_telegram_counts_anew_and_old_numbers_are_not_asked_from() -> None:
    asked: list[Any] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content).get("offset"))
        return httpx.Response(200, json={"ok": True, "result": []})

    fresh, old = int(NOW.timestamp()) - 60, int(NOW.timestamp()) - 7 * 24 * 3600
    for cursor in (json.dumps({"offset": 5, "at": fresh}), json.dumps({"offset": 5, "at": old}), "{", ""):
        calls = iter([False, True])
        list(session(respond).stream([], cursor, calls.__next__))
    assert asked == [5, None, None, None]


def test_another_program_that_asks_for_the_same_news_is_named() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("getWebhookInfo"):
            return httpx.Response(200, json={"ok": True, "result": {"url": ""}})
        return failing(409, "Conflict: terminated by other getUpdates request")(request)

    with pytest.raises(Later, match="another program"):
        list(session(respond).stream([], "", lambda: False))


def test_requests_without_our_proof_or_without_json_are_turned_away() -> None:
    made = session(failing(400, "never asked"))
    proof = {"x-telegram-bot-api-secret-token": "proof"}
    for headers in ({}, {"x-telegram-bot-api-secret-token": "Proof"}, {"x-telegram-bot-api-secret-token": "прооф"}):
        with pytest.raises(Refused):
            made.answer(Hook("POST", headers, {}, b"{}", NOW))
    assert made.answer(Hook("POST", proof, {}, b"<html>", NOW)).status == 400
    assert not made.answer(Hook("POST", proof, {}, b'{"hello": 1}', NOW)).keep


def test_a_repeated_or_late_request_tells_the_same_with_its_time() -> None:
    made = session(failing(400, "chat not found"))
    edited = {"update_id": 2, "edited_message": message(text="new", edit_date=1767600100)}
    first = {"update_id": 1, "message": message()}
    hooks = [Hook("POST", {}, {}, json.dumps(one).encode(), NOW) for one in (edited, first, first)]
    late, early, again = (made.hear(hook)[0].seen[0] for hook in hooks)
    assert isinstance(late, SeenMessage) and isinstance(early, SeenMessage)
    assert early == again
    assert early.as_of and late.edited_at and early.as_of < late.edited_at
