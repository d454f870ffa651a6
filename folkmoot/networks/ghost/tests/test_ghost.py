from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Moderation, Publication, Reply
from folkmoot.networks.base import Place, SeenDeletion, SeenMove
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.ghost.parse import id_of, parse_comment, parse_post
from folkmoot.networks.ghost.session import GhostSession
from folkmoot.networks.ghost.writing import html, mark, reworded
from folkmoot.networks.live import Access, Hook
from folkmoot.networks.payload import Dates, Unfit

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DATES = Dates(ZoneInfo("UTC"), NOW)
PLACE = Place("blog.example.org", "Blog", "page", "https://blog.example.org/")
POST, COMMENT, MEMBER = "a" * 24, "b" * 24, "c" * 24
SIGNING = "0d" * 32
ITEM = {
    "id": POST, "status": "published", "title": "Beans", "html": "<p>Sow</p>", "authors": [{"id": "1", "name": "Kay"}],
    "published_at": "2026-03-01T10:00:00.000Z", "updated_at": "2026-03-01T11:00:00.000Z", "url": "https://b.example/beans/",
}  # fmt: skip
SAID = {
    "id": COMMENT, "status": "published", "html": "<p>Hello</p>", "created_at": "2026-03-01T12:00:00.000Z",
    "member": {"id": MEMBER, "name": "Ann", "email": "Ann@example.org"}, "count": {"likes": 2}, "replies": [],
}  # fmt: skip
ANSWER = Reply(PLACE, f"post-{POST}", "", "Yes")
Respond = Callable[[httpx.Request], httpx.Response]


def ghost(**answers: httpx.Response | type[httpx.TransportError]) -> Respond:
    """A site with one of each; ``answers`` take the place of its own, by ``method_resource``."""

    def respond(request: httpx.Request) -> httpx.Response:
        resource = request.url.path.removeprefix("/ghost/api/admin/").split("/")[0]
        answer = answers.get(f"{request.method.lower()}_{resource}")
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        if answer is not None:
            raise answer("silence", request=request)
        if request.url.path.endswith("/events/"):
            event = {"type": "comment_event", "data": SAID | {"post": {"id": POST, "title": "Beans"}}}
            return httpx.Response(200, json={"events": [event], "meta": {"pagination": {"total": 1}}})
        own = {
            "posts": ITEM,
            "comments": SAID,
            "members": SAID["member"],
            "settings": {},
            "actions": {},
            "webhooks": {},
        }
        site = {"title": "Blog", "version": "5.130", "url": "https://blog.example.org/"}
        told = {"site": site} if resource == "site" else {resource: [own.get(resource, {})]}
        return httpx.Response(200, json=told | {"meta": {"pagination": {"total": 1}}})

    return respond


def session(respond: Respond, key: str = f"{'9f' * 12}:{SIGNING}", **settings: str) -> GhostSession:
    def dial(*_: object, **__: object) -> Any:
        raise Later("nobody", retry_after=1)

    http = httpx.Client(transport=httpx.MockTransport(respond))
    filled = {"site": "blog.example.org/ghost/", "member": "ann@example.org"} | settings
    return GhostSession(Access(filled, {"admin_key": key}, http, dial, lambda: NOW))


def problem(status: int, kind: str, message: str, context: str = "", **headers: str) -> httpx.Response:
    told = {"errors": [{"type": kind, "message": message, "context": context}]}
    return httpx.Response(status, json=told, headers=headers)


def test_each_question_bears_a_token_of_its_own() -> None:
    seen: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return ghost()(request)

    session(respond).places()
    assert str(seen[0].url) == "https://blog.example.org/ghost/api/admin/site/"
    scheme, _, token = seen[0].headers["authorization"].partition(" ")
    head, told, signature = token.split(".")
    wanted = hmac.new(bytes.fromhex(SIGNING), f"{head}.{told}".encode(), hashlib.sha256).digest()
    assert scheme == "Ghost"
    assert urlsafe_b64decode(signature + "=") == wanted
    unpacked = [json.loads(urlsafe_b64decode(part + "===")) for part in (head, told)]
    assert unpacked[0] == {"alg": "HS256", "typ": "JWT", "kid": "9f" * 12}
    assert unpacked[1]["aud"] == "/admin/"
    assert 0 < unpacked[1]["exp"] - unpacked[1]["iat"] < 300


