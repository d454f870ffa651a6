"""Against a real WordPress."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Media, Moderation, Publication, Reply, Sent
from folkmoot.networks.base import Batch, Place, SeenDeletion, SeenMessage
from folkmoot.networks.errors import Reconnect, Refused, Unsure
from folkmoot.networks.live import Access
from folkmoot.networks.wordpress import WordPress
from folkmoot.networks.wordpress.session import WordPressSession
from servers.base import Running

pytestmark = pytest.mark.servers

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def blog(server: Callable[[str], Running]) -> Running:
    return server("wordpress")


@pytest.fixture
def connect(blog: Running, access: Callable[..., Access]) -> Callable[..., WordPressSession]:
    def made(user: str = "olena", password: str = "") -> WordPressSession:
        return WordPress.session(
            access({"site": blog.address, "user": user}, {"password": password or blog.details[user]})
        )

    return made


@pytest.fixture
def session(connect: Callable[..., WordPressSession]) -> WordPressSession:
    return connect()


@pytest.fixture
def place(session: WordPressSession) -> Place:
    [only] = session.places()
    return only


@pytest.fixture
def site(blog: Running) -> Callable[..., Any]:
    """Somebody else at the site: ``site("POST", "/wp/v2/posts", user="keeper", json=…)``."""

    def ask(method: str, route: str, user: str = "", **request: Any) -> Any:
        proof = (user, blog.details[user]) if user else None
        params = {"rest_route": route} | request.pop("params", {})
        answer = httpx.request(method, blog.address, params=params, auth=proof, trust_env=False, timeout=30, **request)
        assert answer.status_code < 300, answer.text
        return answer.json()

    return ask


@pytest.fixture
def post(site: Callable[..., Any]) -> int:
    return int(
        site("POST", "/wp/v2/posts", "keeper", json={"title": "Beans & more", "content": "Sow?", "status": "publish"})[
            "id"
        ]
    )


def said(site: Callable[..., Any], post: int, words: str, **more: Any) -> int:
    """A visitor's comment, which WordPress holds for approval."""
    ann = {"post": post, "content": words, "author_name": "Ann Õunap", "author_email": "Ann@example.org"}
    return int(site("POST", "/wp/v2/comments", json=ann | more)["id"])


def messages(batch: Batch) -> dict[str, SeenMessage]:
    return {seen.remote_id: seen for seen in batch.seen if isinstance(seen, SeenMessage)}


def gone(batch: Batch) -> set[str]:
    return {seen.remote_id for seen in batch.seen if isinstance(seen, SeenDeletion)}


def test_an_editor_has_every_right_and_an_author_is_told_what_is_missing(
    connect: Callable[..., WordPressSession],
) -> None:
    found = connect("olena").check()
    assert (found.account.name, found.account.handle) == ("Olena", "olena")
    assert all(right.granted for right in found.rights)
    author = {right.name: right.granted for right in connect("bo").check().rights}
    assert author == {
        "moderate_comments": False,
        "edit_others_posts": False,
        "publish_posts": True,
        "upload_files": True,
    }


def test_a_wrong_password_asks_to_connect_again(connect: Callable[..., WordPressSession]) -> None:
    with pytest.raises(Reconnect, match="Application Passwords"):
        connect("olena", "nope nope nope nope").check()


def test_a_site_is_one_place(session: WordPressSession, blog: Running) -> None:
    [place] = session.places()
    assert (place.remote_id, place.name, place.kind) == (blog.address.removeprefix("http://"), "Garden notes", "page")
    assert {kind.name for kind in session.kinds(place)} == {"posts", "comments", "changes"}


