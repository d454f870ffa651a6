"""A connected account, by answers made up here after Discourse's source: no real forum was asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Media, Moderation, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Batch, Place, SeenDeletion, SeenMessage
from folkmoot.networks.discourse import Discourse
from folkmoot.networks.discourse.live_parse import case_of, post_of
from folkmoot.networks.discourse.session import DiscourseSession
from folkmoot.networks.discourse.writing import mark, post, reworded, shown
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FORUM = Place("forum.example.org", "Garden", "forum", "https://forum.example.org")
MESSAGES = Place("forum.example.org/messages", "Garden: messages", "direct")
ME = {"current_user": {"id": 9, "username": "Keeper", "name": "Kees", "moderator": True, "admin": False}}
INVALID = {"errors": ["The API username or key is invalid."], "error_type": "invalid_access"}
ANSWER = Reply(FORUM, "3", "3/1", "Yes")

Answer = httpx.Response | Callable[[httpx.Request], httpx.Response] | type[httpx.TransportError]


def said(number: int = 11, topic: int = 3, position: int = 2, **more: Any) -> dict[str, Any]:
    made = {
        "id": number, "topic_id": topic, "post_number": position, "username": "ann", "user_id": 5, "name": "Ann",
        "created_at": "2026-03-02T10:00:00.000Z", "updated_at": "2026-03-02T10:00:00.000Z", "version": 1, "post_type": 1,
        "cooked": f"<p>number {number}</p>", "raw": f"number {number}", "topic_title": "Beans", "topic_slug": "beans",
        "actions_summary": [{"id": 2, "count": 3}], "reads": 40, "reply_count": 2,
    }  # fmt: skip
    return made | more


class Fake:
    """A forum that answers by method and path, and keeps what it was asked."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers: dict[str, Answer] = {"GET /session/current.json": ok(ME), **answers}
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        assert request.headers["api-key"] == "secret"
        assert request.headers["api-username"] == "keeper"
        answer = self.answers.get(f"{request.method} {request.url.path}")
        if answer is None:
            return httpx.Response(404, json={"errors": ["not found"], "error_type": "not_found"})
        if isinstance(answer, type):
            raise answer("silence", request=request)
        if callable(answer):
            return answer(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def sent(self, line: str) -> list[Any]:
        asked = [one for one in self.asked if f"{one.method} {one.url.path}" == line]
        return [json.loads(one.content) if one.content else dict(one.url.params) for one in asked]


def ok(data: Any = None, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=data) if data is not None else httpx.Response(status)


def made(fake: Fake, **secrets: str) -> DiscourseSession:
    def dial(*_: object, **__: object) -> Any:
        raise Later("nobody", retry_after=1)

    http = httpx.Client(transport=httpx.MockTransport(fake))
    settings = {"server": "forum.example.org/", "user": "keeper"}
    return Discourse.session(Access(settings, {"api_key": "secret"} | secrets, http, dial, lambda: NOW))


def messages(batch: Batch) -> dict[str, SeenMessage]:
    return {seen.remote_id: seen for seen in batch.seen if isinstance(seen, SeenMessage)}


def gone(batch: Batch) -> set[str]:
    return {seen.remote_id for seen in batch.seen if isinstance(seen, SeenDeletion)}


def pages(
    items: list[dict[str, Any]], size: int = 3, root: str = "latest_posts"
) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        before = int(request.url.params.get("before", 10**9))
        return ok({root: sorted((one for one in items if one["id"] <= before), key=lambda one: -one["id"])[:size]})

    return answer


def test_who_we_are_and_may_is_told() -> None:
    session = made(Fake({"GET /site/basic-info.json": ok({"title": "Garden"})}))
    found = session.check()
    assert (found.account.remote_id, found.account.handle, found.account.name) == ("9", "Keeper", "Kees")
    assert {right.name: right.granted for right in found.rights} == {"read": True, "moderate": True, "webhooks": False}
    assert next(iter(session.places())) == FORUM
    assert [(place.remote_id, place.kind) for place in session.places()] == [
        ("forum.example.org", "forum"), ("forum.example.org/messages", "direct"),
    ]  # fmt: skip
    assert [kind.name for kind in session.kinds(FORUM)] == ["posts", "changes", "review"]
    assert [kind.name for kind in session.kinds(MESSAGES)] == ["posts", "changes"]
    session.close()


def test_new_posts_are_seen_once_and_all_of_them() -> None:
    items = [said(number, position=number) for number in range(1, 8)]
    fake = Fake({"GET /posts.json": pages(items)})
    session = made(fake)
    start = session.poll(FORUM, "posts", "")
    assert set(messages(start)) == {"3/7", "3/6", "3/5"}
    items += [said(number, position=number) for number in range(8, 18)]
    seen, cursor, more = set[str](), start.cursor, True
    while more:
        batch = session.poll(FORUM, "posts", cursor)
        seen, cursor, more = seen | set(messages(batch)), batch.cursor, batch.more
    assert {f"3/{number}" for number in range(8, 18)} <= seen
    assert set(messages(session.poll(FORUM, "posts", cursor))) == {"3/17", "3/16", "3/15"}
    one = messages(start)["3/7"]
    assert (one.thread, one.thread_title, one.author.remote_id, one.ours) == ("3", "Beans", "5", False)
    assert one.as_of == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert one.reactions[0].count == 3


def test_private_messages_come_from_their_own_list_and_ours_are_known() -> None:
    items = [said(4, username="KEEPER", user_id=9, cooked="<p>Привіт 🌱</p>")]
    session = made(Fake({"GET /private-posts.json": pages(items, root="private_posts")}))
    one = messages(session.poll(MESSAGES, "posts", ""))["3/2"]
    assert (one.kind, one.ours, one.text) == ("direct", True, "Привіт 🌱")


def test_messages_between_others_are_left_to_them() -> None:
    items = [said(4, topic=4), said(5, topic=5), said(6, topic=6), said(7, topic=7)]
    admin = {"current_user": ME["current_user"] | {"admin": True, "groups": [{"name": "staff"}]}}
    fake = Fake({
        "GET /session/current.json": ok(admin),
        "GET /private-posts.json": pages(items, 5, "private_posts"),
        "GET /t/4.json": ok({"details": {"allowed_users": [{"username": "ann"}, {"username": "keeper"}]}}),
        "GET /t/5.json": ok({"details": {"allowed_users": [{"username": "ann"}], "allowed_groups": [{"name": "staff"}]}}),
        "GET /t/6.json": ok({"details": {"allowed_users": [{"username": "ann"}, {"username": "bo"}]}}),
    })  # fmt: skip
    session = made(fake)
    assert set(messages(session.poll(MESSAGES, "posts", ""))) == {"4/2", "5/2"}
    session.poll(MESSAGES, "posts", "")
    assert len(fake.sent("GET /t/6.json")) == 1


def test_the_past_is_read_back_to_a_day() -> None:
    old = [said(n, position=n, created_at=f"2026-02-{n:02d}T10:00:00Z", updated_at=None) for n in range(1, 29)]
    session = made(Fake({"GET /posts.json": pages(old, 5)}))
    seen, cursor, done = set[str](), "", list[float]()
    while True:
        part = session.recall(FORUM, cursor, since=datetime(2026, 2, 10, tzinfo=UTC))
        seen, cursor = seen | set(messages(part.batch)), part.batch.cursor
        done.append(part.done or 0)
        if not part.batch.more:
            break
    assert seen == {f"3/{n}" for n in range(10, 29)}
    assert done == sorted(done)
    assert done[-1] == 1.0


def test_edits_deletions_and_moves_of_late_posts_are_noticed() -> None:
    items = [said(n, position=n) for n in range(1, 6)]
    fake = Fake({"GET /posts.json": pages(items, 2)})
    session = made(fake)
    cursor, more = "", True
    while more:
        batch = session.poll(FORUM, "changes", cursor)
        cursor, more = batch.cursor, batch.more
    items[4]["cooked"], items[4]["version"], items[4]["updated_at"] = "<p>new</p>", 2, "2026-03-02T11:00:00Z"
    items[2] |= {"topic_id": 8, "post_number": 1}
    del items[3], items[0]
    fake.answers["GET /posts/3.json"] = ok(items[1])
    fake.answers["GET /posts/4.json"] = ok(said(4, position=4, deleted_at="2026-03-02T11:00:00Z"))
    found, lost, more = dict[str, SeenMessage](), set[str](), True
    while more:
        batch = session.poll(FORUM, "changes", cursor)
        found, lost = found | messages(batch), lost | gone(batch)
        cursor, more = batch.cursor, batch.more
    assert (found["3/5"].text, found["3/5"].edited_at) == ("new", datetime(2026, 3, 2, 11, tzinfo=UTC))
    assert "8/1" in found
    assert lost == {"3/3", "3/4", "3/1"}


REVIEW = {
    "reviewables": [
        {
            "id": 77, "type": "ReviewableQueuedPost", "topic_id": 3, "created_at": "2026-03-02T09:00:00Z", "version": 4,
            "target_created_by_id": 5, "status": 0, "payload": {"raw": "let *me* in", "reply_to_post_number": 1},
        },
        {
            "id": 78, "type": "ReviewableQueuedPost", "topic_id": None, "created_at": "2026-03-02T09:00:00Z",
            "target_created_by_id": 6, "payload": {"raw": "a topic", "title": "Peas"},
        },
    ],
    "users": [{"id": 5, "username": "ann", "name": "Ann"}],
    "meta": {"total_rows_reviewables": 2},
}  # fmt: skip


def test_what_waits_for_approval_is_seen_decided_and_then_gone() -> None:
    fake = Fake({
        "GET /review.json": ok(REVIEW),
        "GET /review/77.json": ok({"reviewable": REVIEW["reviewables"][0]}),  # type: ignore[index]
        "PUT /review/77/perform/approve_post.json": ok({"reviewable_perform_result": {"success": True}}),
        "PUT /review/77/perform/reject_post.json": ok({"reviewable_perform_result": {"success": True}}),
    })  # fmt: skip
    session = made(fake)
    batch = session.poll(FORUM, "review", "")
    one = messages(batch)["review/77"]
    assert (one.text, one.thread, one.parent, one.author.remote_id) == ("let *me* in", "3", "3/1", "5")
    assert [skip.reason for skip in batch.skipped] == ["no author"]
    session.moderate(Moderation(FORUM, "approve", "review/77"), "k")
    session.delete(Deletion(FORUM, "review/77"), "k")
    assert [one.url.params["version"] for one in fake.asked if one.method == "PUT"] == ["4", "4"]
    session.moderate(Moderation(FORUM, "approve", "review/79"), "k")  # decided, and forgotten
    with pytest.raises(Refused, match="approved or rejected"):
        session.moderate(Moderation(FORUM, "unhide", "review/77"), "k")
    fake.answers["GET /review.json"] = ok({"reviewables": [], "meta": {"total_rows_reviewables": 0}})
    assert gone(session.poll(FORUM, "review", batch.cursor)) == {"review/77"}


def test_an_answer_is_made_in_its_topic_and_found_again() -> None:
    fake = Fake({"GET /posts.json": pages([])})

    def make(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        return ok(said(20, position=5, username="keeper", user_id=9, cooked="<p>Yes</p>", raw=asked["raw"]))

    fake.answers["POST /posts.json"] = make
    session = made(fake)
    assert session.find_own(ANSWER, "k", since=NOW) is None
    sent = session.reply(ANSWER, "k")
    assert sent.seen
    assert (sent.remote_id, sent.seen.ours, sent.seen.text, sent.seen.thread) == ("3/5", True, "Yes", "3")
    assert fake.sent("POST /posts.json") == [{"topic_id": 3, "raw": f"Yes\n\n{mark('k')}", "reply_to_post_number": 1}]
    fake.answers["GET /posts.json"] = pages([said(20, position=5, username="keeper", raw=f"Yes\n\n{mark('k')}")])
    found = session.find_own(ANSWER, "k", since=NOW - timedelta(hours=3))
    assert found is not None
    assert found.remote_id == "3/5"
    assert session.find_own(ANSWER, "other", since=NOW) is None


def test_what_waits_for_approval_is_ours_without_a_number() -> None:
    session = made(Fake({"POST /posts.json": ok({"action": "enqueued", "success": True, "pending_post": {"id": 4}})}))
    assert session.reply(ANSWER, "k") == Sent()
    waiting = {"id": 5, "type": "ReviewableQueuedPost", "created_at": "2026-03-02T09:00:00Z", "target_created_by_id": 9}
    review = {"reviewables": [waiting | {"payload": {"raw": mark("k")}}], "users": [{"id": 9, "username": "keeper"}]}
    session = made(Fake({"GET /posts.json": pages([]), "GET /review.json": ok(review)}))
    assert session.find_own(ANSWER, "k", since=NOW) == Sent()


def test_posts_and_messages_are_published_with_files() -> None:
    upload = {"short_url": "upload://x.png", "original_filename": "x.png", "width": 4, "height": 5}
    fake = Fake({"POST /uploads.json": ok(upload), "POST /posts.json": ok(said(30, 9, 1, username="keeper"))})
    session = made(fake)
    picture = (Media("x.png", "image/png", b"png", alt="a [bean]"),)
    options = {"category": "4", "tags": "beans, peas,"}
    assert session.publish(Publication(FORUM, "Hello", "Beans", picture, options), "k").remote_id == "9/1"
    [asked] = fake.sent("POST /posts.json")
    assert asked == {
        "title": "Beans", "raw": f"Hello\n\n![a  bean|4x5](upload://x.png)\n\n{mark('k')}", "category": 4,
        "tags": ["beans", "peas"],
    }  # fmt: skip
    session.publish(Publication(MESSAGES, "Hello", "Hi", options={"to": "ann,staff"}), "k")
    assert fake.sent("POST /posts.json")[1]["archetype"] == "private_message"
    with pytest.raises(Refused, match="to whom"):
        session.publish(Publication(MESSAGES, "Hello", "Hi"), "k")


def test_our_words_are_changed_and_taken_back_once() -> None:
    standing = said(20, 3, 1, raw=f"Yes\n\n{mark('k')}", username="keeper")
    fake = Fake({
        "GET /posts/by_number/3/1.json": ok(standing),
        "GET /posts/by_number/3/2.json": ok(said(21)),
        "PUT /posts/20.json": ok({"post": standing | {"cooked": "<p>No</p>", "version": 2}}),
        "DELETE /t/3.json": ok(),
        "DELETE /posts/21.json": ok(),
    })  # fmt: skip
    session = made(fake)
    edited = session.edit(Edit(FORUM, "3/1", "No", "Peas"), "e")
    assert edited.seen
    assert edited.seen.text == "No"
    assert fake.sent("PUT /posts/20.json") == [{"post": {"raw": f"No\n\n{mark('k')}"}, "title": "Peas"}]
    for remote_id in ("3/1", "3/2", "3/99"):
        assert session.delete(Deletion(FORUM, remote_id), "d").remote_id == remote_id
    assert {f"{one.method} {one.url.path}" for one in fake.asked} >= {"DELETE /t/3.json", "DELETE /posts/21.json"}
    with pytest.raises(Refused, match="not there"):
        session.edit(Edit(FORUM, "3/99", "No"), "e")


@pytest.mark.parametrize(
    ("verb", "line", "told"),
    [
        ("lock", "PUT /t/3/status.json", {"status": "closed", "enabled": "true"}),
        ("unlock", "PUT /t/3/status.json", {"status": "closed", "enabled": "false"}),
        ("pin", "PUT /t/3/status.json", {"status": "pinned", "enabled": "true", "until": "2026-03-09T12:00:00+00:00"}),
        (
            "unpin",
            "PUT /t/3/status.json",
            {"status": "pinned", "enabled": "false", "until": "2026-03-09T12:00:00+00:00"},
        ),
        ("hide", "POST /post_actions.json", {"id": 11, "post_action_type_id": 4, "take_action": True}),
        ("spam", "POST /post_actions.json", {"id": 11, "post_action_type_id": 8, "take_action": True}),
        ("mute", "PUT /admin/users/5/silence.json", {"silenced_till": "2026-03-09T12:00:00+00:00", "reason": "rude"}),
        ("ban", "PUT /admin/users/5/suspend.json", {"suspend_until": "2026-03-09T12:00:00+00:00", "reason": "rude"}),
        ("unmute", "PUT /admin/users/5/unsilence.json", {}),
        ("unban", "PUT /admin/users/5/unsuspend.json", {}),
    ],
)
def test_moderating_asks_for_the_right_thing(verb: Verb, line: str, told: Mapping[str, Any]) -> None:
    fake = Fake({line: ok({"success": "OK"}), "GET /posts/by_number/3/2.json": ok(said())})
    session = made(fake)
    assert verb in session.verbs(FORUM)
    act = Moderation(FORUM, verb, "3/2", "5", NOW + timedelta(days=7), "rude")
    session.moderate(act, "k")
    assert fake.sent(line) == [told]
    fake.answers[line] = ok({"errors": ["already"]}, 409)
    if verb in ("mute", "ban"):
        session.moderate(act, "k")


def test_what_flags_had_hidden_is_shown_again() -> None:
    hidden = said(hidden=True, reviewable_id=77)
    fake = Fake({
        "GET /posts/by_number/3/2.json": ok(hidden),
        "PUT /posts/11/unhide.json": ok(),
        "GET /review/77.json": ok({"reviewable": {"id": 77, "status": 0, "version": 1}}),
        "PUT /review/77/perform/disagree_and_restore.json": ok({}),
    })  # fmt: skip
    session = made(fake)
    session.moderate(Moderation(FORUM, "unhide", "3/2"), "k")
    session.moderate(Moderation(FORUM, "hide", "3/2"), "k")  # hidden already
    session.moderate(Moderation(FORUM, "approve", "3/2"), "k")
    assert [one.url.path for one in fake.asked if one.method != "GET"] == [
        "/posts/11/unhide.json", "/review/77/perform/disagree_and_restore.json",
    ]  # fmt: skip
    with pytest.raises(Refused, match="nothing for that"):
        session.moderate(Moderation(FORUM, "kick", "3/2"), "k")


def test_figures_are_those_of_the_topic_for_its_first_post() -> None:
    fake = Fake({
        "GET /posts/by_number/3/1.json": ok(said(10, 3, 1)),
        "GET /posts/by_number/3/2.json": ok(said()),
        "GET /t/3.json": ok({"views": 500, "posts_count": 8}),
    })  # fmt: skip
    assert made(fake).measure(FORUM, ["3/1", "3/2", "3/99", "odd"]) == {
        "3/1": {"comments": 7, "likes": 3, "views": 500},
        "3/2": {"comments": 2, "likes": 3, "views": 40},
    }


@pytest.mark.parametrize(
    ("status", "body", "expected", "words"),
    [
        (403, {"errors": ["You are not permitted"], "error_type": "invalid_access"}, Refused, "moderator"),
        (404, {"errors": ["gone"], "error_type": "not_found"}, Refused, "not there"),
        (422, {"errors": ["Body is too short (minimum is 20 characters)"]}, Refused, "too short"),
        (400, {"errors": ["param is missing"]}, Refused, "missing"),
        (503, {"errors": ["The site is in read only mode"], "error_type": "read_only"}, Later, "read-only"),
        (500, {"status": 500}, Unsure, "failed"),
        (502, "<html>Bad gateway</html>", Unsure, "502"),
    ],
)
def test_what_the_forum_says_is_told_by_what_to_do(
    status: int, body: Any, expected: type[NetworkError], words: str
) -> None:
    answer = httpx.Response(status, text=body) if isinstance(body, str) else ok(body, status)
    with pytest.raises(expected, match=words) as raised:
        made(Fake({"POST /posts.json": answer})).reply(ANSWER, "k")
    assert "<" not in str(raised.value)


def test_a_key_that_was_taken_back_asks_to_connect_again() -> None:
    fake = Fake({"GET /posts.json": ok(INVALID, 403), "GET /session/current.json": ok(INVALID, 403)})
    for ask in (lambda: made(fake).check(), lambda: made(fake).poll(FORUM, "posts", "")):
        with pytest.raises(Reconnect, match="API key"):
            ask()


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({}, {"errors": ["slow"], "error_type": "rate_limit", "extras": {"wait_seconds": 18, "time_left": "18 s"}}, 18),
        ({"Retry-After": "25"}, {"extras": {"wait_seconds": 18}}, 25),
        ({"Retry-After": "7"}, None, 7),
        ({}, None, 30),
    ],
)
def test_a_pause_is_as_long_as_the_forum_says(headers: dict[str, str], body: Any, seconds: float) -> None:
    answer = (
        httpx.Response(429, headers=headers, json=body)
        if body
        else httpx.Response(429, headers=headers, text="Slow down")
    )
    for fake in (Fake({"GET /posts.json": answer}), Fake({"POST /posts.json": answer})):
        with pytest.raises(Later) as raised:
            made(fake).poll(FORUM, "posts", "") if "GET /posts.json" in fake.answers else made(fake).reply(ANSWER, "k")
        assert (raised.value.retry_after, raised.value.everywhere) == (seconds, True)


