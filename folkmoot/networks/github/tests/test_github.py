"""What GitHub tells, and what it says when something can't be done, without a server."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Never
from zoneinfo import ZoneInfo

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Media, Moderation, Publication, Reply
from folkmoot.networks.base import BATCH_SIZE, Person, Place, SeenDeletion, SeenMessage
from folkmoot.networks.errors import Later, Moved, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.github.parse import parse_comment, parse_issue
from folkmoot.networks.github.session import GitHubSession
from folkmoot.networks.live import Access, Hook
from folkmoot.networks.payload import Dates, Unfit

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DATES = Dates(ZoneInfo("UTC"), NOW)
PLACE = Place("garden/club", "garden/club", "forum")
RECORDED = Path(__file__).parents[5] / "shared/data/fixtures/perceval/tests/data/github"
USER = {"login": "mira", "id": 12, "type": "User"}
ISSUE = {"number": 5, "title": "T", "body": "b", "user": USER, "created_at": "2026-03-01T10:00:00Z",
         "updated_at": "2026-03-01T10:00:00Z", "html_url": "https://github.com/garden/club/issues/5"}  # fmt: skip
COMMENT = {"id": 9, "body": "c", "user": USER, "created_at": "2026-03-01T10:00:00Z",
           "updated_at": "2026-03-01T10:00:00Z", "issue_url": "https://api.github.com/repos/garden/club/issues/5"}  # fmt: skip
Answer = Callable[[httpx.Request], httpx.Response]


def nowhere(host: str, port: int, *, tls: bool, seconds: float = 20.0) -> Never:
    raise AssertionError("everything goes by HTTP")


def session(answer: Answer) -> GitHubSession:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/user":
            return httpx.Response(200, json={"login": "brand", "id": 1})
        return answer(request)

    http = httpx.Client(transport=httpx.MockTransport(respond))
    return GitHubSession(Access({}, {"token": "ghp_SECRET", "hook_secret": "s"}, http, nowhere, lambda: NOW))


def failing(status: int, message: str, **headers: str) -> Answer:
    return lambda request: httpx.Response(status, json={"message": message}, headers=headers)


def saying(**data: Any) -> Answer:
    return lambda request: httpx.Response(200, json={"data": data})


@pytest.mark.parametrize(
    ("status", "message", "headers", "kind", "words"),
    [
        (401, "Bad credentials", {}, Reconnect, "another"),
        (403, "Resource not accessible by personal access token", {}, Refused, "settings/tokens"),
        (403, "Must have admin rights to Repository.", {}, Refused, "enough rights"),
        (403, "Unable to create comment because issue is locked.", {}, Refused, "unlock"),
        (403, "blocked", {}, Refused, "blocked"),
        (403, "SAML", {"X-GitHub-SSO": "required; url=https://github.com/x"}, Refused, "Configure SSO"),
        (403, "You have exceeded a secondary rate limit", {}, Later, "slow down"),
        (404, "Not Found", {}, Refused, "does not show it"),
        (410, "Issues are disabled for this repo", {}, Refused, "does not show it"),
        (422, "Validation Failed", {}, Refused, "Validation"),
        (500, "oops", {}, Unsure, "failed"),
        (503, "away", {}, Later, "503"),
    ],
)
def test_every_error_says_what_to_do_next(
    status: int, message: str, headers: dict[str, str], kind: type[NetworkError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        session(failing(status, message, **headers)).publish(Publication(PLACE, "hello"), "k")
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (403, {"Retry-After": "17"}, 17),
        (429, {"Retry-After": "3"}, 3),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW.timestamp()) + 95)}, 95),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW.timestamp()) - 95)}, 0),
    ],
)
def test_how_long_to_wait_is_honoured_to_the_second(status: int, headers: dict[str, str], seconds: float) -> None:
    with pytest.raises(Later) as caught:
        session(failing(status, "API rate limit exceeded", **headers)).poll(PLACE, "issues", "")
    assert caught.value.retry_after == seconds
    assert caught.value.everywhere


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "NOT_FOUND", "message": "x"}, Refused),
        ({"type": "FORBIDDEN", "message": "x"}, Refused),
        ({"type": "INSUFFICIENT_SCOPES", "message": "x"}, Refused),
        ({"type": "RATE_LIMITED", "message": "x"}, Later),
        ({"message": "Something went wrong while executing your query."}, Unsure),
    ],
)
def test_errors_of_graphql_come_with_a_status_that_says_yes(error: dict[str, str], kind: type[NetworkError]) -> None:
    made = session(lambda request: httpx.Response(200, json={"data": None, "errors": [error]}))
    with pytest.raises(kind):
        made.moderate(Moderation(PLACE, "hide", message="remark-DC_1"), "k")


def test_silence_before_github_was_asked_is_later_and_after_it_unsure() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("no connection", request=request)

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer", request=request)

    with pytest.raises(Later):
        session(unreachable).edit(Edit(PLACE, "comment-9", "x"), "k")
    with pytest.raises(Unsure):
        session(silent).edit(Edit(PLACE, "comment-9", "x"), "k")
    with pytest.raises(Unsure):
        session(lambda request: httpx.Response(201, text='{"id": ')).publish(Publication(PLACE, "x"), "k")
    with pytest.raises(Later):
        session(silent).poll(PLACE, "discussions", "")
    with pytest.raises(Later):
        session(lambda request: httpx.Response(200, text="<html>")).poll(PLACE, "comments", "")


def test_a_renamed_repository_is_followed() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"full_name": "Garden/Society"})
        return httpx.Response(307, headers={"Location": "https://api.github.com/repositories/1/issues"})

    with pytest.raises(Moved) as caught:
        session(respond).publish(Publication(PLACE, "hello"), "k")
    assert caught.value.remote_id == "garden/society"


def test_nothing_new_costs_nothing_and_no_late_comment_is_skipped() -> None:
    asked: list[tuple[str, str]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        etag, since = request.headers.get("if-none-match", ""), dict(request.url.params).get("since", "")
        asked.append((since, etag))
        return httpx.Response(304) if etag else httpx.Response(200, json=[COMMENT], headers={"ETag": '"e"'})

    made = session(respond)
    cursor = made.poll(PLACE, "comments", "").cursor
    for _ in range(3):
        batch = made.poll(PLACE, "comments", cursor)
        cursor = batch.cursor
    minute_before = "2026-03-01T09:59:00Z"
    assert asked == [("", ""), (minute_before, ""), (minute_before, '"e"'), (minute_before, '"e"')]
    assert not batch.seen


def test_a_hundred_changes_in_one_second_are_read_page_by_page() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        page = int(dict(request.url.params).get("page", "1"))
        items = [{**COMMENT, "id": page * 1000 + n} for n in range(100 if page < 3 else 1)]
        return httpx.Response(200, json=items)

    made, found = session(respond), set()
    cursor, more = json.dumps({"since": "2026-03-01T09:59:30Z"}), True
    while more:
        batch = made.poll(PLACE, "comments", cursor)
        found |= {one.remote_id for one in batch.seen}
        cursor, more = batch.cursor, batch.more
    assert len(found) == 201


def test_discussions_are_threads_with_answers_below_comments() -> None:
    author = {"__typename": "User", "login": "mira", "databaseId": 12, "name": "Міра"}
    said = {"body": "b", "createdAt": "2026-03-01T10:00:00Z", "updatedAt": "2026-03-01T11:00:00Z", "author": author}
    answer = {"id": "DC_2", **said, "author": None, "replyTo": {"id": "DC_1"}}
    remark = {"id": "DC_1", **said, "replies": {"nodes": [answer]}, "lastEditedAt": "2026-03-01T11:00:00Z",
              "reactionGroups": [{"content": "HEART", "reactors": {"totalCount": 3}}]}  # fmt: skip
    topic = {"number": 7, "title": "Roses", "url": "https://github.com/x", **said, "comments": {"nodes": [remark]}}
    listed = {"pageInfo": {"hasNextPage": False}, "nodes": [topic]}
    made = session(saying(repository={"discussions": listed, "discussion": topic}))
    opened, comment, below = made.poll(PLACE, "discussions", "").seen
    assert isinstance(opened, SeenMessage) and isinstance(comment, SeenMessage) and isinstance(below, SeenMessage)
    assert (opened.remote_id, opened.thread_title, opened.author) == (
        "discussion-7",
        "Roses",
        Person("12", "Міра", "mira"),
    )
    assert (comment.kind, comment.parent, comment.edited_at) == ("comment", "discussion-7", NOW - timedelta(hours=25))
    assert [(one.value, one.count) for one in comment.reactions] == [("❤️", 3)]
    assert (below.kind, below.parent, below.thread, below.author.handle) == (
        "reply",
        "remark-DC_1",
        "discussion-7",
        "Ghost",
    )
    assert [one.remote_id for one in made.poll_thread(PLACE, "discussion-7", "").seen] == [
        "discussion-7",
        "remark-DC_1",
        "remark-DC_2",
    ]
    later = made.poll(PLACE, "discussions", json.dumps({"since": "2026-03-02T11:00:00Z"}))
    assert not later.seen


def test_large_discussions_fit_batches() -> None:
    said = {"body": "b", "createdAt": "2026-03-01T10:00:00Z", "updatedAt": "2026-03-01T11:00:00Z"}
    remarks = [
        {"id": f"C{n}", **said, "replies": {"nodes": [{"id": f"R{n}-{m}", **said} for m in range(10)]}}
        for n in range(120)
    ]
    topic = {"number": 7, "title": "T", **said, "comments": {"nodes": remarks}}
    made = session(saying(repository={"discussions": {"pageInfo": {}, "nodes": [topic]}}))
    cursor, found, more = "", set(), True
    while more:
        batch = made.poll(PLACE, "discussions", cursor)
        assert len(batch.seen) <= BATCH_SIZE
        found |= {one.remote_id for one in batch.seen}
        cursor, more = batch.cursor, batch.more
    assert len(found) == 1 + 120 * 11


def test_answering_in_a_discussion_goes_below_the_comment() -> None:
    asked: list[dict[str, Any]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        asked.append(body["variables"])
        if "addDiscussionComment" in body["query"]:
            said = {"id": "DC_3", "body": "hi", "createdAt": "2026-03-01T10:00:00Z", "replyTo": {"id": "DC_1"},
                    "author": {"login": "brand", "databaseId": 1}}  # fmt: skip
            return httpx.Response(200, json={"data": {"addDiscussionComment": {"comment": said}}})
        if "node(id" in body["query"]:
            return httpx.Response(200, json={"data": {"node": {"id": "DC_2", "replyTo": {"id": "DC_1"}}}})
        return httpx.Response(200, json={"data": {"repository": {"discussion": {"id": "D_7"}}}})

    sent = session(respond).reply(Reply(PLACE, "discussion-7", "remark-DC_2", "hi"), "k")
    assert asked[-1] == {"on": "D_7", "body": "hi", "above": "DC_1"}
    assert sent.seen and (sent.remote_id, sent.seen.parent, sent.seen.ours) == ("remark-DC_3", "remark-DC_1", True)


def test_hiding_names_a_reason_and_blocking_goes_to_who_owns_the_repository() -> None:
    asked: list[tuple[str, str, Any]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content or b"null")
        asked.append((request.method, request.url.path, body and body.get("variables")))
        if request.url.path == "/user/12":
            return httpx.Response(200, json=USER)
        if request.method == "GET" and request.url.path == "/repos/garden/club":
            return httpx.Response(200, json={"owner": {"login": "garden", "type": "Organization"}})
        if request.method == "GET":
            return httpx.Response(200, json={"node_id": "IC_9"})
        return httpx.Response(200, json={"data": {}}) if request.method == "POST" else httpx.Response(204)

    made = session(respond)
    made.moderate(Moderation(PLACE, "spam", message="comment-9"), "k")
    assert asked[-1] == ("POST", "/graphql", {"id": "IC_9", "why": "SPAM"})
    made.moderate(Moderation(PLACE, "hide", message="remark-DC_1", reason="abuse"), "k")
    assert asked[-1][2] == {"id": "DC_1", "why": "ABUSE"}
    made.moderate(Moderation(PLACE, "ban", person="12"), "k")
    assert asked[-1][:2] == ("PUT", "/orgs/garden/blocks/mira")
    made.moderate(Moderation(PLACE, "unban", person="12"), "k")
    assert asked[-1][:2] == ("DELETE", "/orgs/garden/blocks/mira")
    for act in (Moderation(PLACE, "hide", message="issue-5"), Moderation(PLACE, "ban", person="10137")):
        with pytest.raises(Refused):
            made.moderate(act, "k")


def test_what_github_can_not_do_is_refused_before_anything_is_sent() -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url.path)

    picture = (Media("a.png", "image/png", b"x"),)
    with pytest.raises(Refused, match="picture"):
        session(never).publish(Publication(PLACE, "x", media=picture), "k")
    with pytest.raises(Refused, match="release"):
        session(never).reply(Reply(PLACE, "release-1", "", "x"), "k")
    assert session(failing(404, "Not Found")).delete(Deletion(PLACE, "comment-9"), "k").remote_id == "comment-9"


def hook(event: str, payload: Any, *, key: bytes = b"s", at: datetime = NOW) -> Hook:
    body = json.dumps({"repository": {"full_name": "Garden/Club"}, **payload}).encode()
    proof = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
    headers = {"x-hub-signature-256": proof, "x-github-event": event, "x-github-delivery": "guid-1"}
    return Hook("POST", headers, {}, body, at)


def test_the_signature_is_checked_and_the_delivery_has_githubs_own_id() -> None:
    made = session(failing(404, "never asked"))
    assert made.answer(hook("issues", {})).key == "guid-1"
    assert not made.answer(hook("ping", {})).keep
    for wrong in (hook("issues", {}, key=b"x"), Hook("POST", {}, {}, b"{}", NOW)):
        with pytest.raises(Refused):
            made.answer(wrong)


def test_webhooks_tell_the_same_as_asking_and_also_what_is_gone() -> None:
    made = session(lambda request: httpx.Response(200, json=[COMMENT]))

    def told(event: str, **payload: Any) -> Any:
        (batch,) = made.hear(hook(event, payload))
        assert batch.place and batch.place.remote_id == "garden/club"
        return batch.seen[0] if batch.seen else batch.skipped[0]

    assert told("issue_comment", action="created", comment=COMMENT) == made.poll(PLACE, "comments", "").seen[0]
    edited = told("issues", action="edited", issue={**ISSUE, "updated_at": "2026-03-01T11:00:00Z"})
    assert edited.edited_at == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert told("issues", action="closed", issue=ISSUE).edited_at is None
    gone = told("issue_comment", action="deleted", comment=COMMENT, issue=ISSUE)
    assert gone == SeenDeletion("comment-9", NOW)
    topic = {"number": 7, "title": "T", "body": "b", "user": None, "created_at": "2026-03-01T10:00:00Z"}
    assert told("discussion", action="created", discussion=topic).author.handle == "Ghost"
    remark = {
        "node_id": "DC_1",
        "id": 4,
        "body": "b",
        "user": USER,
        "created_at": "2026-03-01T10:00:00Z",
        "parent_id": None,
    }
    said = told("discussion_comment", action="created", discussion=topic, comment=remark)
    assert (said.remote_id, said.parent) == ("remark-DC_1", "discussion-7")
    release = {
        "id": 3,
        "tag_name": "v1",
        "body": "b",
        "author": USER,
        "draft": True,
        "created_at": "2026-03-01T10:00:00Z",
    }
    assert told("release", action="created", release=release).reason == "draft"
    assert told("issues", action="deleted", issue={}).reason == "no id"
    with pytest.raises(Moved) as caught:
        made.hear(hook("repository", {"action": "renamed", "changes": {"repository": {"name": {"from": "Grove"}}}}))
    assert (caught.value.was, caught.value.remote_id) == ("garden/grove", "garden/club")


def test_a_token_tells_what_it_may_and_until_when() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        ends = {"GitHub-Authentication-Token-Expiration": "2026-03-20 12:00:00 UTC"}
        return httpx.Response(200, json={"login": "brand", "id": 1}, headers={"X-OAuth-Scopes": "public_repo", **ends})

    http = httpx.Client(transport=httpx.MockTransport(respond))
    checkup = GitHubSession(Access({}, {"token": "x"}, http, nowhere, lambda: NOW)).check()
    assert checkup.expires_at == datetime(2026, 3, 20, 12, tzinfo=UTC)
    assert {right.name: right.granted for right in checkup.rights}["repo"] is True
    assert {right.name: right.granted for right in checkup.rights}["user"] is False


def test_long_empty_and_odd_words_are_taken_as_they_are() -> None:
    assert len(parse_issue({**ISSUE, "body": "x" * 100_000}, "brand", DATES).text) == 100_000
    assert parse_issue({**ISSUE, "body": None}, "brand", DATES).text == ""
    with pytest.raises(Unfit, match="no id"):
        parse_comment({**COMMENT, "issue_url": None}, "brand", DATES)
    with pytest.raises(Unfit, match="no date"):
        parse_issue({**ISSUE, "created_at": None}, "brand", DATES)


@pytest.mark.archives
def test_recorded_answers_of_github_are_read() -> None:
    if not RECORDED.exists():
        pytest.skip("the recorded answers are not beside this checkout")
    issues = [
        parse_issue(one, "zhquan_example", DATES) for one in json.loads((RECORDED / "github_request").read_text())
    ]
    comments = json.loads((RECORDED / "github_issue_comments_1").read_text())
    said = [parse_comment(one, "zhquan_example", DATES) for one in comments]
    assert issues and said
    assert [(one.value, one.count) for one in said[0].reactions] == [("👍", 1), ("❤️", 2)]
    assert {one.thread for one in said} == {"issue-1"}
