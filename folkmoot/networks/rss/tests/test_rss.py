from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from folkmoot.networks.base import Batch, Place, SeenMessage
from folkmoot.networks.errors import Later, NetworkError, Refused
from folkmoot.networks.live import Access, Hook
from folkmoot.networks.rss import Rss
from folkmoot.networks.rss.pages import feeds_of
from folkmoot.networks.rss.parse import MOST_ENTRIES, Feed, parse
from folkmoot.networks.rss.session import FeedsSession
from servers.base import Running

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HERE = "https://blog.example.org/feed"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def rss(*items: str, head: str = "") -> bytes:
    return f'<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Garden</title><link>https://blog.example.org/</link>{head}{"".join(items)}</channel></rss>'.encode()


def item(number: int, **changed: str) -> str:
    told = {
        "title": f"Title {number}",
        "link": f"https://blog.example.org/{number}",
        "guid": f"id-{number}",
        "pubDate": f"Mon, 02 Mar 2026 10:{number % 60:02}:00 +0000",
        "description": f"Words {number}",
    } | changed
    return "<item>" + "".join(f"<{name}>{value}</{name}>" for name, value in told.items() if value) + "</item>"


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Сад</title><id>f</id><updated>2026-03-01T00:00:00Z</updated>
<link rel="self" href="https://blog.example.org/feed"/><link rel="hub" href="https://hub.example.org/"/>
<author><name>Ann</name><uri>https://ann.example.org/</uri></author>
<entry><id>tag:1</id><title type="html">Beans &amp;amp; peas 🌱</title><link href="/beans"/>
<published>2026-03-01T10:00:00+02:00</published><updated>2026-03-01T11:00:00Z</updated>
<content type="html">&lt;p&gt;Коли &lt;b&gt;сіяти&lt;/b&gt;?&lt;/p&gt;</content>
<link rel="enclosure" href="https://blog.example.org/a.mp3" type="audio/mpeg" length="7"/></entry></feed>""".encode()

JSON = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "Garden", "home_page_url": "https://blog.example.org/",
"feed_url": "https://blog.example.org/feed.json", "hubs": [{"type": "WebSub", "url": "https://hub.example.org/"}],
"next_url": "https://blog.example.org/feed.json?page=2",
"items": [{"id": 7, "url": "https://blog.example.org/7", "title": "Beans", "content_html": "<p>Sow</p>",
"date_published": "2026-03-01T10:00:00+02:00", "date_modified": "2026-03-01T11:00:00Z",
"authors": [{"name": "Ann", "url": "https://ann.example.org/", "avatar": "https://ann.example.org/a.png"}],
"attachments": [{"url": "https://blog.example.org/a.png", "mime_type": "image/png", "size_in_bytes": 9}]},
"odd", {"content_text": "Only words"}]}"""


def read(body: bytes, headers: Mapping[str, str] | None = None) -> Feed:
    found = parse(body, HERE, headers or {}, now=NOW)
    assert found is not None
    return found


def test_rss_is_read_with_title_words_time_and_link() -> None:
    feed = read(
        rss(item(1, author="ann@example.org (Ann)", description="&lt;p&gt;Sow &lt;b&gt;now&lt;/b&gt;&lt;/p&gt;"))
    )
    [entry] = feed.entries
    seen = entry.seen(NOW)
    assert (feed.title, feed.url) == ("Garden", "https://blog.example.org/")
    assert (seen.remote_id, seen.thread, seen.thread_title, seen.text) == ("id-1", "id-1", "Title 1", "Sow now")
    assert (seen.at, seen.url, seen.kind, seen.parent) == (
        datetime(2026, 3, 2, 10, 1, tzinfo=UTC), "https://blog.example.org/1", "post", None,
    )  # fmt: skip
    assert (seen.author.remote_id, seen.author.name) == ("ann@example.org", "Ann")