def test_a_wrong_clock_is_set_by_theirs_once() -> None:
    asked: list[int] = []

    def respond(request: httpx.Request) -> httpx.Response:
        told = request.headers["authorization"].split(".")[1]
        asked.append(json.loads(urlsafe_b64decode(told + "==="))["iat"])
        if len(asked) == 1 or asked[-1] == asked[0]:
            words = "Invalid token: jwt expired"
            return problem(401, "UnauthorizedError", words, Date="Mon, 02 Mar 2026 15:00:00 GMT")
        return ghost()(request)

    assert session(respond).places()[0].name == "Blog"
    assert asked[1] - asked[0] == timedelta(hours=3).total_seconds()
    with pytest.raises(Reconnect, match="expired"):
        session(ghost(get_site=problem(401, "UnauthorizedError", "Invalid token: jwt expired"))).places()


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (problem(401, "UnauthorizedError", "Unknown Admin API Key"), Reconnect, "Admin API key"),
        (problem(403, "NoPermissionError", "You may not"), Refused, "may not"),
        (problem(501, "NotImplementedError", "not supported"), Refused, "may not"),
        (problem(404, "NotFoundError", "Resource not found"), Refused, "not there"),
        (problem(409, "UpdateCollisionError", "Saving failed!"), Later, "just now"),
        (problem(422, "ValidationError", "Validation error", "The body is empty"), Refused, "empty"),
        (problem(413, "RequestEntityTooLargeError", "too large"), Refused, "too large"),
        (problem(429, "TooManyRequestsError", "Too many"), Later, "Too many"),
        (problem(503, "MaintenanceError", "Site is starting up"), Later, "starting"),
        (problem(500, "InternalServerError", "oops"), Unsure, "failed"),
        (httpx.Response(502, text="<html>Bad gateway"), Unsure, "502"),
    ],
)
def test_what_the_site_says_is_told_by_what_to_do(
    answer: httpx.Response, expected: type[NetworkError], words: str
) -> None:
    with pytest.raises(expected, match=words) as raised:
        session(ghost(post_comments=answer)).reply(ANSWER, "k")
    assert "<" not in str(raised.value)


def test_a_pause_is_as_long_as_the_site_says() -> None:
    busy = problem(429, "TooManyRequestsError", "Too many", **{"Retry-After": "7"})
    ours = session(ghost(get_site=busy, get_members=busy))
    asked: tuple[Callable[[], object], ...] = (ours.check, lambda: ours.poll(PLACE, "comments", ""))
    for ask in asked:
        with pytest.raises(Later) as raised:
            ask()
        assert (raised.value.retry_after, raised.value.everywhere) == (7, True)


def test_silence_is_unsure_only_once_something_may_have_been_made() -> None:
    with pytest.raises(Unsure):
        session(ghost(post_comments=httpx.ReadTimeout)).reply(ANSWER, "k")
    with pytest.raises(Later):
        session(ghost(post_comments=httpx.ConnectTimeout)).reply(ANSWER, "k")
    with pytest.raises(Later):
        session(ghost(get_members=httpx.ReadTimeout)).reply(ANSWER, "k")
    with pytest.raises(Unsure):
        session(ghost(delete_posts=httpx.ReadTimeout)).delete(Deletion(PLACE, f"post-{POST}"), "k")


@pytest.mark.parametrize("body", ['{"id": 1', "<html>Welcome</html>", "[]", '{"comments": [{"no": "id"}]}'])
def test_an_answer_that_says_nothing_leaves_an_act_unsure(body: str) -> None:
    with pytest.raises(Unsure):
        session(ghost(post_comments=httpx.Response(201, text=body))).reply(ANSWER, "k")


@pytest.mark.parametrize("body", ['{"posts": [', "<html>Welcome</html>", "[]", "null"])
def test_an_answer_that_says_nothing_is_asked_for_again(body: str) -> None:
    with pytest.raises(Later):
        session(ghost(get_posts=httpx.Response(200, text=body))).poll(PLACE, "posts", "")


def test_what_can_not_be_taken_is_said_and_the_rest_is_kept() -> None:
    items = [
        ITEM, ITEM | {"id": "x"}, ITEM | {"status": "draft"}, ITEM | {"authors": []},
        ITEM | {"published_at": "2999-01-01T00:00:00Z"}, "odd",
    ]  # fmt: skip
    batch = session(ghost(get_posts=httpx.Response(200, json={"posts": items}))).poll(PLACE, "posts", "")
    assert len(batch.seen) == 1
    reasons = sorted(skipped.reason for skipped in batch.skipped)
    assert reasons == ["date out of range", "no author", "no id", "not published"]


def test_who_wrote_is_a_member_or_one_who_left() -> None:
    def seen(**changed: Any) -> Any:
        return parse_comment(SAID | changed, {"id": POST, "title": "Beans"}, "", "ANN@example.org", DATES)

    assert (seen().author.remote_id, seen().author.name, seen().ours) == (f"member-{MEMBER}", "Ann", True)
    assert (seen(member=None).author.remote_id, seen(member=None).ours) == ("member-gone", False)
    assert seen(member={"id": MEMBER}).author.name == "Anonymous"
    assert (seen().reactions[0].count, seen().parent, seen().kind) == (2, f"post-{POST}", "comment")
    assert seen(edited_at="2026-03-01T13:00:00.000Z").edited_at == datetime(2026, 3, 1, 13, tzinfo=UTC)
    with pytest.raises(Unfit):
        seen(created_at=None)


