from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Moderation, Publication, Reply
from folkmoot.networks.base import Place, SeenMessage
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access
from folkmoot.networks.payload import Dates, Unfit
from folkmoot.networks.wordpress.parse import number_of, parse_comment, parse_post
from folkmoot.networks.wordpress.session import WordPressSession
from folkmoot.networks.wordpress.writing import mark, post, reworded

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DATES = Dates(ZoneInfo("UTC"), NOW)
PLACE = Place("blog.example.org", "Blog", "page")
ME = {"id": 3, "name": "Olena", "slug": "olena", "capabilities": {"moderate_comments": True, "edit_posts": True}}
COMMENT: dict[str, Any] = {
    "id": 7,
    "post": 5,
    "parent": 0,
    "author": 0,
    "author_name": "Ann &amp; Bo",
    "date_gmt": "2026-03-01T10:00:00",
    "content": {"rendered": "<p>Hello</p>"},
}
ANSWER = Reply(PLACE, "post-5", "comment-7", "Yes")


def session(respond: Callable[[httpx.Request], httpx.Response]) -> WordPressSession:
    def dial(*_: object, **__: object) -> Any:
        raise Later("nobody", retry_after=1)

    http = httpx.Client(transport=httpx.MockTransport(respond))
    settings = {"site": "blog.example.org/wp-admin/", "user": "olena"}
    return WordPressSession(Access(settings, {"password": "abcd efgh"}, http, dial, lambda: NOW))


def answering(status: int, **more: Any) -> Callable[[httpx.Request], httpx.Response]:
    """``users/me`` as usual, and this for everything else."""

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.params["rest_route"] == "/wp/v2/users/me":
            return httpx.Response(200, json=ME)
        return httpx.Response(status, **more)

    return respond


def problem(code: str, status: int, message: str = "<strong>No</strong>.") -> Callable[[httpx.Request], httpx.Response]:
    return answering(status, json={"code": code, "message": message, "data": {"status": status}})


@pytest.mark.parametrize(
    ("status", "code", "expected", "words"),
    [
        (401, "rest_not_logged_in", Reconnect, "application password"),
        (401, "incorrect_password", Reconnect, "application password"),
        (401, "application_passwords_disabled", Reconnect, "application password"),
        (403, "rest_cannot_create", Refused, "Editor"),
        (403, "rest_comment_closed", Refused, "closed"),
        (409, "comment_duplicate", Refused, "twice"),
        (400, "comment_flood", Later, "pause"),
        (429, "comment_flood", Later, "pause"),
        (400, "comment_content_column_length", Refused, "longer"),
        (404, "rest_no_route", Refused, "5.7"),
        (404, "rest_post_invalid_id", Refused, "not there"),
        (500, "internal_server_error", Unsure, "failed"),
    ],
)
def test_what_the_site_says_is_told_by_what_to_do(
    status: int, code: str, expected: type[NetworkError], words: str
) -> None:
    with pytest.raises(expected, match=words) as raised:
        session(problem(code, status)).reply(ANSWER, "k")
    assert type(raised.value) in (expected, *expected.__subclasses__())
    assert "<" not in str(raised.value)


def test_a_pause_is_as_long_as_the_site_says() -> None:
    with pytest.raises(Later) as raised:
        session(answering(429, headers={"Retry-After": "7"})).poll(PLACE, "comments", "")
    assert (raised.value.retry_after, raised.value.everywhere) == (7, True)
    with pytest.raises(Later) as raised:
        session(answering(503, text="<html>Briefly unavailable for scheduled maintenance.")).reply(ANSWER, "k")
    assert "<" not in str(raised.value)


def test_what_was_done_stays_done_whatever_is_asked_behind_it() -> None:
    acted: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        if acted:
            raise httpx.ReadTimeout("silence", request=request)
        if request.method == "GET":
            return httpx.Response(200, json=ME)
        acted.append(request)
        return httpx.Response(201, json=COMMENT | {"author": 3})

    sent = session(respond).reply(ANSWER, "k")
    assert sent.remote_id == "comment-7"
    assert sent.seen is not None
    assert sent.seen.ours


def test_silence_is_unsure_once_an_act_was_asked_for_and_later_before() -> None:
    def fail(error: type[httpx.TransportError]) -> Callable[[httpx.Request], httpx.Response]:
        def respond(request: httpx.Request) -> httpx.Response:
            if request.method == "GET":
                return httpx.Response(200, json=ME)
            raise error("silence", request=request)

        return respond

    with pytest.raises(Unsure):
        session(fail(httpx.ReadTimeout)).reply(ANSWER, "k")
    with pytest.raises(Unsure):
        session(fail(httpx.RemoteProtocolError)).reply(ANSWER, "k")
    with pytest.raises(Later):
        session(fail(httpx.ConnectTimeout)).reply(ANSWER, "k")


@pytest.mark.parametrize("body", ['{"id": 1', "<html>Welcome</html>", "[]", '{"no": "id"}'])
def test_an_answer_that_says_nothing_leaves_an_act_unsure(body: str) -> None:
    with pytest.raises(Unsure):
        session(answering(201, text=body)).reply(ANSWER, "k")