def test_atom_is_read_with_its_author_hub_enclosures_and_when_it_was_changed() -> None:
    feed = read(ATOM)
    [entry] = feed.entries
    assert (feed.hub, feed.topic) == ("https://hub.example.org/", HERE)
    assert (entry.title, entry.text, entry.url) == ("Beans & peas 🌱", "Коли сіяти?", "https://blog.example.org/beans")
    assert (entry.author.remote_id, entry.author.name) == ("https://ann.example.org/", "Ann")
    assert entry.seen(NOW).at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert entry.seen(NOW).edited_at == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert [(one.kind, one.name, one.size) for one in entry.attachments] == [("audio", "a.mp3", 7)]


def test_a_json_feed_is_read_likewise() -> None:
    feed = read(JSON)
    first, second = feed.entries
    assert (feed.hub, feed.older) == ("https://hub.example.org/", "https://blog.example.org/feed.json?page=2")
    assert (first.remote_id, first.title, first.text, first.author.name) == ("7", "Beans", "Sow", "Ann")
    assert first.seen(NOW).edited_at == datetime(2026, 3, 1, 11, tzinfo=UTC)
    assert [(one.kind, one.size) for one in first.attachments] == [("image", 9)]
    assert (second.text, second.author.name, second.at) == ("Only words", "Garden", None)


def test_links_in_the_answer_s_head_count_before_those_in_the_feed() -> None:
    feed = read(ATOM, {"link": '</hub>; rel="hub", <https://other.example/feed>; rel="self alternate"'})
    assert (feed.hub, feed.topic) == ("https://blog.example.org/hub", "https://other.example/feed")


def test_entries_without_ids_dates_or_titles_are_known_again() -> None:
    bare = item(1, guid="", pubDate="", title="")
    nothing = item(2, guid="", pubDate="", link="", title="")
    one, two = read(rss(bare, nothing)).entries
    assert one.remote_id == "https://blog.example.org/1"
    assert len(two.remote_id) == 24
    assert two.remote_id == read(rss(nothing)).entries[0].remote_id
    assert one.seen(NOW).at == NOW
    assert one.author.name == "Garden"


@pytest.mark.parametrize("date", ["Mon, 01 Jan 2999 00:00:00 GMT", "yesterday", "Mon, 01 Jan 0001 00:00:00 GMT", ""])
def test_a_date_that_can_not_be_counts_as_none(date: str) -> None:
    assert read(rss(item(1, pubDate=date))).entries[0].at is None


def test_one_id_for_several_entries_does_not_make_them_one() -> None:
    same = [item(number, guid="same") for number in range(3)]
    ids = [entry.remote_id for entry in read(rss(*same)).entries]
    assert len(set(ids)) == 3
    assert [entry.remote_id for entry in read(rss(*reversed(same))).entries] == ids[::-1]
    assert [entry.remote_id for entry in read(rss(item(1), item(1))).entries] == ["id-1"]


def test_of_a_huge_feed_the_first_entries_are_read_and_the_rest_is_counted() -> None:
    feed = read(rss(*(item(number) for number in range(MOST_ENTRIES + 7))))
    assert (len(feed.entries), feed.more) == (MOST_ENTRIES, 7)


BROKEN = {
    "cut off": rss(item(1), item(2))[:-60],
    "bare ampersand": rss(item(1, title="A & B")),
    "wrong encoding": rss(item(1)).replace(b"Words 1", "Слова".encode("cp1251")),
    "before the xml": b"\n\n <!-- hi -->" + rss(item(1)),
    "html entities": rss(item(1, title="A&nbsp;B &eacute;")),
    "control characters": rss(item(1)).replace(b"Words", b"Wo\x08rds"),
    "no end tags": rss(item(1)).replace(b"</item>", b""),
    "with a mark": b"\xef\xbb\xbf" + rss(item(1)),
    "utf-16": rss(item(1)).decode().replace("?>", ' encoding="utf-16"?>').encode("utf-16"),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_broken_feed_is_read_as_far_as_it_goes(body: bytes) -> None:
    first = read(body).entries[0]
    assert first.remote_id == "id-1"
    assert "\0" not in repr(first)
    repr(first).encode("utf-8")


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(9))
    + b"]><rss><channel><title>&j;</title></channel></rss>"
)


