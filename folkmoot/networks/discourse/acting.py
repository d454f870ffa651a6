"""What we say at a forum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from folkmoot.networks.acts import Deletion, Edit, Media, Publication, Reply, Sent
from folkmoot.networks.base import Place, SeenMessage
from folkmoot.networks.discourse import writing
from folkmoot.networks.discourse.forum import Gone
from folkmoot.networks.discourse.hearing import Hearing
from folkmoot.networks.discourse.live_parse import case_of, is_private, parse_live, post_of
from folkmoot.networks.discourse.parse import is_post
from folkmoot.networks.errors import Refused, Unsure
from folkmoot.networks.payload import Dates, Unfit, count, mapping, text

_SKEW = timedelta(minutes=10)
_UPLOAD_SECONDS = 120.0
_MOST_PAGES = 40


class Acting(Hearing):
    def reply(self, act: Reply, key: str) -> Sent:
        topic = count(act.thread)
        if not topic:
            raise Refused(
                "it is not known in which topic this is to be said; what waits for approval can't be answered"
            )
        said: dict[str, Any] = {"topic_id": topic, "raw": writing.post(act.text, key, self._files(act.media))}
        answered = post_of(act.parent)
        if answered and answered[0] == topic:
            said["reply_to_post_number"] = answered[1]
        return self._made(act.place, said)

    def publish(self, act: Publication, key: str) -> Sent:
        """``options``: ``category`` (its number), ``tags`` (by commas); for messages ``to`` (names of people, groups)."""
        chosen = act.options
        said: dict[str, Any] = {"title": act.title, "raw": writing.post(act.text, key, self._files(act.media))}
        if is_private(act.place):
            if not chosen.get("to"):
                raise Refused("say to whom the message goes: names of people or groups at the forum")
            said |= {"archetype": "private_message", "target_recipients": chosen["to"]}
        if count(chosen.get("category")):
            said["category"] = count(chosen["category"])
        if tags := [tag.strip() for tag in chosen.get("tags", "").split(",") if tag.strip()]:
            said["tags"] = tags
        return self._made(act.place, said)

    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        wanted, before, private = writing.mark(key), None, is_private(act.place)
        dates = Dates(ZoneInfo("UTC"), self._access.now())
        for _ in range(_MOST_PAGES):
            items = self._forum.posts(private=private, before=before)
            for item in items:
                if self._forum.is_ours(item) and wanted in text(item.get("raw")):
                    return self._sent(act.place, item)
            numbers = [count(item.get("id")) or 0 for item in items]
            if not numbers or _oldest(items, dates) < since - _SKEW:
                break
            before = min(numbers) - 1
        else:
            raise Unsure("the forum has too many posts since then to look through; look at our posts there")
        if any(wanted in text(mapping(one.raw.get("payload")).get("raw")) for one in self._queued(act.place)):
            return Sent()
        return None

    def edit(self, act: Edit, key: str) -> Sent:
        item = self._post(act.remote_id)
        path = f"/posts/{item['id']}.json"
        changed: dict[str, Any] = {"post": {"raw": writing.reworded(text(item.get("raw")), act.text)}}
        if act.title and item.get("post_number") == 1:
            changed["title"] = act.title
        return self._sent(act.place, mapping(self._forum.made(path, method="PUT", json=changed).get("post")))

    def delete(self, act: Deletion, key: str) -> Sent:
        if number := case_of(act.remote_id):
            self._decide(number, "reject_post")
            return Sent(act.remote_id)
        try:
            item = self._post(act.remote_id)
            if not item.get("deleted_at") and not item.get("user_deleted"):
                first = item.get("post_number") == 1
                path = f"/t/{item.get('topic_id')}.json" if first else f"/posts/{item['id']}.json"
                self._forum.act(path, method="DELETE", plain=True)
        except Gone:
            pass
        return Sent(act.remote_id)

    def _decide(self, number: int, action: str) -> None:
        """Ends a case of the review queue, unless it is decided already."""
        try:
            case = mapping(mapping(self._forum.read(f"/review/{number}.json")).get("reviewable"))
        except Gone:
            return
        if case.get("status", 0) not in (0, "pending"):
            return
        params = {"version": count(case.get("version")) or 0}
        self._forum.made(f"/review/{number}/perform/{action}.json", method="PUT", params=params)

    def _queued(self, place: Place) -> Sequence[SeenMessage]:
        try:
            batch = self._waiting(place, {})
        except Refused:
            return ()  # only moderators are shown what waits
        return [one for one in batch.seen if isinstance(one, SeenMessage)]

    def _files(self, files: Sequence[Media]) -> list[str]:
        return [writing.shown(self._upload(file), file.alt) for file in files]

    def _upload(self, file: Media) -> Mapping[str, Any]:
        """The forum keeps the same file once, however often it is sent."""
        found = self._forum.made(
            "/uploads.json",
            data={"type": "composer", "synchronous": "true"},
            files={"file": (file.name, file.data, file.mime)},
            seconds=_UPLOAD_SECONDS,
        )
        if not found.get("short_url") and not found.get("url"):
            raise Refused("the forum did not say where it put the file")
        return found

    def _made(self, place: Place, said: Mapping[str, Any]) -> Sent:
        answer = self._forum.made("/posts.json", json=said)
        if answer.get("action") == "enqueued":
            return Sent()  # it waits for approval, and has no number until then
        return self._sent(place, mapping(answer.get("post")) or answer)

    def _sent(self, place: Place, item: Mapping[str, Any]) -> Sent:
        """What the forum says it made, as it will be read back."""
        if not is_post(item):
            raise Unsure("the forum did not say what it made")
        remote_id = f"{item['topic_id']}/{item['post_number']}"
        dates = Dates(ZoneInfo("UTC"), self._access.now())
        try:
            seen = parse_live(item, self._forum.host, self._forum.user, dates, private=is_private(place))
        except Unfit:
            return Sent(remote_id)
        return Sent(remote_id, seen.url, seen)

    def _post(self, remote_id: str) -> Mapping[str, Any]:
        """Raises ``Gone``."""
        where = post_of(remote_id)
        if not where:
            raise Refused("only what stands in the forum can be changed, not what waits for approval")
        item = self._forum.post(*where)
        if not count(item.get("id")):
            raise Refused("the forum's answer can't be understood")
        return item


def _oldest(items: Sequence[Mapping[str, Any]], dates: Dates) -> datetime:
    return min((dates.iso(item.get("created_at")) for item in items if item.get("created_at")), default=dates.now)