def test_silence_is_unsure_only_once_something_may_have_been_made() -> None:
    with pytest.raises(Unsure):
        made(Fake({"POST /posts.json": httpx.ReadTimeout})).reply(ANSWER, "k")
    with pytest.raises(Later):
        made(Fake({"POST /posts.json": httpx.ConnectTimeout})).reply(ANSWER, "k")
    with pytest.raises(Later):
        made(Fake({"GET /posts.json": httpx.ReadTimeout})).poll(FORUM, "posts", "")


@pytest.mark.parametrize("body", ['{"id": 1', "<html>Welcome</html>", "[]", '{"no": "id"}'])
def test_an_answer_that_says_nothing_leaves_an_act_unsure(body: str) -> None:
    with pytest.raises(Unsure):
        made(Fake({"POST /posts.json": httpx.Response(200, text=body)})).reply(ANSWER, "k")


def test_what_can_not_be_taken_is_said_and_the_rest_is_kept() -> None:
    items = [
        said(1, position=1), said(2, position=2, hidden=True, cooked_hidden=True), said(3, position=3, hidden=True),
        said(4, position=4, created_at="2999-01-01T00:00:00Z"), said(5, position=5, username=None, user_id=None),
        said(6, position=6, cooked="", raw=""), said(7, position=7, cooked="<p>" + "ы" * 100_000),
    ]  # fmt: skip
    batch = made(Fake({"GET /posts.json": ok({"latest_posts": [*items, "odd"]})})).poll(FORUM, "posts", "")
    assert {seen.remote_id: len(seen.text) for seen in messages(batch).values()} == {
        "3/1": 8,
        "3/3": 8,
        "3/6": 0,
        "3/7": 100_000,
    }
    assert sorted(one.reason for one in batch.skipped) == ["date out of range", "hidden at the network", "no author"]


