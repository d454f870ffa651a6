"""What Slack tells by requests (the Events API), each signed with the app's secret."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from folkmoot.networks.base import Batch, Person, Place, Seen, SeenDeletion, SeenReaction, Skipped
from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Answer, Hook
from folkmoot.networks.payload import Unfit, mapping, text
from folkmoot.networks.slack.client import Workspace
from folkmoot.networks.slack.reading import Reader

_OLDEST = timedelta(minutes=5)


def answer(hook: Hook, secret: str) -> Answer:
    """Raises ``Refused``."""
    _check(hook, secret)
    try:
        payload = mapping(json.loads(hook.body))
    except (ValueError, RecursionError):
        return Answer(400, b"This is no JSON.\n", keep=False)
    if payload.get("type") == "url_verification":
        return Answer(body=text(payload.get("challenge")).encode(), keep=False)
    return Answer(key=text(payload.get("event_id")), keep=payload.get("type") == "event_callback")


def _check(hook: Hook, secret: str) -> None:
    """https://docs.slack.dev/authentication/verifying-requests-from-slack"""
    stated = hook.headers.get("x-slack-request-timestamp", "")
    if not secret or not stated.isascii() or not stated.isdigit() or len(stated) > 12:
        raise Refused("this is not signed by Slack")
    if abs(hook.at.timestamp() - int(stated)) > _OLDEST.total_seconds():
        raise Refused("this was signed too long ago")
    signed = hmac.new(secret.encode(), b"v0:" + stated.encode() + b":" + hook.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"v0={signed}".encode(), hook.headers.get("x-slack-signature", "").encode()):
        raise Refused("this is not signed by Slack")


def hear(hook: Hook, workspace: Workspace, reader: Reader) -> Sequence[Batch]:
    try:
        event = mapping(mapping(json.loads(hook.body)).get("event"))
    except (ValueError, RecursionError) as error:
        raise Refused("this is no event of Slack's") from error
    ident = text(event.get("channel")) or text(mapping(event.get("item")).get("channel"))
    if not ident:
        return []
    workspace.learn_of([event])
    place = _place(ident, event, workspace)
    try:
        found = _told(event, place, workspace, reader)
    except Unfit as unfit:
        found = Skipped(unfit.reason, where=place.remote_id)
    if isinstance(found, Skipped):
        return [Batch(place, (), "", more=False, skipped=(found,))]
    return [Batch(place, [found], "", more=False)]


def _place(ident: str, event: Mapping[str, Any], workspace: Workspace) -> Place:
    try:
        return workspace.place(ident)
    except Refused:
        return Place(ident, ident, "direct" if event.get("channel_type") in ("im", "mpim") else "chat")


def _told(event: Mapping[str, Any], place: Place, workspace: Workspace, reader: Reader) -> Seen | Skipped:
    """Raises ``Unfit``."""
    kind, subtype, dates = text(event.get("type")), text(event.get("subtype")), workspace.dates
    at = dates.unix(text(event.get("event_ts")) or text(event.get("ts")))
    if kind in ("reaction_added", "reaction_removed"):
        item, user = mapping(event.get("item")), text(event.get("user"))
        if item.get("type") != "message" or not user:
            raise Unfit("reaction to something else")
        value, person = f":{text(event.get('reaction'))}:", workspace.names.people.get(user) or Person(user)
        return SeenReaction(text(item.get("ts")), at, person, value, taken_back=kind == "reaction_removed")
    if kind != "message":
        raise Unfit("event of another kind")
    if subtype == "message_deleted":
        return SeenDeletion(text(event.get("deleted_ts")), at)
    if subtype == "message_changed":
        return reader.parse(place, mapping(event.get("message")), as_of=at)
    return reader.parse(place, event)
