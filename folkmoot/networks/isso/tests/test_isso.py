from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from folkmoot.networks.acts import Reply
from folkmoot.networks.base import Place
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.isso.parse import Comment, listed, number_of, parse_comment, parse_page
from folkmoot.networks.isso.session import IssoSession
from folkmoot.networks.live import Access
from folkmoot.networks.payload import Dates, Unfit

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DATES = Dates(ZoneInfo("Europe/Tallinn"), NOW)
PLACE = Place("comments.example.org", "blog.example.org", "page")
ANSWER = Reply(PLACE, "/beans/", "7-202603021150", "Yes indeed")
US = ("Garden team", "team@example.org")
INFO = {"version": "0.14.0", "origin": "https://blog.example.org", "moderation": True}
HEAD = '<span class="label label-valid active">\n Valid (1)\n</span>'
LOGIN = '<form><input type="password" name="password" /></form> Isso'


def block(
    number: int = 7, words: str = "Sow &lt;now&gt;", time: str = "11:50 / 02-03-2026", mode: str = "valid"
) -> str:
    return (
        f"<div class='isso-comment' id='isso-{number}'>"
        f'<div>Thread: Beans &amp; more (<a href="/beans/">/beans/</a>)</div>'
        f"<span class='isso-author' id=\"isso-author-{number}\">A &amp;amp; B</span>"
        f'<span id="isso-email-{number}">Ann@Example.org</span><time>{time}</time>'
        f'<span class="label label-{mode}">x</span><pre id="isso-text-{number}">{words}</pre>'
        f"<a onClick=\"javascript:send_edit({number}, 'key-{number}','')\">Send</a></div>"
    )


def comment(**changed: Any) -> Comment:
    page = parse_page(HEAD + block(**changed))
    assert page is not None
    [found] = page.comments
    return found


Respond = Callable[[httpx.Request], httpx.Response]


def session(respond: Respond) -> IssoSession:
    def dial(*_: object, **__: object) -> Any:
        raise Later("nobody", retry_after=1)

    settings = {"server": "comments.example.org/admin/", "name": US[0], "email": US[1], "timezone": "Europe/Tallinn"}
    http = httpx.Client(transport=httpx.MockTransport(respond))
    return IssoSession(Access(settings, {"password": "secret"}, http, dial, lambda: NOW))


def isso(**answers: httpx.Response | type[httpx.TransportError]) -> Respond:
    """An Isso with one comment; ``answers`` take the place of its own, by the first word of the path."""

    def respond(request: httpx.Request) -> httpx.Response:
        word = request.url.path.strip("/").split("/")[0] or "thread"
        answer = answers.get(word)
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        if answer is not None:
            raise answer("silence", request=request)
        if word == "login":
            return httpx.Response(302, headers={"Location": "/admin/", "Set-Cookie": "admin-session=x; Path=/"})
        if word == "admin":
            assert request.headers["cookie"] == "admin-session=x"
            return httpx.Response(200, text=HEAD + block())
        return httpx.Response(200, json={"info": INFO, "new": {"id": 7}}.get(word, {"replies": []}))

    return respond


def test_the_administrations_page_is_read_as_people_read_it() -> None:
    found = comment()
    assert (found.remote_id, found.mode, found.key, found.uri) == ("7-202603021150", "valid", "key-7", "/beans/")
    assert (found.title, found.author, found.email, found.text) == (
        "Beans & more",
        "A & B",
        "Ann@Example.org",
        "Sow <now>",
    )
    assert parse_page(LOGIN) is None
    half = parse_page(HEAD + block().replace("<time>", "<when>") + block(number=8))
    assert half is not None
    assert ([one.number for one in half.comments], half.unread) == ([8], 1)


def test_what_a_comment_answers_is_told_by_what_readers_see() -> None:
    asked = {"id": 3, "created": datetime(2026, 3, 2, 9, 40, 7, tzinfo=UTC).timestamp(), "parent": None, "likes": 2}
    answer = {"id": 7, "created": datetime(2026, 3, 2, 9, 50, 9, tzinfo=UTC).timestamp(), "parent": 3, "likes": 0}
    public = listed({"replies": [asked | {"replies": [answer, {"id": "x"}]}, "odd"]})
    seen = parse_comment(comment(), public, US, "https://b.example", DATES)
    assert (seen.kind, seen.parent, seen.at.second) == ("reply", "3-202603021140", 9)
    assert (seen.url, seen.ours, seen.author.remote_id) == ("https://b.example/beans/#isso-7", False, "ann@example.org")
    # A server whose zone is not the one filled in
    elsewhere = parse_comment(comment(time="06:50 / 02-03-2026"), public, US, "", DATES)
    assert elsewhere.parent == "3-202603020640"
    held = parse_comment(comment(mode="pending"), {}, US, "", DATES)
    assert (held.kind, held.parent, held.at) == ("comment", None, datetime(2026, 3, 2, 9, 50, tzinfo=UTC))
    assert parse_comment(comment(number=3), public, US, "", DATES).reactions[0].count == 2
    with pytest.raises(Unfit):
        parse_comment(comment(time="11:50 / 02-03-2096"), {}, US, "", DATES)


