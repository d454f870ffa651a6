"""Our part at an Isso server: answering, correcting and moderating under the pages of a site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from folkmoot.networks.acts import Deletion, Edit, Moderation, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Person, Place, SeenMessage, gettext_noop
from folkmoot.networks.errors import NetworkError, Refused, Unsure
from folkmoot.networks.isso.desk import known
from folkmoot.networks.isso.listening import Listening
from folkmoot.networks.isso.parse import Comment
from folkmoot.networks.live import Checkup, Right
from folkmoot.networks.payload import Unfit, count, text

_SKEW = timedelta(minutes=2)


class IssoSession(Listening):
    def check(self) -> Checkup:
        info = self._desk.info()
        self._desk.page(mode=2)
        name, email = self._us()
        notes = () if info.get("moderation") else (gettext_noop("Comments appear at once: Isso's moderation is off."),)
        right = Right("admin", gettext_noop("See, approve, correct and delete all comments"), granted=True)
        return Checkup(Person(email.casefold() or name, name, email.casefold()), (right,), notes=notes)

    def places(self) -> Sequence[Place]:
        origin = text(self._desk.info().get("origin"))
        parts = urlsplit(self._desk.address)
        return [Place(f"{parts.netloc.lower()}{parts.path}", urlsplit(origin).netloc, "page", origin)]

    def close(self) -> None:
        """Nothing lasts: each question is one of its own."""

    def reply(self, act: Reply, key: str) -> Sent:
        if not act.thread.startswith("/"):
            raise Refused("it is not known under which page this is to be said")
        name, email = self._us()
        parent = int(act.parent.partition("-")[0]) if known(act.parent) else None
        said = {"text": act.text, "author": name, "email": email, "parent": parent, "title": act.title or None}
        made = self._desk.write(act.thread, said)
        try:
            comment = self._desk.numbered(count(made.get("id")) or 0)
            if comment is None:
                raise Unsure("Isso does not show what it took")
            return self._stands(comment)
        except NetworkError as error:
            # The comment is made: whatever goes wrong from here on, it must not be made again
            raise Unsure(f"the comment was taken, but it may still wait for approval: {error}") from error

    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        """Isso keeps no key: ours is what bears our name and address, under that page, in these words, since then."""
        if isinstance(act, Publication):
            return None
        uri = self._desk.info()["origin"].rstrip("/") + act.thread
        for comment in reversed(self._desk.page(comment_search_url=uri).comments):
            if comment.mode == "staled" or comment.text != act.text.strip():
                continue
            seen = self._read(comment)
            if seen and seen.ours and seen.at >= since - _SKEW:
                return self._stands(comment)
        return None

    def edit(self, act: Edit, key: str) -> Sent:
        comment = self._there(act.remote_id)
        self._desk.change(comment, "edit", json={"text": act.text})
        return self._sent(act.remote_id)

    def delete(self, act: Deletion, key: str) -> Sent:
        comment = self._desk.comment(act.remote_id) if known(act.remote_id) else None
        if comment and comment.mode != "staled":
            self._desk.change(comment, "delete")
        return Sent(act.remote_id)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return frozenset({"approve"})

    def moderate(self, act: Moderation, key: str) -> Sent:
        if act.verb != "approve":
            raise Refused("at Isso comments can be approved and deleted, nothing else")
        comment = self._there(act.message)
        if comment.mode == "pending":
            self._desk.change(comment, "activate")
        return Sent(act.message)

    def _us(self) -> tuple[str, str]:
        settings = self._access.settings
        return settings.get("name", "").strip(), settings.get("email", "").strip()

    def _there(self, remote_id: str) -> Comment:
        comment = self._desk.comment(remote_id) if known(remote_id) else None
        if comment is None or comment.mode == "staled":
            raise Refused("the comment is not there any more")
        return comment

    def _stands(self, comment: Comment) -> Sent:
        """Ours does not wait for our own approval."""
        if comment.mode == "pending":
            self._desk.change(comment, "activate")
        return self._sent(comment.remote_id)

    def _sent(self, remote_id: str) -> Sent:
        """Something of ours, as it will be read back."""
        self._threads.clear()
        comment = self._desk.comment(remote_id)
        seen = self._read(comment) if comment else None
        return Sent(remote_id, seen.url if seen else "", seen)

    def _read(self, comment: Comment) -> SeenMessage | None:
        try:
            return self._seen(comment)
        except Unfit:
            return None
