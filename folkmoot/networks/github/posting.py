"""Saying something in a repository, and changing or deleting it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from folkmoot.networks.acts import Deletion, Edit, Publication, Reply, Sent
from folkmoot.networks.base import Place, SeenMessage
from folkmoot.networks.errors import Refused, Unsure
from folkmoot.networks.github import queries
from folkmoot.networks.github.client import GitHubApi, Gone, repository
from folkmoot.networks.github.parse import (
    COMMENT,
    DISCUSSION,
    ISSUE,
    RELEASE,
    REMARK,
    parse_comment,
    parse_discussion,
    parse_issue,
    parse_release,
    parse_remark,
)
from folkmoot.networks.github.reading import PAGE, Reader
from folkmoot.networks.payload import Unfit, mapping, mappings, text

_SKEW = timedelta(minutes=1)
_MOST_PAGES = 10
_NO_FILES = "GitHub takes no files from other programs; put the picture on the web and write its address"


class Author:
    def __init__(self, api: GitHubApi, reader: Reader) -> None:
        self._api = api
        self._reader = reader

    def reply(self, act: Reply) -> Sent:
        if act.media:
            raise Refused(_NO_FILES)
        number = numbered(act.thread, ISSUE)
        if number:
            made = self._api.act(act.place, f"issues/{number}/comments", json={"body": act.text})
            return self._sent(made, lambda: parse_comment(made, self._api.me(), self._api.dates))
        if number := numbered(act.thread, DISCUSSION):
            return self._remark(act, number)
        raise Refused("nobody can answer to a release at GitHub; open an issue or a discussion")

    def _remark(self, act: Reply, number: int) -> Sent:
        above = None
        if act.parent.startswith(REMARK):
            # Answers stand one below a comment, and no deeper
            node = mapping(self._api.ask(queries.ABOVE, id=act.parent.removeprefix(REMARK)).get("node"))
            above = text(mapping(node.get("replyTo")).get("id")) or text(node.get("id")) or None
        made = self._api.do(queries.ADD_REMARK, on=self.topic_id(act.place, number), body=act.text, above=above)
        node = mapping(mapping(made.get("addDiscussionComment")).get("comment"))
        return self._sent(node, lambda: parse_remark(node, number, self._api.me(), self._api.dates))

    def publish(self, act: Publication) -> Sent:
        if act.media:
            raise Refused(_NO_FILES)
        me, dates = self._api.me(), self._api.dates
        title, words = _titled(act)
        if tag := act.options.get("tag", ""):
            wanted = {
                "tag_name": tag,
                "name": title,
                "body": words,
                "prerelease": act.options.get("prerelease") == "yes",
            }
            made = self._api.act(act.place, "releases", json=wanted)
            return self._sent(made, lambda: parse_release(made, me, dates))
        if category := act.options.get("category", ""):
            on, chosen = self._category(act.place, category)
            answer = self._api.do(queries.CREATE, on=on, category=chosen, title=title, body=words)
            node = mapping(mapping(answer.get("createDiscussion")).get("discussion"))
            return self._sent(node, lambda: parse_discussion(node, me, dates))
        labels = [one.strip() for one in act.options.get("labels", "").split(",") if one.strip()]
        made = self._api.act(act.place, "issues", json={"title": title, "body": words, "labels": labels})
        return self._sent(made, lambda: parse_issue(made, me, dates))

    def edit(self, act: Edit) -> Sent:
        me, dates = self._api.me(), self._api.dates
        wanted: dict[str, Any] = {"body": act.text}
        titled = wanted | ({"title": act.title} if act.title else {})
        if number := numbered(act.remote_id, ISSUE):
            made = self._api.act(act.place, f"issues/{number}", method="PATCH", json=titled)
            return self._sent(made, lambda: parse_issue(made, me, dates, edited=True))
        if number := numbered(act.remote_id, COMMENT):
            made = self._api.act(act.place, f"issues/comments/{number}", method="PATCH", json=wanted)
            return self._sent(made, lambda: parse_comment(made, me, dates))
        if number := numbered(act.remote_id, RELEASE):
            named = wanted | ({"name": act.title} if act.title else {})
            made = self._api.act(act.place, f"releases/{number}", method="PATCH", json=named)
            return self._sent(made, lambda: parse_release(made, me, dates))
        if number := numbered(act.remote_id, DISCUSSION):
            topic = self.topic_id(act.place, number)
            self._api.do(queries.EDIT_TOPIC, id=topic, body=act.text, title=act.title or None)
        elif act.remote_id.startswith(REMARK):
            self._api.do(queries.EDIT_REMARK, id=act.remote_id.removeprefix(REMARK), body=act.text)
        else:
            raise Refused("GitHub has no such message")
        return Sent(act.remote_id)

    def delete(self, act: Deletion) -> Sent:
        with suppress(Gone):
            if number := numbered(act.remote_id, COMMENT):
                self._api.act(act.place, f"issues/comments/{number}", method="DELETE")
            elif number := numbered(act.remote_id, RELEASE):
                self._api.act(act.place, f"releases/{number}", method="DELETE")
            elif number := numbered(act.remote_id, ISSUE):
                self._api.do(queries.DELETE_ISSUE, id=self.node_id(act.place, act.remote_id))
            elif number := numbered(act.remote_id, DISCUSSION):
                self._api.do(queries.DELETE_TOPIC, id=self.topic_id(act.place, number))
            elif act.remote_id.startswith(REMARK):
                self._api.do(queries.DELETE_REMARK, id=act.remote_id.removeprefix(REMARK))
        return Sent(act.remote_id)

    def find_own(self, act: Reply | Publication, *, since: datetime) -> Sent | None:
        """By who said it, when, where and in which words: GitHub has no place for a key that nobody sees."""
        words = act.text if isinstance(act, Reply) else _titled(act)[1]
        for one in self._since(act, since - _SKEW):
            same = isinstance(act, Reply) or one.thread_title == _titled(act)[0]
            if one.ours and one.at >= since - _SKEW and same and one.text.split() == words.split():
                return Sent(one.remote_id, one.url, one)
        return None

    def _since(self, act: Reply | Publication, since: datetime) -> list[SeenMessage]:
        """What was said in the thread, or begun in the repository, since then."""
        if isinstance(act, Publication):
            return self._begun(act, since)
        found: list[SeenMessage] = []
        cursor = ""
        for _ in range(_MOST_PAGES):
            batch = self._reader.poll_thread(act.place, act.thread, cursor)
            found += [one for one in batch.seen if isinstance(one, SeenMessage) and one.parent]
            if not batch.more:
                return found
            cursor = batch.cursor
        raise Unsure("the thread is so long that it can't be told whether this was said; look at it")

    def _begun(self, act: Publication, since: datetime) -> list[SeenMessage]:
        kind = "releases" if act.options.get("tag") else "discussions" if act.options.get("category") else "issues"
        if kind == "issues":
            stated = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            wanted = {"state": "all", "creator": self._api.me(), "since": stated, "per_page": PAGE}
            items = mappings(self._api.read(f"{repository(act.place)}/issues", wanted).data)
            if len(items) >= PAGE:
                raise Unsure("so much was begun since that it can't be told whether this was; look at the repository")
            return [parse_issue(one, self._api.me(), self._api.dates) for one in items]
        batch = self._reader.poll(act.place, kind, "")
        return [one for one in batch.seen if isinstance(one, SeenMessage) and not one.parent]

    def topic_id(self, place: Place, number: int) -> str:
        owner, _, name = place.remote_id.partition("/")
        found = mapping(self._api.ask(queries.IDS, owner=owner, name=name, number=number).get("repository"))
        if ident := text(mapping(found.get("discussion")).get("id")):
            return ident
        raise Gone("GitHub has no such discussion any more")

    def node_id(self, place: Place, ident: str) -> str:
        """GraphQL's own id of an issue or a comment."""
        if number := numbered(ident, ISSUE):
            path = f"{repository(place)}/issues/{number}"
        elif number := numbered(ident, COMMENT):
            path = f"{repository(place)}/issues/comments/{number}"
        else:
            return ident.removeprefix(REMARK)
        return text(mapping(self._api.read(path).data).get("node_id"))

    def _category(self, place: Place, wanted: str) -> tuple[str, str]:
        owner, _, name = place.remote_id.partition("/")
        found = mapping(self._api.ask(queries.CATEGORIES, owner=owner, name=name).get("repository"))
        listed = mappings(mapping(found.get("discussionCategories")).get("nodes"))
        for one in listed:
            if wanted.casefold() in (text(one.get("name")).casefold(), text(one.get("slug")).casefold()):
                return text(found.get("id")), text(one.get("id"))
        names = ", ".join(text(one.get("name")) for one in listed) or "none: switch discussions on in its settings"
        raise Refused(f"the repository has no category {wanted}; it has {names}")

    def _sent(self, made: Mapping[str, Any], parse: Any) -> Sent:
        try:
            seen: SeenMessage = parse()
        except Unfit as error:
            raise Unsure("GitHub's answer does not say what became of it") from error
        return Sent(seen.remote_id, seen.url, seen)


def numbered(ident: str, prefix: str) -> int:
    """The number in an id of this kind, 0 for others."""
    digits = ident.removeprefix(prefix)
    return int(digits) if digits != ident and digits.isascii() and digits.isdigit() else 0


def _titled(act: Publication) -> tuple[str, str]:
    if act.title:
        return act.title, act.text
    first, _, rest = act.text.partition("\n")
    return first[:256], rest.strip() or act.text
