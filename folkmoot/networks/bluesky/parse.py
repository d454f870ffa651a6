"""What Bluesky's AppView, a PDS and Jetstream give, as network-neutral things seen.

Posts are known by their ``at://`` addresses and people by their DIDs: both last, whatever a person is called today.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from folkmoot.networks.base import (
    Attachment,
    MessageKind,
    Person,
    Place,
    Reaction,
    Seen,
    SeenMessage,
    SeenMove,
    SeenReaction,
)
from folkmoot.networks.payload import Dates, Unfit, count, mapping, mappings, text, web_address

POST = "app.bsky.feed.post"
LIKE, REPOST = "like", "repost"
_SAID = frozenset({"mention", "reply", "quote"})
_REACTED = {"like": LIKE, "repost": REPOST, "like-via-repost": LIKE, "repost-via-repost": REPOST}
_SHOWN = "https://bsky.app"


def did_of(uri: str) -> str:
    """Whose record an ``at://`` address names."""
    return uri.removeprefix("at://").partition("/")[0] if uri.startswith("at://") else ""


def key_of(uri: str) -> str:
    """The last part of an ``at://`` address, by which the record is named in its collection."""
    return uri.rpartition("/")[2]


def page_of(profile: Mapping[str, Any]) -> Place:
    handle = text(profile.get("handle"))
    name = text(profile.get("displayName")) or f"@{handle}"
    return Place(text(profile.get("did")), name, "page", f"{_SHOWN}/profile/{handle}")


def parse_person(profile: Mapping[str, Any]) -> Person:
    """Raises ``Unfit``."""
    did, handle = text(profile.get("did")), text(profile.get("handle"))
    if not did.startswith("did:"):
        raise Unfit("no author")
    handle = "" if handle == "handle.invalid" else handle
    return Person(
        did, text(profile.get("displayName")) or handle or did, handle, avatar=web_address(profile.get("avatar"))
    )


def parse_post(view: Mapping[str, Any], ours: str, place: Place, dates: Dates) -> SeenMessage:
    """A post as the AppView shows it; ``ours`` is our own DID. Raises ``Unfit``."""
    record = mapping(view.get("record"))
    uri = text(view.get("uri"))
    if not uri.startswith("at://") or f"/{POST}/" not in uri:
        raise Unfit("not a post")
    author = parse_person(mapping(view.get("author")))
    answered = mapping(record.get("reply"))
    thread, parent = (text(mapping(answered.get(one)).get("uri")) for one in ("root", "parent"))
    mine = author.remote_id == ours
    return SeenMessage(
        remote_id=uri,
        at=_written(record, view, dates),
        author=author,
        text=text(record.get("text")),
        html=_html(record),
        kind=_kind(place, parent, thread, ours=mine),
        thread=thread or uri,
        parent=parent or _quoted(record) or None,
        url=f"{_SHOWN}/profile/{author.handle or author.remote_id}/post/{key_of(uri)}",
        ours=mine,
        attachments=tuple(_attachments(record, mapping(view.get("embed")), author.remote_id)),
        reactions=tuple(_totals(view)),
        raw=view,
    )


def parse_notification(item: Mapping[str, Any], ours: str, place: Place, dates: Dates) -> Seen:
    """What a notification tells; of a post only as much as it carries itself. Raises ``Unfit``."""
    reason = text(item.get("reason"))
    if reason in _SAID:
        return parse_post(item, ours, place, dates)
    at, person = dates.iso(item.get("indexedAt")), parse_person(mapping(item.get("author")))
    if reason == "follow":
        return SeenMove(text(item.get("uri")), at, person, "join")
    subject = text(mapping(mapping(item.get("record")).get("subject")).get("uri"))
    if (value := _REACTED.get(reason)) and subject:
        return SeenReaction(subject, at, person, value)
    raise Unfit("notification of another kind")


def is_said(item: Mapping[str, Any]) -> bool:
    """Whether a notification is about a post of somebody."""
    return text(item.get("reason")) in _SAID


def figures(view: Mapping[str, Any]) -> dict[str, int]:
    named = {"likes": "likeCount", "shares": "repostCount", "comments": "replyCount"}
    found = {name: count(view.get(key)) for name, key in named.items()}
    return {name: number for name, number in found.items() if number is not None}


