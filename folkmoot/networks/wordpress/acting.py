"""What we do at a site: comments, posts, and moderating."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from folkmoot.networks.acts import Deletion, Edit, Media, Moderation, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Place, SeenMessage
from folkmoot.networks.errors import Refused, Unsure
from folkmoot.networks.payload import Dates, Unfit, count, mapping, text
from folkmoot.networks.wordpress import writing
from folkmoot.networks.wordpress.listening import Listening
from folkmoot.networks.wordpress.parse import number_of, parse_comment, parse_post
from folkmoot.networks.wordpress.site import PAGE, STEP, Gone, NoBin
from folkmoot.networks.wordpress.writing import Uploaded

_SKEW = timedelta(minutes=10)
_STATUS: Mapping[Verb, str] = {"hide": "hold", "unhide": "approved", "approve": "approved", "spam": "spam"}
_OF_THREADS: Mapping[Verb, Mapping[str, Any]] = {
    "lock": {"comment_status": "closed"},
    "unlock": {"comment_status": "open"},
    "pin": {"sticky": True},
    "unpin": {"sticky": False},
}
_POST_STATUSES = ("publish", "draft", "pending", "private")
_ANY_POST = "publish,future,draft,pending,private,trash"
_UPLOAD_SECONDS = 120.0


class Acting(Listening):
    def reply(self, act: Reply, key: str) -> Sent:
        post = number_of(act.thread, "post")
        self._site.me()  # before it is done: afterwards nothing may go wrong any more
        if not post:
            raise Refused("it is not known under which post this is to be said")
        said = {
            "post": post,
            "parent": number_of(act.parent, "comment") or 0,
            "content": writing.comment(act.text),
            "author_user_agent": writing.digest(key),
        }
        return self._sent(self._site.act("/wp/v2/comments", json=said))

    def publish(self, act: Publication, key: str) -> Sent:
        self._site.me()
        status = act.options.get("status") or "publish"
        if status not in _POST_STATUSES:
            raise Refused(f"a post can't be {status}; choose one of {', '.join(_POST_STATUSES)}")
        files = [self._upload(file, f"{writing.digest(key)}-{index}") for index, file in enumerate(act.media)]
        made = {"title": act.title, "content": writing.post(act.text, key, files), "status": status}
        made |= {name: act.options[name] for name in ("slug", "excerpt") if act.options.get(name)}
        pictures = [file for file in files if file.mime.startswith("image/")]
        if pictures and act.options.get("featured"):
            made["featured_media"] = str(pictures[0].id)
        return self._sent(self._site.act("/wp/v2/posts", json=made))

    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        asked: dict[str, Any] = {"author": self._site.me().id, "after": (since - _SKEW).isoformat()}
        asked |= {"order": "desc", "context": "edit"}
        if isinstance(act, Publication):
            found = self._find("/wp/v2/posts", asked | {"status": _ANY_POST}, ("content", "raw"), writing.mark(key))
        elif self._site.may("moderate_comments"):
            asked |= {"status": "any", "post": number_of(act.thread, "post") or 0}
            found = self._find("/wp/v2/comments", asked, ("author_user_agent",), writing.digest(key))
        else:
            raise Unsure("this account is not shown its comments that wait for approval; look at the site")
        return self._sent(found) if found else None

    def edit(self, act: Edit, key: str) -> Sent:
        self._site.me()
        if number := number_of(act.remote_id, "comment"):
            return self._sent(self._site.act(f"/wp/v2/comments/{number}", json={"content": writing.comment(act.text)}))
        route = f"/wp/v2/posts/{self._post(act.remote_id)}"
        raw = text(mapping(mapping(self._site.read(route, context="edit").data).get("content")).get("raw"))
        changed = {"content": writing.reworded(raw, act.text)} | ({"title": act.title} if act.title else {})
        return self._sent(self._site.act(route, json=changed))

    def delete(self, act: Deletion, key: str) -> Sent:
        """Into the bin; for good where the site has none."""
        number = number_of(act.remote_id, "comment")
        route = f"/wp/v2/comments/{number}" if number else f"/wp/v2/posts/{self._post(act.remote_id)}"
        try:
            self._site.act(route, method="DELETE")
        except Gone:
            pass
        except NoBin:
            self._site.act(route, method="DELETE", params={"force": "true"})
        return Sent(act.remote_id)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return frozenset((*_STATUS, *_OF_THREADS))

    def moderate(self, act: Moderation, key: str) -> Sent:
        if act.verb in _OF_THREADS:
            route = f"/wp/v2/posts/{self._post_of(act.message)}"
            self._site.act(route, json=dict(_OF_THREADS[act.verb]))
            return Sent(act.message)
        number, wanted = number_of(act.message, "comment"), _STATUS.get(act.verb)
        if not number or not wanted:
            raise Refused("only comments can be held, approved or marked as spam; a post can be edited or deleted")
        route = f"/wp/v2/comments/{number}"
        # WordPress takes it for an error to be told what is so already
        if mapping(self._site.read(route, context="edit").data).get("status") != wanted:
            self._site.act(route, json={"status": wanted})
        return Sent(act.message)

    def _upload(self, file: Media, slug: str) -> Uploaded:
        """A file in the site's library, once however often it is asked for."""
        there = self._site.listed("/wp/v2/media", slug=slug)
        found = there[0] if there else self._site.act(
            "/wp/v2/media",
            content=file.data,
            headers={"Content-Type": file.mime, "Content-Disposition": f'attachment; filename="{_file_name(file)}"'},
            params={"slug": slug, "title": file.name, "alt_text": file.alt},
            seconds=_UPLOAD_SECONDS,
        )  # fmt: skip
        number, url = count(found.get("id")), text(found.get("source_url"))
        if not number or not url:
            raise Refused("the site did not say where it put the file")
        return Uploaded(number, url, file.mime, file.name, file.alt)

    def _find(
        self, route: str, asked: Mapping[str, Any], path: tuple[str, ...], wanted: str
    ) -> Mapping[str, Any] | None:
        offset = 0
        while True:
            items = self._site.listed(route, offset=offset, **asked)
            for item in items:
                value: Any = item
                for name in path:
                    value = mapping(value).get(name)
                if wanted in text(value):
                    return item
            if len(items) < PAGE:
                return None
            offset += STEP

    def _sent(self, item: Mapping[str, Any]) -> Sent:
        """What the site says it made, as it will be read back."""
        kind, parse = ("comment", parse_comment) if "post" in item else ("post", parse_post)
        number = count(item.get("id"))
        if not number:
            raise Unsure("the site did not say what it made")
        try:
            seen: SeenMessage | None = parse(item, self._site.me().id, Dates(ZoneInfo("UTC"), self._access.now()))
        except Unfit:
            seen = None
        if kind == "post" and item.get("status") != "publish":
            seen = None  # nobody can read it yet
        return Sent(f"{kind}-{number}", text(item.get("link")), seen)

    def _post(self, remote_id: str) -> int:
        number = number_of(remote_id, "post")
        if not number:
            raise Refused(f"there is no post or comment {remote_id[:40]!r} at a WordPress site")
        return number

    def _post_of(self, remote_id: str) -> int:
        """The post that a message is, or stands under."""
        if number := number_of(remote_id, "comment"):
            return count(mapping(self._site.read(f"/wp/v2/comments/{number}").data).get("post")) or 0
        return self._post(remote_id)


def _file_name(file: Media) -> str:
    """Of plain letters, for a header; the title keeps the real name."""
    stem, dot, ending = file.name.rpartition(".")
    plain = "".join(letter for letter in stem if letter.isascii() and (letter.isalnum() or letter in "-_"))
    return f"{plain or 'file'}{dot}{''.join(letter for letter in ending if letter.isalnum())}"