@pytest.mark.parametrize("body", ['[{"id": 1', "<html>Welcome</html>", "{}", "null"])
def test_an_answer_that_says_nothing_is_asked_for_again(body: str) -> None:
    with pytest.raises(Later):
        session(answering(200, text=body)).poll(PLACE, "comments", "")


def test_what_can_not_be_taken_is_said_and_the_rest_is_kept() -> None:
    items = [COMMENT, COMMENT | {"id": "x"}, COMMENT | {"id": 9, "date_gmt": "2999-01-01T00:00:00"}, "odd"]
    batch = session(answering(200, json=items)).poll(PLACE, "comments", "")
    assert [one.remote_id for one in batch.seen] == ["comment-7"]
    assert {skipped.reason for skipped in batch.skipped} == {"not a comment", "date out of range"}


def test_a_site_without_a_bin_deletes_for_good() -> None:
    asked = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("force"))
        if asked[-1]:
            return httpx.Response(200, json={"deleted": True})
        return httpx.Response(501, json={"code": "rest_trash_not_supported", "message": "Set 'force'"})

    assert session(respond).delete(Deletion(PLACE, "comment-7"), "k").remote_id == "comment-7"
    assert asked == [None, "true"]


def test_the_address_may_be_that_of_the_back_door_and_the_password_is_sent_without_spaces() -> None:
    seen = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=ME)

    session(respond).check()
    assert str(seen[0].url).startswith("https://blog.example.org/?rest_route=")
    assert seen[0].headers["authorization"] == "Basic b2xlbmE6YWJjZGVmZ2g="


def test_who_wrote_is_known_by_number_address_or_name() -> None:
    def author(**changed: Any) -> tuple[str, str]:
        person = parse_comment(COMMENT | changed, 3, DATES).author
        return person.remote_id, person.name

    assert author() == ("Ann & Bo", "Ann & Bo")
    assert author(author_email="Ann@Example.org ") == ("ann@example.org", "Ann & Bo")
    assert author(author=4, author_email="x@y") == ("user-4", "Ann & Bo")
    assert author(author=4, author_name="") == ("user-4", "user-4")
    assert author(author_name="") == ("anonymous", "Anonymous")


def test_a_post_keeps_its_words_its_pictures_and_when_it_was_changed() -> None:
    item = {
        "id": 5,
        "author": 3,
        "date_gmt": "2026-03-01T10:00:00",
        "modified_gmt": "2026-03-01T11:00:00",
        "title": {"rendered": "Beans &#8211; peas"},
        "content": {"rendered": '<p>Sow</p><img class="x" src="https://b.example/a.png?w=1&amp;h=2">'},
        "link": "https://b.example/beans",
        "_embedded": {
            "author": [{"code": "rest_user_invalid_id"}],
            "wp:featuredmedia": [{"source_url": "https://b.example/f.jpg"}],
        },
    }
    seen = parse_post(item, 3, DATES)
    assert (seen.thread_title, seen.ours, seen.author.name) == ("Beans – peas", True, "user-3")
    assert seen.edited_at == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert [one.url for one in seen.attachments] == ["https://b.example/f.jpg", "https://b.example/a.png?w=1&h=2"]
    bare = parse_post({"id": 6, "date_gmt": "2026-03-01T10:00:00", "title": {"rendered": "Only a title"}}, 3, DATES)
    assert (bare.text, bare.ours, bare.edited_at) == ("Only a title", False, None)
    with pytest.raises(Unfit):
        parse_post({"id": 0}, 3, DATES)


@pytest.mark.parametrize("length", [0, 100_000])
def test_texts_of_any_length_are_taken(length: int) -> None:
    found = parse_comment(COMMENT | {"content": {"rendered": "<p>" + "ы" * length + "</p>"}}, 3, DATES)
    assert isinstance(found, SeenMessage)
    assert len(found.text) == length


def test_numbers_are_told_from_what_only_looks_like_them() -> None:
    assert number_of("post-7", "post") == 7
    for odd in ("comment-7", "post-0", "post-7x", "post-", "", "post-" + "9" * 30):
        assert number_of(odd, "post") is None


def test_new_words_leave_the_mark_and_the_files_where_they_are() -> None:
    made = post("one", "key") + "\n\n<figure></figure>"
    assert reworded(made, "two [x]") == f"two &#91;x]\n\n{mark('key')}\n\n<figure></figure>"
    assert reworded("somebody else's", "two") == "two"


def test_only_comments_are_judged() -> None:
    with pytest.raises(Refused, match="only comments"):
        session(answering(200, json={})).moderate(Moderation(PLACE, "spam", "post-5"), "k")


def test_own_posts_are_looked_for_on_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("folkmoot.networks.wordpress.acting.PAGE", 2)
    monkeypatch.setattr("folkmoot.networks.wordpress.acting.STEP", 2)
    item = {"id": 1, "date_gmt": "2026-03-01T10:00:00", "status": "publish", "content": {"raw": "x"}}

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.params["rest_route"] == "/wp/v2/users/me":
            return httpx.Response(200, json=ME)
        last = request.url.params["offset"] == "2"
        return httpx.Response(200, json=[item | {"id": 9, "content": {"raw": mark("k")}}] if last else [item, item])

    found = session(respond).find_own(Publication(PLACE, "x"), "k", since=NOW)
    assert found is not None
    assert found.remote_id == "post-9"