@pytest.mark.parametrize("length", [0, 100_000])
def test_texts_of_any_length_are_taken(length: int) -> None:
    assert len(comment(words="ы" * length).text) == length


def test_ids_are_told_from_what_only_looks_like_them() -> None:
    assert number_of("7-202603021150") == 7
    for odd in ("7", "7-2026", "0-202603021150", "-202603021150", "7-202603021150x", ""):
        with pytest.raises(Unfit):
            number_of(odd)


@pytest.mark.parametrize(
    ("status", "words", "expected", "told"),
    [
        (403, "403 Forbidden: 10.0.0.0: ratelimit exceeded (1, 2)", Later, "pause"),
        (403, "403 Forbidden: 3 direct responses to /beans/", Refused, "direct-reply"),
        (403, "403 Forbidden: edit time frame is still open", Refused, "reply-to-self"),
        (403, "403 Forbidden: email address required but not provided", Refused, "e-mail"),
        (400, "text is too short (minimum length: 3)", Refused, "three"),
        (400, "text is too long (maximum length: 65535)", Refused, "longer"),
        (404, "404 Not Found", Refused, "404"),
        (500, "500 Internal Server Error", Unsure, "failed"),
    ],
)
def test_what_isso_says_is_told_by_what_to_do(status: int, words: str, expected: type[NetworkError], told: str) -> None:
    with pytest.raises(expected, match=told):
        session(isso(new=httpx.Response(status, json={"message": words}))).reply(ANSWER, "k")
    with pytest.raises(expected, match=told):
        session(isso(new=httpx.Response(status, text=words))).reply(ANSWER, "k")


def test_a_pause_is_as_long_as_the_server_before_it_says() -> None:
    busy = httpx.Response(429, headers={"Retry-After": "7"})
    for asked in (isso(login=busy), isso(admin=busy), isso(info=busy)):
        with pytest.raises(Later) as raised:
            session(asked).check()
        assert raised.value.retry_after == 7


def test_what_is_wrong_with_the_administration_is_told_apart() -> None:
    with pytest.raises(Reconnect, match="password"):
        session(isso(login=httpx.Response(200, text=LOGIN))).check()
    with pytest.raises(Reconnect, match="password"):
        session(isso(admin=httpx.Response(200, text=LOGIN))).check()
    with pytest.raises(Refused, match="administration is off"):
        session(isso(login=httpx.Response(200, text="<title>Isso</title> Administration is disabled"))).check()
    with pytest.raises(Refused, match="no Isso answers"):
        session(isso(info=httpx.Response(200, json={"version": "1"}))).places()


def test_silence_is_unsure_only_once_a_comment_may_have_been_made() -> None:
    with pytest.raises(Unsure):
        session(isso(new=httpx.ReadTimeout)).reply(ANSWER, "k")
    with pytest.raises(Later):
        session(isso(new=httpx.ConnectTimeout)).reply(ANSWER, "k")
    with pytest.raises(Later):
        session(isso(login=httpx.ReadTimeout)).poll(PLACE, "comments", "")
    # Made, but where it stands can't be asked
    with pytest.raises(Unsure, match="taken"):
        session(isso(admin=httpx.ConnectTimeout)).reply(ANSWER, "k")


@pytest.mark.parametrize("body", ['{"id": 1', "<html>Welcome</html>", "[]", '{"no": "id"}'])
def test_an_answer_that_says_nothing_leaves_an_act_unsure(body: str) -> None:
    with pytest.raises(Unsure):
        session(isso(new=httpx.Response(201, text=body))).reply(ANSWER, "k")


def test_what_can_not_be_taken_is_said_and_the_rest_is_kept() -> None:
    page = HEAD + block() + block(number=8, time="11:50 / 02-03-2096") + block(number=9).replace("<time>", "<when>")
    batch = session(isso(admin=httpx.Response(200, text=page))).poll(PLACE, "comments", "")
    assert {one.remote_id for one in batch.seen} == {"7-202603021150"}
    assert {skipped.reason for skipped in batch.skipped} == {"not a comment", "date out of range"}


def test_a_flood_is_read_over_several_pages_in_small_batches() -> None:
    def page(numbers: range) -> str:
        head = HEAD.replace("(1)", "(450)")
        return head + "".join(block(number, time=f"11:{number % 60:02d} / 02-03-2026") for number in numbers)

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/admin/":
            return isso()(request)
        mode, number = request.url.params["mode"], int(request.url.params["page"])
        last = 470 - 100 * number  # 20 are known, 450 are new
        return httpx.Response(200, text=page(range(last, max(last - 100, 0), -1) if mode == "1" else range(0)))

    ours = session(respond)
    seen, cursor, sizes, more = set[str](), '{"top": 20}', list[int](), True
    while more:
        batch = ours.poll(PLACE, "comments", cursor)
        sizes.append(len(batch.seen))
        seen, cursor, more = seen | {one.remote_id.partition("-")[0] for one in batch.seen}, batch.cursor, batch.more
    assert seen >= {str(number) for number in range(21, 471)}
    assert max(sizes) <= 500
    assert json.loads(cursor)["top"] == 470