def test_a_cursor_that_can_not_be_read_means_beginning_anew() -> None:
    session = made(Fake({"GET /posts.json": pages([said()]), "GET /review.json": ok(REVIEW)}))
    for kind in ("posts", "changes", "review"):
        for cursor in ("nonsense", "[1]", '{"top": "x", "known": 7, "before": null, "fresh": [1]}'):
            assert session.poll(FORUM, kind, cursor).place == FORUM


def test_our_marks_and_ids_are_told_from_other_words() -> None:
    assert reworded(post("one", "key", ["![x](y)"]), "two") == f"two\n\n{mark('key')}"
    assert reworded("somebody else's", "two") == "two"
    assert shown({"original_filename": "a.pdf", "url": "/a.pdf"}, "") == "[a.pdf|attachment](/a.pdf)"
    assert (post_of("3/2"), post_of("3/0"), post_of("review/3"), post_of("x")) == ((3, 2), None, None, None)
    assert (case_of("review/3"), case_of("3/2")) == (3, None)
    for remote_id in ("odd", "review/3"):
        with pytest.raises(Refused):
            made(Fake({})).edit(Edit(FORUM, remote_id, "x"), "k")
    for act in (Moderation(FORUM, "lock", "odd"), Moderation(FORUM, "ban", person="ann")):
        with pytest.raises(Refused):
            made(Fake({})).moderate(act, "k")
    with pytest.raises(Refused):
        made(Fake({})).reply(Reply(FORUM, "review/3", "", "x"), "k")