@pytest.mark.parametrize(
    "body", [b"", b"<html><body>Hello</body></html>", b'{"a": 1}', b"[" * 10_000, b"/etc/passwd", BOMB]
)
def test_what_is_no_feed_is_none(body: bytes) -> None:
    found = parse(body, HERE, {}, now=NOW)
    assert found is None or not found.entries
    assert found is None or len(found.title) < 10_000


def test_a_page_names_its_feeds() -> None:
    page = b"""<link href='/a.xml' type="application/rss+xml" rel=alternate><link rel="alternate" hreflang="ru" href="/ru">
    <link rel="alternate nofollow" type="application/atom+xml" href="https://x.example/b"><link rel="stylesheet" href="c">"""
    assert feeds_of(page, "https://blog.example.org/x/") == ["https://blog.example.org/a.xml", "https://x.example/b"]


# Over real sockets


class Site:
    """A web server: ``pages`` are what it answers with, by path; ``asked`` are the requests it got."""

    def __init__(self) -> None:
        self.pages: dict[str, Callable[[Mapping[str, str], bytes], tuple[int, dict[str, str], bytes]]] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                heads = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(heads.get("content-length", 0)))
                site.asked.append((self.command, self.path, heads))
                page = site.pages.get(urlsplit(self.path).path)
                status, told, content = page(heads, body) if page else (404, {}, b"")
                self.send_response(status)
                for name, value in told.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def put(self, path: str, body: bytes, status: int = 200, **heads: str) -> None:
        told = {name.replace("_", "-"): value for name, value in heads.items()}
        self.pages[path] = lambda asked, _: (status, told, body)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture
def connect(site: Site, access: Callable[..., Access]) -> Callable[..., FeedsSession]:
    def made(feeds: str = "/feed", secret: str = "", **settings: str) -> FeedsSession:
        addresses = "\n".join(one if "://" in one else site.address + one for one in feeds.split())
        return Rss.session(access({"feeds": addresses} | settings, {"hub_secret": secret} if secret else {}))

    return made


def ids(batch: Batch) -> list[str]:
    return [one.remote_id for one in batch.seen]


def test_a_feed_is_found_on_its_page_and_checked(site: Site, connect: Callable[..., FeedsSession]) -> None:
    site.put("/", b'<html><link rel="alternate" type="application/rss+xml" href="/feed"></html>')
    site.put("/feed", rss(item(1)))
    session = connect("/ /gone /feed")
    assert session.places() == [Place(f"{site.address}/feed", "Garden", "feed", "https://blog.example.org/")]
    assert [right.granted for right in session.check().rights] == [True, False, True]
    with pytest.raises(Refused, match="no feed"):
        connect("/gone").places()
    with pytest.raises(Refused, match="no feed"):
        connect("/gone").check()
    site.put("/page", b"<html>no feed here</html>")
    with pytest.raises(Refused, match="names none"):
        connect("/page").places()
    session.close()


def test_new_and_changed_entries_are_seen_once(site: Site, connect: Callable[..., FeedsSession]) -> None:
    site.put("/feed", rss(item(2), item(1)))
    session = connect()
    [place] = session.places()
    assert [kind.name for kind in session.kinds(place)] == ["entries"]
    first = session.poll(place, "entries", "")
    assert ids(first) == ["id-1", "id-2"]
    assert ids(session.poll(place, "entries", first.cursor)) == []
    site.put("/feed", rss(item(3), item(2, description="Other words"), item(1)))
    second = session.poll(place, "entries", first.cursor)
    assert ids(second) == ["id-2", "id-3"]
    assert isinstance(second.seen[0], SeenMessage)
    assert second.seen[0].text == "Other words"
    assert ids(session.poll(place, "entries", second.cursor)) == []
    for odd in ("nonsense", "[1]", '{"seen": 7, "etag": "\\u044f"}'):
        assert ids(session.poll(place, "entries", odd)) == ["id-1", "id-2", "id-3"]


