"""An integration at a Ghost site: publishing, answering as a member, and moderating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from folkmoot.lib.html import to_text
from folkmoot.networks.acts import Deletion, Edit, Media, Moderation, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Person, Place, SeenMessage, gettext_noop
from folkmoot.networks.errors import Refused, Unsure
from folkmoot.networks.ghost import writing
from folkmoot.networks.ghost.hearing import Hearing
from folkmoot.networks.ghost.parse import SAID, id_of, parse_comment, parse_member
from folkmoot.networks.ghost.site import PAGE, Gone
from folkmoot.networks.ghost.writing import Uploaded
from folkmoot.networks.live import Checkup, Right
from folkmoot.networks.payload import Unfit, mapping, mappings, text

_SKEW = timedelta(minutes=10)
_UPLOAD_SECONDS = 120.0
_STATUSES = ("published", "draft", "scheduled")
_HIDING: Mapping[Verb, str] = {"hide": "hidden", "unhide": "published", "approve": "published"}
_MEND_KEY = gettext_noop("In Ghost: Settings → Advanced → Integrations → the integration.")
_MEND_MEMBER = gettext_noop("In Ghost, open Members and add one with that address; then fill it in here.")
_MEND_COMMENTS = gettext_noop("In Ghost: Settings → Membership → Access → Commenting.")


class GhostSession(Hearing):
    def check(self) -> Checkup:
        about = self._site.about()
        self._site.listed("posts/", limit=1, fields="id")
        found = self._site.read("settings/").get("settings")
        on = {text(one.get("key")): text(one.get("value")) for one in mappings(found)}.get("comments_enabled", "")
        member = self._member()
        rights = (
            Right("posts", gettext_noop("Read and publish posts"), granted=True, mend=_MEND_KEY),
            Right("comments", gettext_noop("Members may comment"), on != "off", False, _MEND_COMMENTS),
            Right("member", gettext_noop("Answer comments"), bool(member), False, _MEND_MEMBER),
        )
        account = parse_member(member) if member else Person("integration", text(about.get("title")) or "Ghost")
        return Checkup(account, rights)

    def places(self) -> Sequence[Place]:
        return [self._place()]

    def close(self) -> None:
        """Nothing lasts: each question is one of its own."""

    def reply(self, act: Reply, key: str) -> Sent:
        member, post = self._member(), id_of(act.thread, "post")
        if not member:
            raise Refused("comments are written by members; connect the account again with a member's address")
        if not post:
            raise Refused("it is not known under which post this is to be said")
        said = {"post_id": post, "member_id": member["id"], "html": writing.html(act.text)}
        if answered := id_of(act.parent, "comment"):
            said |= {"parent_id": self._top_of(post, answered), "in_reply_to_id": answered}
        return self._sent_comment(
            self._site.act("comments/", json={"comments": [said]}), post, said.get("parent_id", "")
        )

    def publish(self, act: Publication, key: str) -> Sent:
        """``options``: ``status``, ``published_at`` (for scheduled ones), ``tags`` (by commas), ``visibility``, ``slug``."""
        chosen = act.options
        status = chosen.get("status") or "published"
        if status not in _STATUSES:
            raise Refused(f"a post can't be {status}; choose one of {', '.join(_STATUSES)}")
        files = [self._upload(file) for file in act.media]
        made: dict[str, Any] = {"title": act.title or act.text[:80], "html": writing.html(act.text, files)}
        made |= {"status": status, "codeinjection_foot": writing.mark(key)}
        made |= {name: chosen[name] for name in ("published_at", "visibility", "slug") if chosen.get(name)}
        if tags := [tag.strip() for tag in chosen.get("tags", "").split(",") if tag.strip()]:
            made["tags"] = tags
        params = {"source": "html", "formats": "html"}
        return self._sent_post(self._site.act("posts/", params=params, json={"posts": [made]}))

    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        """Posts bear a mark. Comments can't: ours is what our member said there, in these words, since then."""
        if isinstance(act, Publication):
            asked = {"formats": "html", "include": "authors", "order": "created_at desc", "limit": PAGE}
            when = (since - _SKEW).strftime("%Y-%m-%d %H:%M:%S")
            items, total = self._site.listed("posts/", **asked, filter=f"created_at:>='{when}'")
            for item in items:
                if writing.mark(key) in text(item.get("codeinjection_foot")):
                    return self._sent_post(item)
            if total > PAGE:
                raise Unsure("too many posts were made since then to look through; look at the site")
            return None
        wanted, post, answered = (
            to_text(writing.html(act.text)),
            id_of(act.thread, "post"),
            id_of(act.parent, "comment"),
        )
        for top, item in self._thread(post):
            seen = self._parsed(item, post, top)
            if not seen or not seen.ours or item.get("status") == "deleted":
                continue
            if seen.text == wanted and seen.at >= since - _SKEW and (not answered or seen.parent == act.parent):
                return self._sent_comment(item, post, top)
        return None

    def edit(self, act: Edit, key: str) -> Sent:
        post = id_of(act.remote_id, "post")
        if not post:
            raise Refused("at Ghost nobody but its member can change a comment, and only on the site")
        path = f"posts/{post}/"
        item = next(iter(mappings(self._site.read(path, formats="html").get("posts"))), {})
        changed = {"html": writing.reworded(text(item.get("html")), act.text), "updated_at": item.get("updated_at")}
        changed |= {"title": act.title} if act.title else {}
        params = {"source": "html", "formats": "html"}
        return self._sent_post(self._site.act(path, method="PUT", params=params, json={"posts": [changed]}))

    def delete(self, act: Deletion, key: str) -> Sent:
        with suppress(Gone):
            if post := id_of(act.remote_id, "post"):
                self._site.remove(f"posts/{post}/")
            else:
                self._set_status(act.remote_id, "deleted")
        return Sent(act.remote_id)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return frozenset(_HIDING)

    def moderate(self, act: Moderation, key: str) -> Sent:
        if act.verb not in _HIDING:
            raise Refused("at Ghost comments can be hidden, shown and deleted, nothing else")
        self._set_status(act.message, _HIDING[act.verb])
        return Sent(act.message)

    def measure(self, place: Place, remote_ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for remote_id in remote_ids:
            post = id_of(remote_id, "post")
            if not post:
                continue
            with suppress(Gone):
                asked = "count.clicks,count.positive_feedback,count.signups"
                item = next(iter(mappings(self._site.read(f"posts/{post}/", include=asked).get("posts"))), {})
                told = mapping(item.get("count"))
                figures = {"clicks": told.get("clicks"), "likes": told.get("positive_feedback")}
                _, comments = self._site.listed(
                    "members/events/", filter=f"type:comment_event+data.post_id:'{post}'", limit=1
                )
                figures["comments"] = comments
                found[remote_id] = {name: value for name, value in figures.items() if isinstance(value, int)}
        return found

    def _member(self) -> Mapping[str, Any]:
        """The member in whose name we answer."""
        email = self._access.settings.get("member", "").strip()
        if not email or "'" in email:
            return {}
        items, _ = self._site.listed("members/", filter=f"email:'{email}'", limit=1)
        return next(iter(items), {})

    def _thread(self, post: str) -> list[tuple[str, Mapping[str, Any]]]:
        """What is said under a post, each with the comment that it stands under, newest first."""
        found: list[tuple[str, Mapping[str, Any]]] = []
        page, total = 1, 1
        while (page - 1) * PAGE < total:
            asked = {"order": "created_at desc", "limit": PAGE, "page": page}
            items, total = self._site.listed(f"comments/post/{post}/", **asked)
            for item in items:
                found.append(("", item))
                found += [(text(item.get("id")), one) for one in mappings(item.get("replies"))]
            page += 1
        return found

    def _top_of(self, post: str, comment: str) -> str:
        """Ghost keeps one level of answers: they stand under the comment that began it."""
        for top, item in self._thread(post):
            if item.get("id") == comment:
                return top or comment
        raise Refused("the comment is not there any more, so it can't be answered")

    def _set_status(self, remote_id: str, status: str) -> None:
        number = id_of(remote_id, "comment")
        if not number:
            raise Refused("only comments can be hidden and shown; a post can be edited or deleted")
        told = {"comments": [{"id": number, "status": status}]}
        self._site.act(f"comments/{number}/", method="PUT", json=told)

    def _upload(self, file: Media) -> Uploaded:
        picture = file.mime.startswith("image/")
        path = "images/upload/" if picture else "files/upload/"
        found = self._site.act(path, files={"file": (file.name, file.data, file.mime)}, seconds=_UPLOAD_SECONDS)
        if not text(found.get("url")):
            raise Refused("the site did not say where it put the file")
        return Uploaded(text(found["url"]), file.mime, file.name, file.alt)

    def _sent_post(self, item: Mapping[str, Any]) -> Sent:
        """What the site says it made, as it will be read back; nobody can read drafts yet."""
        number = text(item.get("id"))
        if not number:
            raise Unsure("the site did not say what it made")
        try:
            seen = self._post(item) if item.get("status") in SAID else None
        except Unfit:
            seen = None
        return Sent(f"post-{number}", text(item.get("url")), seen)

    def _sent_comment(self, item: Mapping[str, Any], post: str, top: str) -> Sent:
        number = text(item.get("id"))
        if not number:
            raise Unsure("the site did not say what it made")
        seen = self._parsed(item, post, top)
        return Sent(f"comment-{number}", seen.url if seen else "", seen)

    def _parsed(self, item: Mapping[str, Any], post: str, top: str) -> SeenMessage | None:
        us = self._access.settings.get("member", "").strip()
        try:
            return parse_comment(item, {"id": post}, top, us, self._dates())
        except Unfit:
            return None