def concerns(record: Mapping[str, Any], ours: str) -> bool:
    """Whether a post answers one of ours, is in a thread that we began, quotes us or names us."""
    answered = mapping(record.get("reply"))
    others = [text(mapping(answered.get(one)).get("uri")) for one in ("root", "parent")] + [_quoted(record)]
    named = [text(feature.get("did")) for facet in mappings(record.get("facets")) for feature in _features(facet)]
    return ours in named or any(did_of(uri) == ours for uri in others if uri)


def tags(record: Mapping[str, Any]) -> set[str]:
    """The hashtags of a post, small and without their sign."""
    marked = [text(feature.get("tag")) for facet in mappings(record.get("facets")) for feature in _features(facet)]
    listed = record.get("tags")
    return {
        tag.lower() for tag in (*marked, *(listed if isinstance(listed, list) else ())) if isinstance(tag, str) and tag
    }


def _written(record: Mapping[str, Any], view: Mapping[str, Any], dates: Dates) -> Any:
    """When it says that it was written, but not later than it was met: anybody can put any time there."""
    met = dates.iso(view.get("indexedAt")) if view.get("indexedAt") else dates.now
    try:
        return min(dates.iso(record.get("createdAt")), met)
    except Unfit:
        return met


def _kind(place: Place, parent: str, thread: str, *, ours: bool) -> MessageKind:
    if parent:
        return "comment" if parent == thread else "reply"
    return "post" if ours or place.kind == "feed" else "mention"


def _quoted(record: Mapping[str, Any]) -> str:
    embed = mapping(record.get("embed"))
    inner = mapping(embed.get("record"))
    return text(inner.get("uri")) or text(mapping(inner.get("record")).get("uri"))


def _features(facet: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return mappings(facet.get("features"))


def _html(record: Mapping[str, Any]) -> str:
    """With its links, whose places are counted in bytes; empty where there are none."""
    whole = text(record.get("text")).encode()
    pieces, done = [], 0
    for facet in sorted(mappings(record.get("facets")), key=lambda one: _span(one)[0]):
        start, end = _span(facet)
        links = [link for feature in _features(facet) if (link := _address(feature))]
        if not links or not done <= start < end <= len(whole):
            continue
        shown = escape(whole[start:end].decode("utf-8", "replace"))
        pieces += [escape(whole[done:start].decode("utf-8", "replace")), f'<a href="{escape(links[0])}">{shown}</a>']
        done = end
    if not pieces:
        return ""
    pieces.append(escape(whole[done:].decode("utf-8", "replace")))
    return "".join(pieces).replace("\n", "<br>")


def _span(facet: Mapping[str, Any]) -> tuple[int, int]:
    index = mapping(facet.get("index"))
    return count(index.get("byteStart")) or 0, count(index.get("byteEnd")) or 0


def _address(feature: Mapping[str, Any]) -> str:
    if did := text(feature.get("did")):
        return f"{_SHOWN}/profile/{did}"
    if tag := text(feature.get("tag")):
        return f"{_SHOWN}/hashtag/{tag}"
    return web_address(feature.get("uri"))


def _attachments(record: Mapping[str, Any], view: Mapping[str, Any], did: str) -> Iterator[Attachment]:
    """From the record, with addresses from the view where there is one: a record holds only what names the files."""
    embed = mapping(record.get("embed"))
    embed, view = mapping(embed.get("media")) or embed, mapping(view.get("media")) or view
    shown = mappings(view.get("images"))
    for number, image in enumerate(mappings(embed.get("images"))):
        blob = mapping(image.get("image"))
        url = web_address(shown[number].get("fullsize")) if number < len(shown) else ""
        link = text(mapping(blob.get("ref")).get("$link"))
        url = url or (f"https://cdn.bsky.app/img/feed_fullsize/plain/{did}/{link}@jpeg" if link else "")
        yield Attachment("image", url, text(image.get("alt")), text(blob.get("mimeType")), count(blob.get("size")))
    if video := mapping(embed.get("video")):
        mime, size = text(video.get("mimeType")), count(video.get("size"))
        yield Attachment("video", web_address(view.get("playlist")), text(embed.get("alt")), mime, size)
    if url := web_address(mapping(embed.get("external")).get("uri")):
        yield Attachment("link", url, text(mapping(embed.get("external")).get("title")))


def _totals(view: Mapping[str, Any]) -> Iterator[Reaction]:
    for value, key in ((LIKE, "likeCount"), (REPOST, "repostCount")):
        if number := count(view.get(key)):
            yield Reaction(value, number)
