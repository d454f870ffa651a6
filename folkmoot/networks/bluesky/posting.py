"""What is written with the account: posts, answers, pictures; the same act never twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC
from typing import Any

from folkmoot.networks.acts import Deletion, Media, Publication, Reply, Sent
from folkmoot.networks.bluesky.account import Account
from folkmoot.networks.bluesky.errors import Gone
from folkmoot.networks.bluesky.keys import record_key
from folkmoot.networks.bluesky.parse import POST, did_of, key_of, parse_post
from folkmoot.networks.bluesky.wording import MOST_BYTES, MOST_GRAPHEMES, facets, graphemes
from folkmoot.networks.errors import NetworkError, Refused, Unsure
from folkmoot.networks.payload import Unfit, mapping, text

GATE = "app.bsky.feed.threadgate"
MOST_PICTURES = 4
_UPLOAD_SECONDS = 120.0
_ALLOWED: dict[str, list[dict[str, str]]] = {
    "nobody": [],
    "mentioned": [{"$type": f"{GATE}#mentionRule"}],
    "followed": [{"$type": f"{GATE}#followingRule"}],
    "followers": [{"$type": f"{GATE}#followerRule"}],
}
_WARNINGS = ("sexual", "nudity", "porn", "graphic-media")


class Author:
    def __init__(self, account: Account) -> None:
        self._account = account

    def publish(self, act: Publication, key: str) -> Sent:
        words = f"{act.title}\n\n{act.text}" if act.title else act.text
        record = self._record(words, act.options.get("language", ""))
        if warning := act.options.get("warning", ""):
            record["labels"] = _labels(warning)
        allowed = self._gate(act.options)
        embed = self._embed(act.media, act.options)
        return self._made(record | ({"embed": embed} if embed else {}), key, allowed)

    def reply(self, act: Reply, key: str) -> Sent:
        answered = self._account.post(act.parent or act.thread)
        if mapping(answered.get("viewer")).get("replyDisabled") is True:
            raise Refused(
                "whoever began that thread lets only some people answer there, and this account is none of them"
            )
        reference = _reference(answered)
        root = mapping(mapping(mapping(answered.get("record")).get("reply")).get("root")) or reference
        record = self._record(act.text, "") | {"reply": {"root": dict(root), "parent": reference}}
        embed = self._embed(act.media, {})
        return self._made(record | ({"embed": embed} if embed else {}), key, None)

    def delete(self, act: Deletion) -> Sent:
        if did_of(act.remote_id) != self._account.did or f"/{POST}/" not in act.remote_id:
            raise Refused("only its author can delete that post; hide it, where it answers ours, or report it")
        named = {"repo": self._account.did, "collection": POST, "rkey": key_of(act.remote_id)}
        self._account.act("com.atproto.repo.deleteRecord", named)
        return Sent(act.remote_id)

    def find_own(self, key: str) -> Sent | None:
        """By the name that the key gives it: surely there, or surely not."""
        try:
            found = self._account.record(self._uri(key))
        except Gone:
            return None
        return self._sent(text(found.get("uri")), text(found.get("cid")), mapping(found.get("value")))

    def _uri(self, key: str) -> str:
        return f"at://{self._account.did}/{POST}/{record_key(key)}"

    def _made(self, record: Mapping[str, Any], key: str, allowed: list[dict[str, str]] | None) -> Sent:
        """Writes the post, and who may answer it, in one go; a server fails on what is there already."""
        name, did = record_key(key), self._account.did
        writes = [_creation(POST, name, record)]
        if allowed is not None:
            gate = {"$type": GATE, "post": self._uri(key), "createdAt": record["createdAt"], "allow": allowed}
            writes.append(_creation(GATE, name, gate))
        try:
            answer = self._account.act("com.atproto.repo.applyWrites", {"repo": did, "writes": writes})
        except Unsure:
            with suppress(NetworkError):
                if found := self.find_own(key):
                    return found
            raise
        results = mapping(answer).get("results")
        made = mapping(results[0]) if isinstance(results, list) and results else {}
        return self._sent(self._uri(key), text(made.get("cid")), record)

    def _sent(self, uri: str, cid: str, record: Mapping[str, Any]) -> Sent:
        me = self._account.me()
        view = {"uri": uri, "cid": cid, "author": me, "record": record}
        try:
            seen = parse_post(view, self._account.did, self._account.page, self._account.dates)
        except Unfit:
            return Sent(uri)
        return Sent(uri, seen.url, seen)

    def _record(self, words: str, language: str) -> dict[str, Any]:
        long, heavy = graphemes(words), len(words.encode())
        if long > MOST_GRAPHEMES or heavy > MOST_BYTES:
            raise Refused(
                f"a post has room for {MOST_GRAPHEMES} characters; this has {long} ({heavy} of {MOST_BYTES} bytes)"
            )
        at = self._account.access.now().astimezone(UTC)
        record: dict[str, Any] = {
            "$type": POST,
            "text": words,
            "createdAt": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        if found := facets(words, self._account.did_of):
            record["facets"] = found
        return record | ({"langs": language.replace(",", " ").split()[:3]} if language.strip() else {})

    def _gate(self, options: Mapping[str, str]) -> list[dict[str, str]] | None:
        """Who may answer, None for everybody."""
        wanted = options.get("replies", "")
        if wanted in ("", "everybody"):
            return None
        if wanted not in _ALLOWED:
            raise Refused(f"who may answer is one of everybody, {', '.join(_ALLOWED)}")
        return _ALLOWED[wanted]

    def _embed(self, media: Sequence[Media], options: Mapping[str, str]) -> dict[str, Any]:
        shown = self._files(media)
        if not shown and (link := options.get("link", "")):
            card = {"uri": link, "title": options.get("link_title", ""), "description": options.get("link_text", "")}
            shown = {"$type": "app.bsky.embed.external", "external": card}
        if not (quoted := options.get("quote", "")):
            return shown
        record = {"$type": "app.bsky.embed.record", "record": _reference(self._account.post(quoted))}
        return {"$type": "app.bsky.embed.recordWithMedia", "record": record, "media": shown} if shown else record

    def _files(self, media: Sequence[Media]) -> dict[str, Any]:
        films = [file for file in media if file.mime.startswith("video/")]
        if len(films) > 1 or (films and len(media) > 1) or len(media) > MOST_PICTURES:
            raise Refused(f"a post has room for {MOST_PICTURES} pictures, or for one film")
        if films:
            return {"$type": "app.bsky.embed.video", "video": self._blob(films[0]), "alt": films[0].alt}
        images = [{"alt": file.alt, "image": self._blob(file)} for file in media]
        return {"$type": "app.bsky.embed.images", "images": images} if images else {}

    def _blob(self, file: Media) -> Mapping[str, Any]:
        """The server's name for a file; one that no record names is thrown away there, so that silence is no harm."""
        method, headers = "com.atproto.repo.uploadBlob", {"Content-Type": file.mime}
        found = self._account.read(method, method="POST", content=file.data, headers=headers, seconds=_UPLOAD_SECONDS)
        if not (blob := mapping(mapping(found).get("blob"))):
            raise Refused(f"the server did not take the file {file.name}")
        return blob


def _creation(collection: str, name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    kind = "com.atproto.repo.applyWrites#create"
    return {"$type": kind, "collection": collection, "rkey": name, "value": dict(record)}


def _reference(view: Mapping[str, Any]) -> dict[str, str]:
    return {"uri": text(view.get("uri")), "cid": text(view.get("cid"))}


def _labels(warning: str) -> dict[str, Any]:
    if warning not in _WARNINGS:
        raise Refused(f"a warning is one of {', '.join(_WARNINGS)}")
    return {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": warning}]}
