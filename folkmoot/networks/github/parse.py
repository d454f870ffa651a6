"""What GitHub's REST API, its GraphQL API and its webhooks give, as network-neutral things seen.

A repository is a place; an issue, pull request, discussion or release in it is a thread. Ids of messages say what they
are: ``issue-5`` and ``discussion-7`` by their numbers, ``comment-9`` and ``release-3`` by GitHub's ids, comments of
discussions by GitHub's node ids, which every act on them needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from folkmoot.networks.base import Person, Place, Reaction, SeenMessage
from folkmoot.networks.payload import Dates, Unfit, count, mapping, mappings, text, web_address

ISSUE, COMMENT, RELEASE = "issue-", "comment-", "release-"
DISCUSSION, REMARK = "discussion-", "remark-"
GHOST = Person("10137", "Ghost", "Ghost")  # github.com/ghost
_EMOJI = {
    "+1": "👍", "-1": "👎", "laugh": "😄", "confused": "😕", "heart": "❤️", "hooray": "🎉", "rocket": "🚀", "eyes": "👀",
}  # fmt: skip
_NAMED = {
    "THUMBS_UP": "👍", "THUMBS_DOWN": "👎", "LAUGH": "😄", "CONFUSED": "😕", "HEART": "❤️", "HOORAY": "🎉", "ROCKET": "🚀",
    "EYES": "👀",
}  # fmt: skip


def parse_place(repository: Mapping[str, Any]) -> Place | None:
    name = text(repository.get("full_name"))
    return Place(name.lower(), name, "forum", web_address(repository.get("html_url"))) if name else None


def parse_person(user: Mapping[str, Any]) -> Person:
    """Who has deleted their account is GitHub's ghost."""
    login, ident = text(user.get("login")), text(user.get("id") or user.get("databaseId"))
    if not login:
        return GHOST
    avatar = web_address(user.get("avatar_url")) or web_address(user.get("avatarUrl"))
    bot = user.get("type") == "Bot" or user.get("__typename") == "Bot"
    return Person(ident or login.lower(), text(user.get("name")) or login, login, bot, avatar)


def parse_issue(issue: Mapping[str, Any], me: str, dates: Dates, *, edited: bool = False) -> SeenMessage:
    """An issue or a pull request. ``edited`` tells that its words were: the time of change alone does not. Raises ``Unfit``."""
    number = count(issue.get("number"))
    if not number:
        raise Unfit("no id")
    changed = dates.iso(issue.get("updated_at") or issue.get("created_at"))
    author = parse_person(mapping(issue.get("user")))
    return SeenMessage(
        remote_id=f"{ISSUE}{number}",
        at=dates.iso(issue.get("created_at")),
        author=author,
        text=text(issue.get("body")),
        kind="post",
        thread=f"{ISSUE}{number}",
        thread_title=text(issue.get("title")),
        edited_at=changed if edited else None,
        url=web_address(issue.get("html_url")),
        ours=author.handle.lower() == me.lower(),
        reactions=tuple(_totals(mapping(issue.get("reactions")))),
        as_of=changed,
        raw=issue,
    )


def parse_comment(comment: Mapping[str, Any], me: str, dates: Dates) -> SeenMessage:
    """A comment to an issue or a pull request. Raises ``Unfit``."""
    ident, issue = count(comment.get("id")), text(comment.get("issue_url")).rpartition("/")[2]
    if not ident or not issue.isdigit():
        raise Unfit("no id")
    at, changed = (
        dates.iso(comment.get("created_at")),
        dates.iso(comment.get("updated_at") or comment.get("created_at")),
    )
    author = parse_person(mapping(comment.get("user")))
    return SeenMessage(
        remote_id=f"{COMMENT}{ident}",
        at=at,
        author=author,
        text=text(comment.get("body")),
        kind="comment",
        thread=f"{ISSUE}{issue}",
        parent=f"{ISSUE}{issue}",
        edited_at=changed if changed > at else None,
        url=web_address(comment.get("html_url")),
        ours=author.handle.lower() == me.lower(),
        reactions=tuple(_totals(mapping(comment.get("reactions")))),
        as_of=changed,
        raw=comment,
    )


def parse_release(release: Mapping[str, Any], me: str, dates: Dates) -> SeenMessage:
    """Raises ``Unfit``: a draft is not out yet."""
    ident = count(release.get("id"))
    if not ident:
        raise Unfit("no id")
    if release.get("draft") is True:
        raise Unfit("draft")
    author = parse_person(mapping(release.get("author")))
    at = dates.iso(release.get("published_at") or release.get("created_at"))
    return SeenMessage(
        remote_id=f"{RELEASE}{ident}",
        at=at,
        author=author,
        text=text(release.get("body")),
        kind="post",
        thread=f"{RELEASE}{ident}",
        thread_title=text(release.get("name")) or text(release.get("tag_name")),
        url=web_address(release.get("html_url")),
        ours=author.handle.lower() == me.lower(),
        reactions=tuple(_totals(mapping(release.get("reactions")))),
        as_of=dates.iso(release["updated_at"]) if release.get("updated_at") else at,
        raw=release,
    )


def parse_discussion(node: Mapping[str, Any], me: str, dates: Dates) -> SeenMessage:
    """Of GraphQL or of a webhook, which name the same things differently. Raises ``Unfit``."""
    number = count(node.get("number"))
    if not number:
        raise Unfit("no id")
    return _discussed(node, f"{DISCUSSION}{number}", f"{DISCUSSION}{number}", "", me, dates)


def parse_remark(node: Mapping[str, Any], number: int, me: str, dates: Dates) -> SeenMessage:
    """A comment in a discussion, or an answer to one. Raises ``Unfit``."""
    ident = text(node.get("node_id")) or text(node.get("id"))
    if not ident:
        raise Unfit("no id")
    above = mapping(node.get("replyTo"))
    parent = f"{REMARK}{text(above.get('id'))}" if text(above.get("id")) else f"{DISCUSSION}{number}"
    return _discussed(node, f"{REMARK}{ident}", f"{DISCUSSION}{number}", parent, me, dates)


def _discussed(node: Mapping[str, Any], ident: str, thread: str, parent: str, me: str, dates: Dates) -> SeenMessage:
    at = dates.iso(node.get("createdAt") or node.get("created_at"))
    edited = node.get("lastEditedAt")
    changed = dates.iso(edited or node.get("updatedAt") or node.get("updated_at") or at.isoformat())
    author = parse_person(mapping(node.get("author")) or mapping(node.get("user")))
    kind = "post" if not parent else "comment" if parent == thread else "reply"
    return SeenMessage(
        remote_id=ident,
        at=at,
        author=author,
        text=text(node.get("body")),
        kind=kind,  # type: ignore[arg-type]
        thread=thread,
        thread_title=text(node.get("title")),
        parent=parent or None,
        edited_at=dates.iso(edited) if edited else None,
        url=web_address(node.get("url")) if node.get("createdAt") else web_address(node.get("html_url")),
        ours=author.handle.lower() == me.lower(),
        reactions=(*_groups(node), *_totals(mapping(node.get("reactions")))),
        as_of=changed,
        raw=node,
    )


def _totals(given: Mapping[str, Any]) -> Iterator[Reaction]:
    for name, value in _EMOJI.items():
        if number := count(given.get(name)):
            yield Reaction(value, number)


def _groups(node: Mapping[str, Any]) -> Iterator[Reaction]:
    for group in mappings(node.get("reactionGroups")):
        number = count(mapping(group.get("reactors")).get("totalCount"))
        value = _NAMED.get(text(group.get("content")))
        if value and number:
            yield Reaction(value, number)