def test_a_new_post_is_seen_once_and_again_when_it_is_edited(
    session: WordPressSession, place: Place, site: Callable[..., Any]
) -> None:
    start = session.poll(place, "posts", "")
    made = site(
        "POST",
        "/wp/v2/posts",
        "keeper",
        json={"title": "Огірки 🥒", "content": "<p>Коли <b>сіяти</b>?</p>", "status": "publish"},
    )
    found = session.poll(place, "posts", start.cursor)
    mine = messages(found)[f"post-{made['id']}"]
    assert (mine.thread_title, mine.text, mine.kind, mine.author.name) == ("Огірки 🥒", "Коли сіяти?", "post", "keeper")
    assert (mine.thread, mine.parent, mine.ours, mine.url) == (mine.remote_id, None, False, made["link"])
    assert abs(mine.at - datetime.now(UTC)) < timedelta(minutes=2)
    site("POST", f"/wp/v2/posts/{made['id']}", "keeper", json={"content": "В травні"})
    assert messages(session.poll(place, "posts", found.cursor))[mine.remote_id].text == "В травні"
    site("DELETE", f"/wp/v2/posts/{made['id']}", "keeper")
    assert mine.remote_id in gone(session.poll(place, "posts", found.cursor))


def test_a_post_that_comes_out_later_is_seen_though_nobody_changed_it(
    session: WordPressSession, place: Place, site: Callable[..., Any]
) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S")
    made = site(
        "POST", "/wp/v2/posts", "keeper", json={"title": "Soon", "content": "x", "status": "publish", "date_gmt": later}
    )
    batch = session.poll(place, "posts", '{"changed": "2099-01-01T00:00:00"}')
    assert made["status"] == "future"
    assert f"post-{made['id']}" not in messages(batch)
    past = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S")
    site("POST", f"/wp/v2/posts/{made['id']}", "keeper", json={"date_gmt": past, "status": "publish"})
    assert f"post-{made['id']}" in messages(session.poll(place, "posts", batch.cursor))


def test_a_held_comment_is_seen_with_its_author_post_and_parent(
    session: WordPressSession, place: Place, site: Callable[..., Any], post: int
) -> None:
    start = session.poll(place, "comments", "")
    first = said(site, post, "Найкраще 🌱 <i>навесні</i>")
    second = said(site, post, "Thanks!", parent=first, author_name="Bo", author_email="bo@x.test")
    found = messages(session.poll(place, "comments", start.cursor))
    one, two = found[f"comment-{first}"], found[f"comment-{second}"]
    assert (one.author.remote_id, one.author.name) == ("ann@example.org", "Ann Õunap")
    assert (one.text, one.kind, one.thread, one.parent) == (
        "Найкраще 🌱 навесні",
        "comment",
        f"post-{post}",
        f"post-{post}",
    )
    assert (two.kind, two.parent, two.thread_title) == ("reply", f"comment-{first}", "Beans & more")
    assert abs(one.at - datetime.now(UTC)) < timedelta(minutes=2)
    assert one.raw["status"] == "hold"