def test_what_did_not_change_is_not_sent_again(site: Site, connect: Callable[..., FeedsSession]) -> None:
    def page(heads: Mapping[str, str], _: bytes) -> tuple[int, dict[str, str], bytes]:
        if heads.get("if-none-match") == '"v1"' and heads.get("if-modified-since") == "Mon, 02 Mar 2026 10:00:00 GMT":
            return 304, {}, b""
        return 200, {"ETag": '"v1"', "Last-Modified": "Mon, 02 Mar 2026 10:00:00 GMT"}, rss(item(1))

    site.pages["/feed"] = page
    session = connect()
    place = Place(f"{site.address}/feed", "Garden", "feed")
    first = session.poll(place, "entries", "")
    second = session.poll(place, "entries", first.cursor)
    assert (ids(first), ids(second), second.more) == (["id-1"], [], False)
    assert ids(session.poll(place, "entries", second.cursor)) == []


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (410, Refused, "closed for good"), (404, Refused, "no feed"), (401, Refused, "password"), (403, Refused, "turns us away"),
        (500, Later, "500"), (503, Later, "503"), (429, Later, "429"),
    ],
)  # fmt: skip
def test_what_a_server_refuses_is_told_by_what_to_do(
    site: Site, connect: Callable[..., FeedsSession], status: int, error: type[NetworkError], words: str
) -> None:
    site.put("/feed", b"<html>no</html>", status, Retry_After="7")
    with pytest.raises(error, match=words) as raised:
        connect().poll(Place(f"{site.address}/feed", "x", "feed"), "entries", "")
    assert "<" not in str(raised.value)
    if isinstance(raised.value, Later):
        assert raised.value.retry_after == 7


def test_redirects_are_followed_but_not_for_ever(site: Site, connect: Callable[..., FeedsSession]) -> None:
    site.put("/old", b"", 301, Location="/feed")
    site.put("/feed", rss(item(1)))
    session = connect("/old")
    [place] = session.places()
    assert place.remote_id == f"{site.address}/old"
    assert ids(session.poll(place, "entries", "")) == ["id-1"]
    site.put("/old", b"", 302, Location="/old")
    with pytest.raises(Later, match="redirects"):
        session.poll(place, "entries", "")
    site.put("/old", b"", 302, Location="http://10.0.0.1/feed")
    with pytest.raises(Refused, match="private"):
        session.poll(place, "entries", "")


def test_a_page_in_place_of_a_feed_is_asked_again_later_and_too_large_a_feed_is_refused(
    site: Site, connect: Callable[..., FeedsSession]
) -> None:
    place = Place(f"{site.address}/feed", "x", "feed")
    site.put("/feed", b"<html>Maintenance</html>")
    with pytest.raises(Later, match="something else"):
        connect().poll(place, "entries", "")
    site.put("/feed", rss(item(1)) + b" " * 11_000_000)
    with pytest.raises(Refused, match="too large"):
        connect().poll(place, "entries", "")
    with pytest.raises(Later):
        connect().poll(Place("http://127.0.0.1:9/feed", "x", "feed"), "entries", "")
    with pytest.raises(Refused):
        connect("file:///etc/passwd").places()


def test_what_is_left_out_of_a_huge_feed_is_said(site: Site, connect: Callable[..., FeedsSession]) -> None:
    site.put("/feed", rss(*(item(number) for number in range(MOST_ENTRIES + 3))))
    batch = connect().poll(Place(f"{site.address}/feed", "x", "feed"), "entries", "")
    assert len(batch.seen) == MOST_ENTRIES
    assert [skipped.count for skipped in batch.skipped] == [3]
    assert len(batch.cursor) < 12_000


