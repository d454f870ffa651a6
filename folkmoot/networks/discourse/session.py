"""An account at a forum: who it is, what it can connect, and moderating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from folkmoot.networks.acts import Moderation, Sent, Verb
from folkmoot.networks.base import Place, gettext_noop
from folkmoot.networks.discourse.acting import Acting
from folkmoot.networks.discourse.forum import Already, Gone
from folkmoot.networks.discourse.live_parse import case_of, forum_place, messages_place, post_of
from folkmoot.networks.discourse.parse import parse_author
from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Checkup, Right
from folkmoot.networks.payload import Unfit, count, mapping, mappings, text

_STATUS: Mapping[Verb, tuple[str, str]] = {
    "lock": ("closed", "true"),
    "unlock": ("closed", "false"),
    "pin": ("pinned", "true"),
    "unpin": ("pinned", "false"),
}
_FLAGS: Mapping[Verb, int] = {"hide": 4, "spam": 8}  # inappropriate, spam
_PEOPLE: Mapping[Verb, tuple[str, str, str]] = {
    "mute": ("silence", "silenced_till", "reason"),
    "unmute": ("unsilence", "", ""),
    "ban": ("suspend", "suspend_until", "reason"),
    "unban": ("unsuspend", "", ""),
}
_FOR_EVER = timedelta(days=365 * 200)
_LIKE = 2
_MEND = gettext_noop("At the forum: Admin → Users → the account → Grant Moderation.")
_MEND_ADMIN = gettext_noop(
    "At the forum: Admin → Users → the account → Grant Admin. Not needed: news then comes a little later."
)


class DiscourseSession(Acting):
    def check(self) -> Checkup:
        me = self._forum.me()
        admin = bool(me.get("admin"))
        staff = admin or bool(me.get("moderator"))
        rights = (
            Right("read", gettext_noop("Read the forum"), granted=True),
            Right("moderate", gettext_noop("Approve, hide, close, silence and suspend"), staff, False, _MEND),
            Right("webhooks", gettext_noop("Be told news at once"), admin, False, _MEND_ADMIN),
        )
        try:
            account = parse_author({**me, "user_id": me.get("id")}, self._forum.host)
        except Unfit as unfit:
            raise Refused("the forum does not say who we are") from unfit
        return Checkup(account, rights)

    def places(self) -> Sequence[Place]:
        title = text(mapping(self._forum.read("/site/basic-info.json")).get("title"))
        host, address = self._forum.host, self._forum.address
        return [forum_place(host, title, address), messages_place(host, title, address)]

    def close(self) -> None:
        """Nothing lasts: each question is one of its own."""

    def verbs(self, place: Place) -> frozenset[Verb]:
        return frozenset((*_STATUS, *_FLAGS, "unhide", "approve", *_PEOPLE))

    def moderate(self, act: Moderation, key: str) -> Sent:
        if act.verb in _PEOPLE:
            return self._to_person(act)
        if act.verb in _STATUS:
            return self._to_topic(act)
        if (case := case_of(act.message)) is not None:
            if act.verb not in ("approve", "spam", "hide"):
                raise Refused("what waits for approval can be approved or rejected, nothing else")
            self._decide(case, "approve_post" if act.verb == "approve" else "reject_post")
            return Sent(act.message)
        return self._to_post(act)

    def measure(self, place: Place, remote_ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        found = {}
        for remote_id in remote_ids:
            if where := post_of(remote_id):
                try:
                    found[remote_id] = self._figures(*where)
                except Gone:
                    continue
        return found

    def _figures(self, topic: int, number: int) -> dict[str, int]:
        item = self._forum.post(topic, number)
        likes = [one.get("count") for one in mappings(item.get("actions_summary")) if one.get("id") == _LIKE]
        figures = {"comments": item.get("reply_count"), "likes": likes[0] if likes else 0, "views": item.get("reads")}
        if number == 1:
            about = mapping(self._forum.read(f"/t/{topic}.json"))
            figures |= {"views": about.get("views"), "comments": (count(about.get("posts_count")) or 1) - 1}
        return {name: value for name, value in figures.items() if isinstance(value, int)}

    def _to_person(self, act: Moderation) -> Sent:
        if not count(act.person):
            raise Refused("nobody of this forum is meant")
        action, until, why = _PEOPLE[act.verb]
        told: dict[str, Any] = {}
        if until:
            told = {until: (act.until or self._access.now() + _FOR_EVER).isoformat(), why: act.reason or act.verb}
        with suppress(Already):
            self._forum.act(f"/admin/users/{act.person}/{action}.json", method="PUT", json=told, plain=True)
        return Sent(act.person)

    def _to_topic(self, act: Moderation) -> Sent:
        where = post_of(act.message)
        topic = where[0] if where else count(act.message)
        if not topic:
            raise Refused("no topic of this forum is meant")
        status, enabled = _STATUS[act.verb]
        told = {"status": status, "enabled": enabled}
        if act.until and status == "pinned":
            told["until"] = act.until.isoformat()
        self._forum.act(f"/t/{topic}/status.json", method="PUT", json=told, plain=True)
        return Sent(act.message)

    def _to_post(self, act: Moderation) -> Sent:
        item = self._post(act.message)
        if act.verb in _FLAGS:
            if not item.get("hidden"):
                told = {"id": item["id"], "post_action_type_id": _FLAGS[act.verb], "take_action": True}
                self._forum.act("/post_actions.json", json=told, plain=True)
        elif act.verb == "unhide":
            if item.get("hidden"):
                self._forum.act(f"/posts/{item['id']}/unhide.json", method="PUT", plain=True)
        elif act.verb == "approve":
            self._settle_flags(item)
        else:
            raise Refused("Discourse has nothing for that")
        return Sent(act.message)

    def _settle_flags(self, item: Mapping[str, Any]) -> None:
        """Disagrees with the flags of a post, which shows it again where they had hidden it."""
        if case := count(item.get("reviewable_id")):
            self._decide(case, "disagree_and_restore" if item.get("hidden") else "disagree")