def test_many_comments_are_all_seen_over_several_pages(
    session: WordPressSession, place: Place, site: Callable[..., Any], post: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = session.poll(place, "comments", "").cursor
    made = {f"comment-{said(site, post, f'number {number}')}" for number in range(12)}
    for name in ("site", "listening"):
        monkeypatch.setattr(f"folkmoot.networks.wordpress.{name}.PAGE", 5)
    monkeypatch.setattr("folkmoot.networks.wordpress.listening.STEP", 4)
    seen: set[str] = set()
    more = True
    while more:
        batch = session.poll(place, "comments", cursor)
        seen, cursor, more = seen | set(messages(batch)), batch.cursor, batch.more
    assert made <= seen
    assert len(messages(session.poll(place, "comments", cursor))) == 5
    recalled: set[str] = set()
    cursor, done = "", list[float]()
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


def test_an_answer_is_read_back_as_ours_edited_and_deleted(
    session: WordPressSession, place: Place, site: Callable[..., Any], post: int
) -> None:
    question = said(site, post, "When?")
    text = 'In May, <b>I</b> think 🌞\n\nhttps://example.org/?a=1&b=2 "quoted" [gallery]'
    act = Reply(place, f"post-{post}", f"comment-{question}", text)
    began = datetime.now(UTC)
    assert session.find_own(act, "k-answer", since=began) is None
    sent = session.reply(act, "k-answer")
    assert sent.seen
    assert (sent.seen.ours, sent.seen.parent, sent.seen.kind) == (True, f"comment-{question}", "reply")
    read = messages(session.poll(place, "comments", ""))[sent.remote_id]
    assert (read.text, read.ours, read.author.remote_id) == (sent.seen.text, True, session.check().account.remote_id)
    assert read.text.startswith("In May, <b>I</b> think 🌞\n\nhttps://example.org/?a=1&b=2")
    found = session.find_own(act, "k-answer", since=began)
    assert found is not None
    assert found.remote_id == sent.remote_id
    assert session.find_own(act, "k-other", since=began) is None
    for _ in range(2):
        session.edit(Edit(place, sent.remote_id, "In June"), "k-edit")
    assert messages(session.poll(place, "comments", ""))[sent.remote_id].text == "In June"
    for _ in range(2):
        assert session.delete(Deletion(place, sent.remote_id), "k-delete") == Sent(sent.remote_id)
    assert sent.remote_id not in messages(session.poll(place, "comments", ""))
    assert sent.remote_id in gone(session.poll(place, "changes", ""))


def test_moderating_takes_effect_for_visitors(
    session: WordPressSession, place: Place, site: Callable[..., Any], post: int
) -> None:
    number = said(site, post, "Buy my beans")
    message = f"comment-{number}"

    def public() -> bool:
        return any(item["id"] == number for item in site("GET", "/wp/v2/comments", params={"post": post}))

    assert not public()
    for verb, shown in (("approve", True), ("hide", False), ("unhide", True), ("spam", False), ("approve", True)):
        assert verb in session.verbs(place)
        for _ in range(2):
            session.moderate(Moderation(place, verb, message), "k")
        assert public() == shown, verb
    approved = messages(session.poll(place, "changes", ""))[message]
    assert approved.raw["status"] == "approved"
    session.moderate(Moderation(place, "lock", message), "k")
    with pytest.raises(AssertionError, match="rest_comment_closed"):
        said(site, post, "Too late")
    session.moderate(Moderation(place, "unlock", f"post-{post}"), "k")
    assert said(site, post, "In time")
    session.moderate(Moderation(place, "pin", f"post-{post}"), "k")
    assert site("GET", f"/wp/v2/posts/{post}")["sticky"]
    session.moderate(Moderation(place, "unpin", f"post-{post}"), "k")
    with pytest.raises(Refused):
        session.moderate(Moderation(place, "ban", person="ann@example.org"), "k")
    site("DELETE", f"/wp/v2/comments/{number}", "keeper", params={"force": "true"})
    with pytest.raises(Refused, match="not there"):
        session.moderate(Moderation(place, "spam", message), "k")
    assert session.delete(Deletion(place, message), "k").remote_id == message


def test_a_post_is_published_with_media_once_and_edited_without_losing_them(
    session: WordPressSession, place: Place, site: Callable[..., Any]
) -> None:
    files = (Media("квасоля.png", "image/png", PIXEL, alt="Beans & peas"), Media("list.txt", "text/plain", b"beans"))
    act = Publication(
        place, "Hello <all>\n[gallery] see https://example.org.", "Beans & peas", files, {"featured": "yes"}
    )
    began = datetime.now(UTC)
    assert session.find_own(act, "k-post", since=began) is None
    sent = session.publish(act, "k-post")
    assert sent.seen
    assert sent.seen.ours
    found = session.find_own(act, "k-post", since=began)
    assert found is not None
    assert found.remote_id == sent.remote_id
    read = messages(session.poll(place, "posts", ""))[sent.remote_id]
    assert (read.thread_title, read.text) == ("Beans & peas", sent.seen.text)
    assert read.text.startswith("Hello <all>\n[gallery] see https://example.org.")
    assert [one.kind for one in read.attachments][:1] == ["image"]
    number = sent.remote_id.removeprefix("post-")
    page = site("GET", f"/wp/v2/posts/{number}")
    assert page["featured_media"]
    library = site("GET", "/wp/v2/media", params={"per_page": 100})
    again = session.publish(act, "k-post")
    assert len(site("GET", "/wp/v2/media", params={"per_page": 100})) == len(library)
    assert {item["alt_text"] for item in library} >= {"Beans & peas"}
    session.delete(Deletion(place, again.remote_id), "k")
    session.edit(Edit(place, sent.remote_id, "Goodbye", "New title"), "k-edit")
    edited = messages(session.poll(place, "posts", ""))[sent.remote_id]
    assert (edited.thread_title, edited.text.split("\n")[0], len(edited.attachments)) == (
        "New title",
        "Goodbye",
        len(read.attachments),
    )
    assert httpx.get(read.attachments[0].url, trust_env=False).content == PIXEL


def test_a_draft_is_not_shown_as_said(session: WordPressSession, place: Place) -> None:
    sent = session.publish(Publication(place, "Later", "Draft", options={"status": "draft"}), "k-draft")
    assert sent.seen is None
    assert sent.remote_id not in messages(session.poll(place, "posts", ""))
    with pytest.raises(Refused, match="choose one of"):
        session.publish(Publication(place, "x", options={"status": "future"}), "k-future")


def test_who_may_not_moderate_reads_what_visitors_read_and_is_refused_the_rest(
    connect: Callable[..., WordPressSession], place: Place, site: Callable[..., Any], post: int
) -> None:
    held, shown = said(site, post, "held"), said(site, post, "shown")
    site("POST", f"/wp/v2/comments/{shown}", "keeper", json={"status": "approved"})
    author = connect("bo")
    found = messages(author.poll(place, "comments", ""))
    assert f"comment-{shown}" in found
    assert f"comment-{held}" not in found
    assert found[f"comment-{shown}"].author.remote_id == "Ann Õunap"
    assert f"comment-{shown}" in messages(author.poll(place, "changes", ""))
    with pytest.raises(Refused, match="Editor"):
        author.moderate(Moderation(place, "spam", f"comment-{shown}"), "k")
    with pytest.raises(Refused, match="Editor"):
        connect("zoe").publish(Publication(place, "x"), "k")
    with pytest.raises(Unsure):
        author.find_own(Reply(place, f"post-{post}", "", "x"), "k", since=LONG_AGO)


def test_comments_that_can_not_be_are_refused_in_words(
    session: WordPressSession, place: Place, site: Callable[..., Any], post: int
) -> None:
    thread = f"post-{post}"
    session.reply(Reply(place, thread, "", "The same"), "k1")
    with pytest.raises(Refused, match="twice"):
        session.reply(Reply(place, thread, "", "The same"), "k2")
    with pytest.raises(Refused, match="longer"):
        session.reply(Reply(place, thread, "", "x" * 100_000), "k3")
    with pytest.raises(Refused):
        session.reply(Reply(place, "nowhere", "", "x"), "k4")
    site("POST", f"/wp/v2/posts/{post}", "keeper", json={"comment_status": "closed"})
    with pytest.raises(Refused, match="closed"):
        session.reply(Reply(place, thread, "", "Late"), "k5")
    site("DELETE", f"/wp/v2/posts/{post}", "keeper")
    with pytest.raises(Refused):
        session.reply(Reply(place, thread, "", "Later"), "k6")


def test_a_cursor_that_can_not_be_read_means_beginning_anew(session: WordPressSession, place: Place, post: int) -> None:
    for kind in ("posts", "comments", "changes"):
        for cursor in ("nonsense", "[1]", '{"changed": "nonsense", "top": "x", "offset": null}'):
            assert session.poll(place, kind, cursor).place == place
    session.close()