def test_the_past_is_read_page_by_page(site: Site, connect: Callable[..., FeedsSession]) -> None:
    older = f'<atom:link rel="next" href="{site.address}/feed2"/>'
    old = "Mon, 02 Mar 2020 10:00:00 +0000"
    site.put("/feed", rss(item(3), head=older))
    site.put("/feed2", rss(item(2), item(1, pubDate=old), head=f'<atom:link rel="next" href="{site.address}/feed2"/>'))
    session = connect()
    [place] = session.places()
    first = session.recall(place, "", since=LONG_AGO)
    second = session.recall(place, first.batch.cursor, since=LONG_AGO)
    assert (ids(first.batch), first.batch.more) == (["id-3"], True)
    assert (ids(second.batch), second.batch.more, second.done) == (["id-1", "id-2"], False, 1.0)
    recent = session.recall(place, first.batch.cursor, since=datetime(2026, 1, 1, tzinfo=UTC))
    assert ids(recent.batch) == ["id-2"]


def test_a_hub_brings_news_at_once(site: Site, connect: Callable[..., FeedsSession]) -> None:
    """A hub as WebSub describes it: asks back before it says yes, and signs what it sends."""
    site.put(
        "/feed",
        rss(
            item(1),
            head=f'<atom:link rel="hub" href="{site.address}/hub"/><atom:link rel="self" href="{site.address}/feed"/>',
        ),
    )
    session = connect()
    [place] = session.places()
    wanted: list[dict[str, str]] = []
    hooks: list[Hook] = []

    def hub(_: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        form = dict(parse_qsl(body.decode()))
        asked = {
            "hub.mode": form["hub.mode"],
            "hub.topic": form["hub.topic"],
            "hub.challenge": "abc",
            "hub.lease_seconds": "864000",
        }
        answer = httpx.get(httpx.URL(form["hub.callback"]).copy_merge_params(asked), trust_env=False)
        if answer.text == "abc":
            wanted.append(form)
        return (202 if answer.text == "abc" else 404), {}, b""

    def ours(heads: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        method, path, _ = site.asked[-1]
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        hooks.append(Hook(method, heads, query, body, NOW))
        answer = session.answer(hooks[-1])
        return answer.status, {}, answer.body

    site.pages |= {"/hub": hub, "/hook": ours}
    tokens = session.subscribe(f"{site.address}/hook?account=7", [place])
    again = connect(secret=tokens.secrets["hub_secret"], **tokens.settings).subscribe(
        f"{site.address}/hook?account=7", [place]
    )
    assert again.secrets == tokens.secrets
    assert [form["hub.mode"] for form in wanted] == ["subscribe", "subscribe"]
    assert wanted[0]["hub.topic"] == place.remote_id

    session = connect(secret=tokens.secrets["hub_secret"], **tokens.settings)
    body = rss(item(5), item(4))
    for method in ("sha1", "sha256", "sha512"):
        sign = hmac.new(wanted[0]["hub.secret"].encode(), body, method).hexdigest()
        answer = httpx.post(
            wanted[0]["hub.callback"], content=body, headers={"X-Hub-Signature": f"{method}={sign}"}, trust_env=False
        )
        assert answer.status_code == 202
    for _ in range(2):
        [batch] = session.hear(hooks[-1])
        assert batch.place is not None
        assert (batch.place.remote_id, ids(batch)) == (place.remote_id, ["id-4", "id-5"])

    session.unsubscribe(f"{site.address}/hook?account=7")
    assert wanted[-1]["hub.mode"] == "unsubscribe"
    assert wanted[-1]["hub.callback"] == wanted[0]["hub.callback"]


def test_a_subscription_is_asked_for_anew_before_it_ends(site: Site, connect: Callable[..., FeedsSession]) -> None:
    asked = []

    def hub(_: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        asked.append(dict(parse_qsl(body.decode())))
        return 202, {}, b""

    site.put("/feed", rss(item(1), head=f'<atom:link rel="hub" href="{site.address}/hub"/>'))
    site.pages["/hub"] = hub
    [place] = connect().places()
    tokens = connect().subscribe("https://here.example/hook", [place])
    session = connect(secret=tokens.secrets["hub_secret"], **tokens.settings)
    assert len(asked) == 1
    cursor = session.poll(place, "entries", "").cursor
    cursor = session.poll(place, "entries", cursor).cursor
    before = len(asked)
    stale = (datetime.now(UTC) - timedelta(days=5)).isoformat()
    renewed = session.poll(place, "entries", cursor.replace(datetime.now(UTC).date().isoformat(), stale[:10])).cursor
    assert len(asked) == before + 1
    session.poll(place, "entries", renewed)
    assert len(asked) == before + 1


def test_what_no_hub_of_ours_sent_is_not_listened_to(connect: Callable[..., FeedsSession]) -> None:
    session = connect(secret="s")
    body, feed = rss(item(1)), "0123456789abcdef"
    right = hmac.new(b"s", body, hashlib.sha256).hexdigest()
    assert session.answer(Hook("POST", {"x-hub-signature": f"sha256={right}"}, {"feed": feed}, body, NOW)).keep
    for signature in ("", "sha256=00", f"md5={right}", f"sha256={right[:-1]}", right):
        with pytest.raises(Refused):
            session.answer(Hook("POST", {"x-hub-signature": signature}, {"feed": feed}, body, NOW))
    with pytest.raises(Refused):
        connect().answer(Hook("POST", {"x-hub-signature": f"sha256={right}"}, {"feed": feed}, body, NOW))
    for query in (
        {},
        {"hub.mode": "subscribe", "hub.challenge": "x", "feed": "../x"},
        {"hub.mode": "publish", "feed": feed},
    ):
        with pytest.raises(Refused):
            session.answer(Hook("GET", {}, query, b"", NOW))
    assert not session.answer(Hook("GET", {}, {"hub.mode": "denied"}, b"", NOW)).keep
    assert session.hear(Hook("POST", {}, {"feed": feed}, body, NOW)) == []


def test_a_feed_without_a_hub_needs_no_secret(site: Site, connect: Callable[..., FeedsSession]) -> None:
    site.put("/feed", rss(item(1)))
    session = connect()
    tokens = session.subscribe("https://here.example/hook", session.places())
    assert (tokens.secrets, tokens.settings) == ({}, {})
    site.put("/feed", rss(item(1), head=f'<atom:link rel="hub" href="{site.address}/nowhere"/>'))
    with pytest.raises(Refused):
        session.subscribe("https://here.example/hook", session.places())


@pytest.mark.servers
def test_the_feed_of_a_real_blog(server: Callable[[str], Running], access: Callable[..., Access]) -> None:
    blog = server("wordpress")
    made = httpx.post(
        blog.address,
        params={"rest_route": "/wp/v2/posts"},
        auth=("keeper", blog.details["keeper"]),
        json={"title": "Огірки & beans", "content": "Сіяти 🌱", "status": "publish"},
        trust_env=False,
        timeout=30,
    ).json()
    session = Rss.session(access({"feeds": f"{blog.address}/?feed=rss2\n{blog.address}/?feed=atom"}))
    for place in session.places():
        assert place.name == "Garden notes"
        batch = session.poll(place, "entries", "")
        [seen] = [one for one in batch.seen if isinstance(one, SeenMessage) and one.url == made["link"]]
        assert (seen.thread_title, seen.text, seen.author.name) == ("Огірки & beans", "Сіяти 🌱", "keeper")
        assert ids(session.poll(place, "entries", batch.cursor)) == []