def test_a_post_keeps_its_words_its_pictures_and_when_it_was_changed() -> None:
    more = {
        "feature_image": "https://b.example/f.jpg",
        "html": '<p>Sow</p><img src="https://b.example/a.png?w=1&amp;h=2">',
    }
    found = parse_post(ITEM | more | {"codeinjection_foot": mark("k")}, DATES)
    assert [one.url for one in found.attachments] == ["https://b.example/f.jpg", "https://b.example/a.png?w=1&h=2"]
    assert (found.ours, found.as_of, found.edited_at) == (True, *[datetime(2026, 3, 1, 11, tzinfo=UTC)] * 2)
    assert (parse_post(ITEM, DATES).ours, parse_post(ITEM | {"html": None}, DATES).text) == (False, "Beans")


@pytest.mark.parametrize("length", [0, 100_000])
def test_texts_of_any_length_are_taken(length: int) -> None:
    said = SAID | {"html": "<p>" + "ы" * length + "</p>"}
    assert len(parse_comment(said, {"id": POST}, "", "", DATES).text) == length


def test_our_words_are_never_taken_for_markup() -> None:
    made = html("one <b>\ntwo\n\nhttps://a.example/?x=1&y=2.")
    assert (
        made
        == '<p>one &lt;b&gt;<br>two</p><p><a href="https://a.example/?x=1&amp;y=2">https://a.example/?x=1&amp;y=2</a>.</p>'
    )
    assert reworded("<p>old</p><figure><img></figure><p>end</p>", "new") == "<p>new</p><figure><img></figure><p>end</p>"
    assert reworded("<p>old</p>", "new") == "<p>new</p>"
    assert (id_of(f"post-{POST}", "post"), id_of(f"post-{POST}", "comment"), id_of("post-1", "post")) == (POST, "", "")


def hook(told: Mapping[str, Any], key: str = f"{'9f' * 12}:{SIGNING}") -> Hook:
    body, at = json.dumps(told).encode(), b"1772452800000"
    by = hmac.new(key.encode(), b"webhooks of Folkmoot", hashlib.sha256).hexdigest()
    signature = hmac.new(by.encode(), body + at, hashlib.sha256).hexdigest()
    return Hook("POST", {"x-ghost-signature": f"sha256={signature}, t={at.decode()}"}, {}, body, NOW)


def test_only_what_the_site_signed_is_listened_to() -> None:
    ours = session(ghost())
    assert ours.answer(hook({"post": {}})).status == 200
    good = hook({"post": {}})
    for bad in (
        hook({"post": {}}, "other"),
        Hook("POST", {}, {}, good.body, NOW),
        Hook("POST", good.headers, {}, b"{}", NOW),
    ):
        with pytest.raises(Refused):
            ours.answer(bad)
    with pytest.raises(Refused):
        session(ghost(), key="").answer(hook({"post": {}}, ""))


def test_news_by_webhook_is_the_same_as_by_asking() -> None:
    settings = {"place": PLACE.remote_id, "title": PLACE.name, "url": PLACE.url}
    ours = session(ghost(), **settings)
    [batch] = ours.hear(hook({"post": {"current": ITEM, "previous": {"title": "Old"}}}))
    polled = ours.poll(PLACE, "posts", "")
    assert (batch.place, list(batch.seen)) == (PLACE, list(polled.seen))
    [batch] = ours.hear(hook({"post": {"current": {}, "previous": ITEM}}))
    assert list(batch.seen) == [SeenDeletion(f"post-{POST}", NOW)]
    joined = SAID["member"] | {"created_at": "2026-03-01T12:00:00Z"}  # type: ignore[operator]
    moves = []
    for told in ({"current": joined, "previous": {}}, {"current": {}, "previous": joined}):
        [batch] = ours.hear(hook({"member": told}))
        [move] = batch.seen
        assert isinstance(move, SeenMove)
        moves.append((move.kind, move.person.remote_id))
    assert moves == [("join", f"member-{MEMBER}"), ("leave", f"member-{MEMBER}")]
    odds: list[dict[str, Any]] = [{"post": {"current": {"id": "x"}}}, {"page": {}}, {}]
    for odd in odds:
        assert ours.hear(hook(odd)) == []


def test_what_was_not_published_can_not_be_said_so() -> None:
    draft = httpx.Response(201, json={"posts": [ITEM | {"status": "draft"}]})
    sent = session(ghost(post_posts=draft)).publish(Publication(PLACE, "x", options={"status": "draft"}), "k")
    assert (sent.remote_id, sent.seen) == (f"post-{POST}", None)
    with pytest.raises(Refused, match="only comments"):
        session(ghost()).moderate(Moderation(PLACE, "hide", "odd"), "k")


def test_too_many_posts_to_look_through_leave_it_open() -> None:
    many = httpx.Response(200, json={"posts": [ITEM], "meta": {"pagination": {"total": 101}}})
    with pytest.raises(Unsure):
        session(ghost(get_posts=many)).find_own(Publication(PLACE, "x"), "k", since=NOW)
