"""Against a real Ghost."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count
from threading import Thread
from typing import Any

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Media, Moderation, Publication, Reply
from folkmoot.networks.base import Batch, Place, SeenDeletion, SeenMessage, SeenMove
from folkmoot.networks.errors import Reconnect, Refused
from folkmoot.networks.ghost import Ghost
from folkmoot.networks.ghost.session import GhostSession
from folkmoot.networks.live import Access, Hook
from servers.base import Running

pytestmark = pytest.mark.servers

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NUMBERS = count(1)


@pytest.fixture
def ghost(server: Callable[[str], Running]) -> Running:
    return server("ghost")


@pytest.fixture
def site(ghost: Running) -> Callable[..., Any]:
    """The owner of the site, signed in: ``site("POST", "posts/", json=…)``."""

    def ask(method: str, path: str, **request: Any) -> Any:
        headers = {"Origin": ghost.address, "Accept-Version": "v5.0"}
        cookies = {"ghost-admin-api-session": ghost.details["session"]}
        with httpx.Client(cookies=cookies, headers=headers, trust_env=False, timeout=60) as http:
            answer = http.request(method, f"{ghost.address}/ghost/api/admin/{path}", **request)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    return ask


@pytest.fixture
def member(site: Callable[..., Any]) -> Callable[[str], str]:
    """The id of a reader by address, signed up if need be."""

    def made(email: str, name: str = "") -> str:
        found = site("GET", "members/", params={"filter": f"email:'{email}'"})["members"]
        if not found:
            found = site("POST", "members/", json={"members": [{"email": email, "name": name or "Ann Õunap"}]})[
                "members"
            ]
        return str(found[0]["id"])

    return made


@pytest.fixture
def connect(ghost: Running, access: Callable[..., Access]) -> Callable[..., GhostSession]:
    def made(key: str = "", **settings: str) -> GhostSession:
        filled = {"site": f"{ghost.address}/ghost/", "member": "Team@example.com"} | settings
        return Ghost.session(access(filled, {"admin_key": key or ghost.details["key"]}))

    return made


@pytest.fixture
def session(connect: Callable[..., GhostSession], member: Callable[..., str]) -> GhostSession:
    member("team@example.com", "Garden team")
    return connect(member="team@example.com")


@pytest.fixture
def place(session: GhostSession) -> Place:
    [only] = session.places()
    return only


@pytest.fixture
def post(site: Callable[..., Any]) -> str:
    words = {"title": f"Beans {next(NUMBERS)}", "html": "<p>Sow?</p>", "status": "published"}
    return str(site("POST", "posts/?source=html", json={"posts": [words]})["posts"][0]["id"])


@pytest.fixture
def say(site: Callable[..., Any], member: Callable[..., str]) -> Callable[..., str]:
    def made(post: str, html: str, **more: Any) -> str:
        said = {"post_id": post, "member_id": member("ann@example.com"), "html": html} | more
        return str(site("POST", "comments/", json={"comments": [said]})["comments"][0]["id"])

    return made


def messages(batch: Batch) -> dict[str, SeenMessage]:
    return {seen.remote_id: seen for seen in batch.seen if isinstance(seen, SeenMessage)}


def gone(batch: Batch) -> set[str]:
    return {seen.remote_id for seen in batch.seen if isinstance(seen, SeenDeletion)}


def test_an_integration_has_its_rights_and_needs_a_member_to_answer(
    session: GhostSession, connect: Callable[..., GhostSession], ghost: Running
) -> None:
    found = session.check()
    assert (found.account.name, found.account.handle) == ("Garden team", "team@example.com")
    assert all(right.granted for right in found.rights)
    rights = {right.name: right.granted for right in connect(member="nobody@example.com").check().rights}
    assert rights == {"posts": True, "comments": True, "member": False}
    [place] = session.places()
    assert (place.remote_id, place.name, place.kind) == (ghost.address.removeprefix("http://"), "Garden notes", "page")
    assert {kind.name for kind in session.kinds(place)} == {"posts", "comments", "changes", "members"}
    session.close()


def test_a_wrong_key_asks_to_connect_again(connect: Callable[..., GhostSession], ghost: Running) -> None:
    ident = ghost.details["key"].partition(":")[0]
    for key in ("nonsense", f"{ident}:{'0d' * 32}", f"{'0d' * 12}:{'0d' * 32}"):
        with pytest.raises(Reconnect, match="Admin API key"):
            connect(key).check()


def test_clocks_that_disagree_are_got_over(ghost: Running, access: Callable[..., Access]) -> None:
    real = access({"site": ghost.address}, {"admin_key": ghost.details["key"]})
    for wrong in (timedelta(hours=-3), timedelta(hours=3)):
        now = partial(_shifted, wrong)
        skewed = Access(real.settings, real.secrets, real.http, real.dial, now)
        assert Ghost.session(skewed).check().account.name == "Garden notes"


def _shifted(by: timedelta) -> datetime:
    return datetime.now(UTC) + by


def test_a_new_post_is_seen_edited_and_deleted(session: GhostSession, place: Place, site: Callable[..., Any]) -> None:
    start = session.poll(place, "posts", "")
    words = {"title": "Огірки 🥒", "html": "<p>Коли <b>сіяти</b>?</p>", "status": "published"}
    made = site("POST", "posts/?source=html", json={"posts": [words]})["posts"][0]
    batch = session.poll(place, "posts", start.cursor)
    mine = messages(batch)[f"post-{made['id']}"]
    assert (mine.thread_title, mine.text, mine.kind, mine.author.name) == ("Огірки 🥒", "Коли сіяти?", "post", "Keeper")
    assert (mine.thread, mine.parent, mine.ours, mine.url) == (mine.remote_id, None, False, made["url"])
    changed = {"posts": [{"html": "<p>В травні</p>", "updated_at": made["updated_at"]}]}
    site("PUT", f"posts/{made['id']}/?source=html", json=changed)
    assert messages(session.poll(place, "posts", batch.cursor))[mine.remote_id].text == "В травні"
    site("DELETE", f"posts/{made['id']}/")
    assert mine.remote_id in gone(session.poll(place, "changes", ""))


def test_a_comment_and_its_answers_are_seen_with_author_post_and_parent(
    session: GhostSession, place: Place, post: str, say: Callable[..., str]
) -> None:
    start = session.poll(place, "comments", "")
    first = say(post, "<p>Найкраще 🌱 навесні</p>")
    second = say(post, "<p>And then?</p>", parent_id=first)
    third = say(post, "<p>Harvest</p>", parent_id=first, in_reply_to_id=second)
    found = messages(session.poll(place, "comments", start.cursor))
    one, two, three = (found[f"comment-{number}"] for number in (first, second, third))
    assert (one.text, one.kind, one.author.name, one.ours) == ("Найкраще 🌱 навесні", "comment", "Ann Õunap", False)
    assert (one.thread, one.parent) == (f"post-{post}", f"post-{post}")
    assert one.thread_title.startswith("Beans")
    assert (two.kind, two.parent) == ("reply", f"comment-{first}")
    assert three.parent == f"comment-{second}"
    assert abs(one.at - datetime.now(UTC)) < timedelta(minutes=2)


def test_many_comments_are_all_seen_over_several_pages(
    session: GhostSession, place: Place, post: str, say: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = '{"top": "2020-01-01T00:00:00+00:00"}'
    # Ghost tells times to the second
    at = [(datetime.now(UTC) - timedelta(minutes=number)).isoformat() for number in range(12)]
    made = {f"comment-{say(post, f'<p>number {number}</p>', created_at=at[number])}" for number in range(12)}
    for name in ("site", "listening", "session"):
        monkeypatch.setattr(f"folkmoot.networks.ghost.{name}.PAGE", 5)
    seen, more = set[str](), True
    while more:
        batch = session.poll(place, "comments", cursor)
        seen, cursor, more = seen | set(messages(batch)), batch.cursor, batch.more
    assert made <= seen
    recalled, cursor, done = set[str](), "", list[float]()
    while True:
        part = session.recall(place, cursor, since=LONG_AGO)
        recalled |= set(messages(part.batch))
        cursor = part.batch.cursor
        done.append(part.done or 0)
        if not part.batch.more:
            break
    assert made | {f"post-{post}"} <= recalled
    assert done == sorted(done)
    assert done[-1] == 1.0


def test_an_answer_is_read_back_as_ours_and_deleted(
    session: GhostSession, place: Place, post: str, say: Callable[..., str]
) -> None:
    first = say(post, "<p>When?</p>")
    question = say(post, "<p>In spring?</p>", parent_id=first)
    act = Reply(
        place, f"post-{post}", f"comment-{question}", "In May, <b>I</b> think 🌞\n\nhttps://example.org/?a=1&b=2"
    )
    began = datetime.now(UTC)
    assert session.find_own(act, "k", since=began) is None
    sent = session.reply(act, "k")
    assert sent.seen
    assert (sent.seen.ours, sent.seen.parent, sent.seen.kind) == (True, f"comment-{question}", "reply")
    assert sent.seen.text == "In May, <b>I</b> think 🌞\n\nhttps://example.org/?a=1&b=2"
    read = messages(session.poll(place, "comments", ""))[sent.remote_id]
    assert (read.text, read.ours, read.parent, read.at) == (sent.seen.text, True, sent.seen.parent, sent.seen.at)
    assert read.author.remote_id == session.check().account.remote_id
    found = session.find_own(act, "k", since=began)
    assert found is not None
    assert found.remote_id == sent.remote_id
    changes = session.poll(place, "changes", "")
    with pytest.raises(Refused, match="nobody but its member"):
        session.edit(Edit(place, sent.remote_id, "x"), "k")
    for _ in range(2):
        assert session.delete(Deletion(place, sent.remote_id), "k").remote_id == sent.remote_id
    assert session.find_own(act, "k", since=began) is None
    assert sent.remote_id in gone(session.poll(place, "changes", changes.cursor))
    top = session.reply(Reply(place, f"post-{post}", "", "To all"), "k2")
    assert top.seen
    assert top.seen.parent == f"post-{post}"


def test_hiding_takes_effect_for_readers(
    session: GhostSession, place: Place, ghost: Running, post: str, say: Callable[..., str]
) -> None:
    number = say(post, "<p>Buy my beans</p>")

    def public() -> bool:
        answer = httpx.get(f"{ghost.address}/members/api/comments/post/{post}/", trust_env=False).json()
        return any(one["id"] == number and one["html"] for one in answer["comments"])

    assert public()
    for verb, shown in (("hide", False), ("unhide", True), ("hide", False), ("approve", True)):
        assert verb in session.verbs(place)
        for _ in range(2):
            session.moderate(Moderation(place, verb, f"comment-{number}"), "k")
        assert public() == shown, verb
    with pytest.raises(Refused):
        session.moderate(Moderation(place, "hide", f"post-{post}"), "k")
    with pytest.raises(Refused):
        session.moderate(Moderation(place, "ban", person="member-1"), "k")


def test_a_post_is_published_with_a_picture_and_edited_without_losing_it(
    session: GhostSession, place: Place, ghost: Running
) -> None:
    files = (Media("beans.png", "image/png", PIXEL, alt="Beans & peas"), Media("list.txt", "text/plain", b"beans"))
    act = Publication(place, "Hello <all>\nsee https://example.org.", "Beans & peas", files, {"tags": "beans"})
    began = datetime.now(UTC)
    assert session.find_own(act, "k-post", since=began) is None
    sent = session.publish(act, "k-post")
    assert sent.seen
    assert (sent.seen.ours, sent.seen.thread_title) == (True, "Beans & peas")
    found = session.find_own(act, "k-post", since=began)
    assert found is not None
    assert found.remote_id == sent.remote_id
    read = messages(session.poll(place, "posts", ""))[sent.remote_id]
    assert (read.text, read.ours, read.author) == (sent.seen.text, True, sent.seen.author)
    assert read.text.startswith("Hello <all>\nsee https://example.org.")
    [picture] = read.attachments
    assert httpx.get(picture.url, trust_env=False).content == PIXEL
    for _ in range(2):
        edited = session.edit(Edit(place, sent.remote_id, "Goodbye", "New title"), "k-edit")
    assert edited.seen
    assert (edited.seen.thread_title, edited.seen.text.split("\n")[0]) == ("New title", "Goodbye")
    assert edited.seen.attachments == read.attachments
    assert session.measure(place, [sent.remote_id, "post-" + "0" * 24, "odd"])[sent.remote_id]["comments"] == 0
    for _ in range(2):
        session.delete(Deletion(place, sent.remote_id), "k")
    assert httpx.get(sent.url, trust_env=False).status_code == 404


def test_a_scheduled_post_is_not_said_yet(session: GhostSession, place: Place, site: Callable[..., Any]) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    options = {"status": "scheduled", "published_at": later}
    sent = session.publish(Publication(place, "Later", "Soon", options=options), "k")
    assert sent.seen is None
    assert site("GET", f"posts/{sent.remote_id[5:]}/")["posts"][0]["status"] == "scheduled"
    assert sent.remote_id not in messages(session.poll(place, "posts", ""))
    with pytest.raises(Refused, match="choose one of"):
        session.publish(Publication(place, "x", options={"status": "gone"}), "k")


def test_whoever_signs_up_is_seen_to_come(session: GhostSession, place: Place, member: Callable[..., str]) -> None:
    start = session.poll(place, "members", "")
    number = member(f"zoe{next(NUMBERS)}@example.com", "Zoë")
    found = {seen.remote_id: seen for seen in session.poll(place, "members", start.cursor).seen}
    move = found[f"join-{number}"]
    assert isinstance(move, SeenMove)
    assert (move.kind, move.person.name, move.person.remote_id) == ("join", "Zoë", f"member-{number}")


@pytest.fixture
def calls() -> Iterator[tuple[str, queue.Queue[Hook]]]:
    """An address, and what is asked of it."""
    heard: queue.Queue[Hook] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard.put(Hook("POST", headers, {}, body, datetime.now(UTC)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", heard
    server.shutdown()
    server.server_close()


def test_the_site_calls_us_and_signs_it(
    session: GhostSession, connect: Callable[..., GhostSession], place: Place, calls: tuple[str, queue.Queue[Hook]]
) -> None:
    address, heard = calls
    tokens = session.subscribe(address, [place])
    told = connect(member="team@example.com", **tokens.settings)
    assert told.subscribe(address, [place]).settings == tokens.settings
    sent = session.publish(Publication(place, "Hello", "Calling"), "k")
    hook = heard.get(timeout=20)
    assert told.answer(hook).keep
    [batch] = told.hear(hook)
    assert batch.place == place
    polled = messages(session.poll(place, "posts", ""))[sent.remote_id]
    [seen] = messages(batch).values()
    assert (seen.remote_id, seen.text, seen.author, seen.ours) == (sent.remote_id, "Hello", polled.author, True)
    forged = Hook(hook.method, hook.headers, {}, hook.body.replace(b"Hello", b"Bye"), hook.at)
    with pytest.raises(Refused):
        told.answer(forged)
    session.delete(Deletion(place, sent.remote_id), "k")
    [batch] = told.hear(heard.get(timeout=20))
    assert gone(batch) == {sent.remote_id}
    for _ in range(2):
        told.unsubscribe(address)


def test_comments_that_can_not_be_are_refused_in_words(
    session: GhostSession, connect: Callable[..., GhostSession], place: Place, post: str
) -> None:
    with pytest.raises(Refused, match="empty"):
        session.reply(Reply(place, f"post-{post}", "", " "), "k")
    with pytest.raises(Refused, match="not there"):
        session.reply(Reply(place, f"post-{post}", "comment-" + "0" * 24, "x"), "k")
    with pytest.raises(Refused, match="which post"):
        session.reply(Reply(place, "nowhere", "", "x"), "k")
    with pytest.raises(Refused, match="member"):
        connect(member="").reply(Reply(place, f"post-{post}", "", "x"), "k")


def test_a_cursor_that_can_not_be_read_means_beginning_anew(session: GhostSession, place: Place, post: str) -> None:
    for kind in ("posts", "comments", "changes", "members"):
        for cursor in ("nonsense", "[1]", '{"changed": "x", "top": 7, "known": ["y", 3], "page": "z"}'):
            assert session.poll(place, kind, cursor).place == place
