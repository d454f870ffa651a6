"""Against emulate, which imitates GitHub's REST API: connected, read, answered, changed and moderated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Moderation, Publication, Reply
from folkmoot.networks.base import Batch, Place, SeenDeletion, SeenMessage
from folkmoot.networks.github.session import GitHubSession
from folkmoot.networks.live import Access
from servers.base import Running

pytestmark = pytest.mark.servers
PLACE = Place("brand/garden", "brand/garden", "forum")
REPOSITORY = "/repos/brand/garden"


class Fan:
    """Somebody else, by the server's own API."""

    def __init__(self, running: Running) -> None:
        self.http = httpx.Client(
            base_url=running.address, headers={"Authorization": f"Bearer {running.details['fan']}"}, trust_env=False
        )

    def do(self, method: str, path: str, **body: Any) -> Any:
        answer = self.http.request(method, f"{REPOSITORY}{path}", json=body or None).raise_for_status()
        return answer.json() if answer.content else None


@pytest.fixture
def github(server: Callable[[str], Running]) -> Running:
    return server("emulate")


@pytest.fixture
def fan(github: Running) -> Iterator[Fan]:
    made = Fan(github)
    yield made
    made.http.close()


@pytest.fixture
def session(github: Running, access: Callable[..., Access]) -> GitHubSession:
    settings = {"server": github.address, "repositories": "https://github.com/Brand/Garden nobody/nothing"}
    return GitHubSession(access(settings, {"token": github.details["token"]}))


def messages(batch: Batch) -> dict[str, SeenMessage]:
    return {one.remote_id: one for one in batch.seen if isinstance(one, SeenMessage)}


def test_it_says_who_we_are_and_what_can_be_connected(session: GitHubSession) -> None:
    checkup = session.check()
    assert checkup.account.handle == "brand"
    assert "nobody/nothing" in checkup.notes[-1]
    assert [place.remote_id for place in session.places()] == ["brand/garden"]
    session.close()


def test_an_issue_and_its_comments_are_read_once_and_on_from_the_cursor(session: GitHubSession, fan: Fan) -> None:
    assert session.kinds(PLACE)[0].name == "issues"
    start = session.poll(PLACE, "issues", "")
    issue = fan.do("POST", "/issues", title="Насіння", body="Де взяти? 🌱")
    ident = f"issue-{issue['number']}"
    batch = session.poll(PLACE, "issues", start.cursor)
    opened = messages(batch)[ident]
    assert (opened.text, opened.thread_title, opened.kind) == ("Де взяти? 🌱", "Насіння", "post")
    assert (opened.author.handle, opened.author.name, opened.ours) == ("fan", "fan", False)
    comment = fan.do("POST", f"/issues/{issue['number']}/comments", body="ау?")
    thread = session.poll_thread(PLACE, ident, "")
    said = messages(thread)[f"comment-{comment['id']}"]
    assert (said.thread, said.parent, said.kind) == (ident, ident, "comment")
    fan.do("DELETE", f"/issues/comments/{comment['id']}")
    gone = [one for one in session.poll_thread(PLACE, ident, thread.cursor).seen if isinstance(one, SeenDeletion)]
    assert [one.remote_id for one in gone] == [said.remote_id]


def test_answers_are_read_back_found_changed_and_deleted(session: GitHubSession, fan: Fan) -> None:
    issue = fan.do("POST", "/issues", title="Question", body="?")
    thread, since = f"issue-{issue['number']}", datetime.now(UTC)
    act = Reply(PLACE, thread, thread, "Так, 🌻")
    assert session.find_own(act, "k", since=since) is None
    sent = session.reply(act, "k")
    read = messages(session.poll_thread(PLACE, thread, ""))[sent.remote_id]
    assert sent.seen == read
    assert read.ours
    found = session.find_own(act, "k", since=since)
    assert found and found.remote_id == sent.remote_id
    for _ in range(2):
        changed = session.edit(Edit(PLACE, sent.remote_id, "Ні"), "k")
    assert changed.seen and changed.seen.text == "Ні"
    for _ in range(2):
        session.delete(Deletion(PLACE, sent.remote_id), "k")
    assert sent.remote_id not in messages(session.poll_thread(PLACE, thread, ""))


def test_issues_and_releases_are_published(session: GitHubSession) -> None:
    since = datetime.now(UTC)
    act = Publication(PLACE, "All about it", title="News")
    assert session.find_own(act, "k", since=since) is None
    issue = session.publish(act, "k")
    assert issue.seen and (issue.seen.thread_title, issue.seen.text) == ("News", "All about it")
    found = session.find_own(act, "k", since=since)
    assert found and found.remote_id == issue.remote_id
    release = session.publish(Publication(PLACE, "Spring\nMore roses", options={"tag": f"v{since.timestamp()}"}), "k")
    assert release.seen and (release.seen.thread_title, release.seen.text) == ("Spring", "More roses")
    assert release.remote_id in messages(session.poll(PLACE, "releases", ""))
    session.edit(Edit(PLACE, release.remote_id, "Fewer roses"), "k")
    assert messages(session.poll(PLACE, "releases", ""))[release.remote_id].text == "Fewer roses"
    for _ in range(2):
        session.delete(Deletion(PLACE, release.remote_id), "k")


def test_locking_takes_effect_and_may_be_repeated(session: GitHubSession, fan: Fan) -> None:
    number = fan.do("POST", "/issues", title="Loud", body="!")["number"]
    assert "lock" in session.verbs(PLACE)
    for _ in range(2):
        session.moderate(Moderation(PLACE, "lock", message=f"issue-{number}"), "k")
    assert fan.do("GET", f"/issues/{number}")["locked"] is True
    for _ in range(2):
        session.moderate(Moderation(PLACE, "unlock", message=f"issue-{number}"), "k")
    assert fan.do("GET", f"/issues/{number}")["locked"] is False


def test_a_webhook_is_set_once_and_taken_away(
    session: GitHubSession, github: Running, access: Callable[..., Access]
) -> None:
    url = "http://127.0.0.1:9/hooks/1"
    tokens = session.subscribe(url, [PLACE])
    settings = {"server": github.address, **tokens.settings}
    ours = GitHubSession(access(settings, {"token": github.details["token"], **tokens.secrets}))
    assert ours.subscribe(url, [PLACE]).secrets == tokens.secrets
    with httpx.Client(
        headers={"Authorization": "Bearer brand-token"}, base_url=github.address, trust_env=False
    ) as http:
        assert [one["config"]["url"] for one in http.get(f"{REPOSITORY}/hooks").json()] == [url]
        ours.unsubscribe(url)
        assert http.get(f"{REPOSITORY}/hooks").json() == []


def test_the_past_of_issues_is_read_page_by_page(session: GitHubSession, fan: Fan) -> None:
    number = fan.do("POST", "/issues", title="Old", body="old")["number"]
    recalled = session.recall(PLACE, "", since=datetime.now(UTC) - timedelta(days=1))
    assert f"issue-{number}" in messages(recalled.batch)
    assert recalled.batch.more
