"""What GitHub tells by webhooks, each signed with a secret of ours."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from folkmoot.networks.base import Batch, Place, Seen, SeenDeletion, Skipped
from folkmoot.networks.errors import Moved, Refused
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
    parse_place,
    parse_release,
    parse_remark,
)
from folkmoot.networks.live import Answer, Hook, Tokens
from folkmoot.networks.payload import Unfit, count, mapping, mappings, text

EVENTS = (
    "issues", "issue_comment", "pull_request", "discussion", "discussion_comment", "release", "repository",
)  # fmt: skip
_GONE = frozenset({"deleted", "transferred"})


def answer(hook: Hook, secret: str) -> Answer:
    """Raises ``Refused``."""
    signed = f"sha256={hmac.new(secret.encode(), hook.body, hashlib.sha256).hexdigest()}"
    if not secret or not hmac.compare_digest(signed.encode(), hook.headers.get("x-hub-signature-256", "").encode()):
        raise Refused("this is not signed by GitHub")
    wanted = hook.headers.get("x-github-event", "") in EVENTS
    return Answer(keep=wanted, key=hook.headers.get("x-github-delivery", ""))


def hear(hook: Hook, api: GitHubApi) -> Sequence[Batch]:
    try:
        payload = mapping(json.loads(hook.body))
    except (ValueError, RecursionError) as error:
        raise Refused("this is no event of GitHub's; choose application/json as its content type") from error
    place = parse_place(mapping(payload.get("repository")))
    if place is None:
        return []
    event = hook.headers.get("x-github-event", "")
    if event == "repository":
        _renamed(payload, place)
        return []
    try:
        return [Batch(place, [_told(event, payload, hook, api)], "", more=False)]
    except Unfit as unfit:
        return [Batch(place, (), "", more=False, skipped=(Skipped(unfit.reason, where=place.remote_id),))]


def _renamed(payload: Mapping[str, Any], place: Place) -> None:
    old = text(mapping(mapping(mapping(payload.get("changes")).get("repository")).get("name")).get("from"))
    owner = place.remote_id.partition("/")[0]
    if payload.get("action") == "renamed" and old:
        was = f"{owner}/{old.lower()}"
        raise Moved("the repository has another name now", remote_id=place.remote_id, was=was)


def _told(event: str, payload: Mapping[str, Any], hook: Hook, api: GitHubApi) -> Seen:
    """Raises ``Unfit``."""
    action, me, dates = text(payload.get("action")), api.me(), api.dates
    issue = mapping(payload.get("issue")) or mapping(payload.get("pull_request"))
    comment, topic = mapping(payload.get("comment")), mapping(payload.get("discussion"))
    release = mapping(payload.get("release"))
    if action in _GONE:
        ident = {
            "issues": f"{ISSUE}{text(issue.get('number'))}",
            "issue_comment": f"{COMMENT}{text(comment.get('id'))}",
            "discussion": f"{DISCUSSION}{text(topic.get('number'))}",
            "discussion_comment": f"{REMARK}{text(comment.get('node_id'))}",
            "release": f"{RELEASE}{text(release.get('id'))}",
        }.get(event, "")
        if ident.endswith("-") or not ident:
            raise Unfit("no id")
        return SeenDeletion(ident, hook.at)
    if event in ("issues", "pull_request"):
        return parse_issue(issue, me, dates, edited=action == "edited")
    if event == "issue_comment":
        return parse_comment(comment, me, dates)
    if event == "discussion":
        return parse_discussion(_edited(topic, action), me, dates)
    if event == "discussion_comment":
        above = {"replyTo": {"id": _above(api, comment)}} if count(comment.get("parent_id")) else {}
        return parse_remark({**_edited(comment, action), **above}, count(topic.get("number")) or 0, me, dates)
    if event == "release":
        return parse_release(release, me, dates)
    raise Unfit("event of another kind")


def _edited(node: Mapping[str, Any], action: str) -> Mapping[str, Any]:
    return {**node, "lastEditedAt": node.get("updated_at")} if action == "edited" else node


def _above(api: GitHubApi, comment: Mapping[str, Any]) -> str:
    """Webhooks name what an answer answers by a number that nothing else takes."""
    query = "query($id: ID!) { node(id: $id) { ... on DiscussionComment { replyTo { id } } } }"
    with suppress(Gone):
        node = mapping(api.ask(query, id=text(comment.get("node_id"))).get("node"))
        return text(mapping(node.get("replyTo")).get("id"))
    return ""


def subscribe(api: GitHubApi, url: str, places: Sequence[Place]) -> Tokens:
    secret = api.access.secrets.get("hook_secret") or secrets.token_urlsafe(32)
    config = {"url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0"}
    wanted = {"name": "web", "active": True, "events": list(EVENTS), "config": config}
    for place in places:
        if known := _hook(api, place, url):
            api.act(place, f"hooks/{known}", method="PATCH", json=wanted)
        else:
            api.act(place, "hooks", json=wanted)
    return Tokens({"hook_secret": secret}, {"hooked": " ".join(place.remote_id for place in places)})


def unsubscribe(api: GitHubApi, url: str) -> None:
    for name in api.access.settings.get("hooked", "").split():
        place = Place(name, name, "forum")
        with suppress(Gone):
            if known := _hook(api, place, url):
                api.act(place, f"hooks/{known}", method="DELETE")


def _hook(api: GitHubApi, place: Place, url: str) -> int:
    found = mappings(api.read(f"{repository(place)}/hooks", {"per_page": 100}).data)
    return next((count(one.get("id")) or 0 for one in found if text(mapping(one.get("config")).get("url")) == url), 0)
