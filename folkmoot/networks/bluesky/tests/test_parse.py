"""What the network gives, read without it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from folkmoot.networks.base import Attachment, Place, Reaction, SeenMove, SeenReaction
from folkmoot.networks.bluesky.jetstream import parse_frame
from folkmoot.networks.bluesky.keys import record_key
from folkmoot.networks.bluesky.parse import concerns, figures, parse_notification, parse_post, tags
from folkmoot.networks.bluesky.wording import facets, graphemes
from folkmoot.networks.payload import Dates, Unfit

OURS = "did:plc:brand"
PAGE = Place(OURS, "Brand", "page")
DATES = Dates(ZoneInfo("UTC"), datetime(2026, 3, 2, 12, tzinfo=UTC))
MIRA = {"did": "did:plc:mira", "handle": "mira.example", "displayName": "Mira", "avatar": "https://cdn.example/m.jpg"}
URI = "at://did:plc:mira/app.bsky.feed.post/3k2a"


def view(record: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    written = {"text": "Привет 😀", "createdAt": "2026-03-01T10:00:00Z", **(record or {})}
    return {"uri": URI, "author": MIRA, "record": written, "indexedAt": "2026-03-01T10:00:02Z", **more}


def seen(item: dict[str, Any]) -> Any:
    return parse_post(item, OURS, PAGE, DATES)


def test_a_post_keeps_its_author_its_words_and_its_raw_form() -> None:
    item = view()
    message = seen(item)
    assert (message.remote_id, message.text, message.thread, message.kind) == (URI, "Привет 😀", URI, "mention")
    assert (message.author.remote_id, message.author.handle, message.author.name) == (
        "did:plc:mira",
        "mira.example",
        "Mira",
    )
    assert message.url == "https://bsky.app/profile/mira.example/post/3k2a"
    assert message.at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert message.raw is item


def test_a_time_written_ahead_is_that_of_the_first_sight() -> None:
    assert seen(view({"createdAt": "2030-01-01T00:00:00Z"})).at == datetime(2026, 3, 1, 10, 0, 2, tzinfo=UTC)
    assert seen(view({"createdAt": "nonsense"})).at == datetime(2026, 3, 1, 10, 0, 2, tzinfo=UTC)


def test_answers_and_quotes_have_what_they_are_about_as_parent() -> None:
    root, parent = "at://did:plc:brand/app.bsky.feed.post/1", "at://did:plc:gil/app.bsky.feed.post/2"
    reply = seen(view({"reply": {"root": {"uri": root}, "parent": {"uri": parent}}}))
    assert (reply.thread, reply.parent, reply.kind) == (root, parent, "reply")
    comment = seen(view({"reply": {"root": {"uri": root}, "parent": {"uri": root}}}))
    assert comment.kind == "comment"
    quote = seen(view({"embed": {"$type": "app.bsky.embed.record", "record": {"uri": root}}}))
    assert (quote.parent, quote.thread) == (root, URI)
    both = {"$type": "app.bsky.embed.recordWithMedia", "record": {"record": {"uri": root}}}
    assert seen(view({"embed": both})).parent == root


def test_links_stand_where_their_bytes_are() -> None:
    words = "Ёж <3 тут: example.org\nи всё"
    start = words.encode().index(b"example")
    link = {
        "index": {"byteStart": start, "byteEnd": start + 11},
        "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://example.org/a?b&c"}],
    }
    assert seen(view({"text": words, "facets": [link]})).html == (
        'Ёж &lt;3 тут: <a href="https://example.org/a?b&amp;c">example.org</a><br>и всё'
    )
    broken = [{"index": {"byteStart": 5, "byteEnd": 9_000}, "features": link["features"]}, {"index": None}, 7]
    assert seen(view({"text": words, "facets": broken})).html == ""
    script = {**link, "features": [{"uri": "javascript:alert(1)"}]}
    assert seen(view({"text": words, "facets": [script]})).html == ""


def test_files_come_with_what_is_on_them() -> None:
    image = {"alt": "a cat", "image": {"ref": {"$link": "bafy"}, "mimeType": "image/jpeg", "size": 5}}
    record = {"embed": {"$type": "app.bsky.embed.images", "images": [image, {"image": {"ref": {"$link": "b2"}}}]}}
    shown = view(record, embed={"images": [{"fullsize": "https://cdn.example/full"}]})
    assert seen(shown).attachments == (
        Attachment("image", "https://cdn.example/full", "a cat", "image/jpeg", 5),
        Attachment("image", "https://cdn.bsky.app/img/feed_fullsize/plain/did:plc:mira/b2@jpeg"),
    )
    media = {"embed": {"record": {}, "media": {"video": {"mimeType": "video/mp4", "size": 9}, "alt": "a film"}}}
    film = view(media, embed={"media": {"playlist": "https://video.example/1.m3u8"}})
    assert seen(film).attachments == (Attachment("video", "https://video.example/1.m3u8", "a film", "video/mp4", 9),)
    card = {"embed": {"external": {"uri": "https://example.org", "title": "Example"}}}
    assert seen(view(card)).attachments == (Attachment("link", "https://example.org", "Example"),)


def test_figures_are_totals_without_names() -> None:
    item = view(likeCount=2, repostCount=1, replyCount=0)
    assert seen(item).reactions == (Reaction("like", 2), Reaction("repost", 1))
    assert figures(item) == {"likes": 2, "shares": 1, "comments": 0}


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (view(author=None), "no author"),
        (view(author={"did": "mira"}), "no author"),
        (view(uri="https://example.org"), "not a post"),
        (view(uri="at://did:plc:mira/app.bsky.feed.generator/1"), "not a post"),
        ({}, "not a post"),
    ],
)
def test_what_can_not_be_taken_says_why(item: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unfit, match=reason):
        seen(item)


def test_an_author_without_a_valid_name_is_taken_by_the_did() -> None:
    message = seen(view(author={"did": "did:plc:x", "handle": "handle.invalid"}))
    assert (message.author.name, message.author.handle) == ("did:plc:x", "")
    assert message.url == "https://bsky.app/profile/did:plc:x/post/3k2a"


def test_a_very_long_and_an_empty_post_are_taken() -> None:
    assert len(seen(view({"text": "я" * 100_000})).text) == 100_000
    assert seen(view({"text": ""})).text == ""
    assert seen(view({"text": None, "embed": 7, "facets": "x", "reply": []})).text == ""


def notified(reason: str, **more: Any) -> Any:
    item = {**view(), "reason": reason, **more}
    return parse_notification(item, OURS, PAGE, DATES)


def test_notifications_tell_of_posts_reactions_and_followers() -> None:
    assert notified("reply").remote_id == URI
    subject = {"subject": {"uri": "at://did:plc:brand/app.bsky.feed.post/9"}}
    for reason, value in (("like", "like"), ("repost", "repost"), ("like-via-repost", "like")):
        reaction = notified(reason, record=subject)
        assert isinstance(reaction, SeenReaction)
        assert (reaction.remote_id, reaction.value) == (subject["subject"]["uri"], value)
    follow = notified("follow", uri="at://did:plc:mira/app.bsky.graph.follow/1")
    assert isinstance(follow, SeenMove)
    assert follow.kind == "join"
    for unknown in ("starterpack-joined", "verified", "something new", "like"):
        with pytest.raises(Unfit, match="another kind"):
            notified(unknown)


def test_a_post_concerns_us_that_answers_quotes_or_names_us() -> None:
    other, mine = {"uri": "at://did:plc:gil/app.bsky.feed.post/1"}, {"uri": f"at://{OURS}/app.bsky.feed.post/1"}
    assert concerns({"reply": {"root": mine, "parent": other}}, OURS)
    assert concerns({"reply": {"root": other, "parent": mine}}, OURS)
    assert concerns({"embed": {"record": mine}}, OURS)
    assert concerns({"facets": [{"features": [{"did": OURS}]}]}, OURS)
    assert not concerns({"reply": {"root": other, "parent": other}, "text": "brand"}, OURS)
    assert tags({"tags": ["Meetup", 7], "facets": [{"features": [{"tag": "Ёлка"}]}]}) == {"meetup", "ёлка"}


def test_a_key_names_one_record_that_is_not_of_the_future() -> None:
    names = {record_key(f"key {number}") for number in range(500)}
    assert len(names) == 500
    assert record_key("key 1") == record_key("key 1")
    for name in names:
        assert len(name) == 13
        assert set(name) <= set("234567abcdefghijklmnopqrstuvwxyz")
        number = 0
        for letter in name:
            number = number * 32 + "234567abcdefghijklmnopqrstuvwxyz".index(letter)
        at = datetime.fromtimestamp((number >> 10) / 1_000_000, UTC)
        assert datetime(2023, 6, 1, tzinfo=UTC) <= at < datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "length"),
    [
        ("", 0),
        ("hello", 5),
        ("Привет", 6),
        ("é", 1),
        ("👨‍👩‍👧‍👦", 1),
        ("🇺🇦🇪🇪", 2),
        ("👍🏽", 1),
        ("a\r\nb", 3),
        ("नि", 1),
    ],
)
def test_length_is_what_a_reader_counts(words: str, length: int) -> None:
    assert graphemes(words) == length


def marked(words: str) -> dict[str, str]:
    """The pieces of a text that are links, names or hashtags, cut out by their bytes."""
    known = {"mira.example": "did:plc:mira"}
    whole, found = words.encode(), facets(words, lambda handle: known.get(handle, ""))
    pieces = {}
    for facet in found:
        feature = facet["features"][0]
        piece = whole[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
        pieces[piece] = feature.get("uri") or feature.get("did") or feature.get("tag")
    return pieces


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Спасибо, @mira.example! 😀", {"@mira.example": "did:plc:mira"}),
        ("(@Mira.Example)", {"@Mira.Example": "did:plc:mira"}),
        ("@nobody.example and mail@mira.example", {}),
        ("см. https://example.org/я?x=1.", {"https://example.org/я?x=1": "https://example.org/я?x=1"}),
        ("(https://example.org/a_(b))", {"https://example.org/a_(b)": "https://example.org/a_(b)"}),
        ("😀 #ёлка, #2026 #a1! x#no", {"#ёлка": "ёлка", "#a1": "a1"}),
        ("nothing at all", {}),
    ],
)
def test_links_names_and_hashtags_are_found_by_their_bytes(words: str, found: dict[str, str]) -> None:
    assert marked(words) == found


def frame(**commit: Any) -> str:
    whole: dict[str, Any] = {
        "rev": "3l",
        "operation": "create",
        "collection": "app.bsky.feed.post",
        "rkey": "3k2a",
        "cid": "bafy",
    }
    whole |= {"record": {"$type": "app.bsky.feed.post", "text": "hi", "createdAt": "2026-03-01T10:00:00Z"}, **commit}
    return json.dumps({"did": "did:plc:mira", "time_us": 1725911162329308, "kind": "commit", "commit": whole})


def test_jetstream_tells_of_what_was_made_and_taken_back() -> None:
    made = parse_frame(frame())
    assert made
    assert (made.operation, made.uri, made.at, made.cid) == ("create", URI, 1725911162329308, "bafy")
    assert made.record
    assert made.record["text"] == "hi"
    gone = parse_frame(frame(operation="delete", record=None, cid=None))
    assert gone
    assert (gone.operation, gone.uri, gone.record) == ("delete", URI, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "null",
        '{"did":"did:plc:x","time_us":1,"kind":"identity","identity":{"did":"did:plc:x","handle":"x.example"}}',
        '{"did":"did:plc:x","time_us":1,"kind":"account","account":{"active":false,"status":"deleted"}}',
        frame(operation="other"),
        frame(record=None),
        frame(rkey=None),
        '{"did":"x","time_us":1,"kind":"commit","commit":{"operation":"delete","collection":"c","rkey":"r"}}',
        '{"did":"did:plc:x","time_us":"soon","kind":"commit","commit":{}}',
    ],
)
def test_what_jetstream_says_of_other_things_is_passed_over(text: str) -> None:
    assert parse_frame(text) is None
