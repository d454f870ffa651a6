"""Matrix events as network-neutral things seen.

What is said of an event later (reactions, edits, deletions, answers in its thread) are events of their own; they are
gathered into ``Relations`` first, so that each message is given once and in its last state.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from folkmoot.lib.html import to_text
from folkmoot.networks.base import Attachment, AttachmentKind, Person, Reaction, SeenMessage, SeenMove
from folkmoot.networks.payload import Dates, Unfit, count, mapping, text

_MESSAGES = ("m.room.message", "m.sticker")
_FILES: dict[str, AttachmentKind] = {
    "m.image": "image",
    "m.video": "video",
    "m.audio": "audio",
    "m.file": "file",
    "m.sticker": "sticker",
}
_QUOTED_ANSWER = re.compile(r"<mx-reply>.*?(?:</mx-reply>|\Z)", re.DOTALL | re.IGNORECASE)


@dataclass(slots=True)
class Edit:
    at: int
    sender: str
    content: Mapping[str, Any]


@dataclass(slots=True)
class Relations:
    """What events say of other events, by the id of the other; its size is that of these events, not of all."""

    names: dict[str, str] = field(default_factory=dict)
    reactions: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    edits: dict[str, Edit] = field(default_factory=dict)
    redacted: set[str] = field(default_factory=set)
    threads: set[str] = field(default_factory=set)
    rooms: dict[str, str] = field(default_factory=dict)
    _named_at: dict[str, int] = field(default_factory=dict)
    # A reaction is taken back by deleting it: (its id, its target, the emoji, who).
    _given: list[tuple[str, str, str, str]] = field(default_factory=list)

    def note(self, event: Mapping[str, Any]) -> None:
        """Keeps what the event says of others, if anything."""
        content, kind = mapping(event.get("content")), event.get("type")
        relation = relation_of(content)
        target, how = text(relation.get("event_id")), relation.get("rel_type")
        if kind == "m.reaction" and target and text(relation.get("key")):
            self._given.append((text(event.get("event_id")), target, text(relation["key"]), text(event.get("sender"))))
        elif kind == "m.room.redaction":
            self.redacted.add(text(event.get("redacts")) or text(content.get("redacts")))
        elif kind in _MESSAGES and how == "m.replace" and target:
            self._note_edit(target, Edit(count(event.get("origin_server_ts")) or 0, text(event.get("sender")), content))
        elif kind in _MESSAGES and how == "m.thread" and target:
            self.threads.add(target)
        elif kind == "m.room.member" and content.get("membership") == "join" and text(content.get("displayname")):
            self._note_name(text(event.get("state_key")), text(content["displayname"]), event)
        elif kind == "m.room.name":
            self.rooms[text(event.get("room_id"))] = text(content.get("name"))

    def note_bundled(self, event: Mapping[str, Any]) -> None:
        """Keeps what a server tells with an event of others that speak of it: its last edit, and that a thread began."""
        bundled = mapping(mapping(event.get("unsigned")).get("m.relations"))
        edit, ident = mapping(bundled.get("m.replace")), text(event.get("event_id"))
        if mapping(edit.get("content")):
            sent = count(edit.get("origin_server_ts")) or 0
            self._note_edit(ident, Edit(sent, text(edit.get("sender")), mapping(edit["content"])))
        if mapping(bundled.get("m.thread")):
            self.threads.add(ident)

    def settle(self) -> None:
        """Counts the reactions, once all events are noted; one person gives each only once."""
        for ident, target, key, sender in self._given:
            if ident not in self.redacted:
                people = self.reactions.setdefault(target, {}).setdefault(key, [])
                if sender not in people:
                    people.append(sender)
        self._given = []

    def person(self, ident: str) -> Person:
        name = self.names.get(ident) or ident.removeprefix("@").partition(":")[0]
        return Person(ident, name, ident)

    def reactions_to(self, ident: str) -> tuple[Reaction, ...]:
        given = self.reactions.get(ident, {})
        return tuple(Reaction(key, len(who), tuple(self.person(one) for one in who)) for key, who in given.items())

    def _note_name(self, ident: str, name: str, event: Mapping[str, Any]) -> None:
        """The newest name counts; pages of the API begin with it."""
        at = count(event.get("origin_server_ts")) or 0
        if at >= self._named_at.get(ident, 0):
            self.names[ident], self._named_at[ident] = name, at

    def _note_edit(self, target: str, edit: Edit) -> None:
        known = self.edits.get(target)
        if known is None or known.at <= edit.at:
            self.edits[target] = edit


def relation_of(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(content.get("m.relates_to"))


def is_said_of_another(event: Mapping[str, Any]) -> bool:
    """Whether the event only adds to another one, and has been noted there."""
    if event.get("type") in ("m.reaction", "m.room.redaction"):
        return True
    return relation_of(mapping(event.get("content"))).get("rel_type") == "m.replace"


def parse_event(event: Mapping[str, Any], relations: Relations, dates: Dates) -> SeenMessage | SeenMove:
    """A message, or somebody's coming or going. Raises ``Unfit``."""
    kind = event.get("type")
    if not text(event.get("event_id")):
        raise Unfit("no id")
    if kind == "m.room.member":
        return _move(event, relations, dates)
    if kind == "m.room.encrypted":
        raise Unfit("encrypted")
    if kind not in _MESSAGES:
        raise Unfit("service message")
    return _message(event, relations, dates)


def _move(event: Mapping[str, Any], relations: Relations, dates: Dates) -> SeenMove:
    now = mapping(event.get("content")).get("membership")
    unsigned = mapping(event.get("unsigned"))
    before = mapping(unsigned.get("prev_content") or event.get("prev_content")).get("membership")
    member = text(event.get("state_key"))
    if not member:
        raise Unfit("no author")
    came = now == "join" and before != "join"
    # Who declines an invitation or is kept out by a ban was never here.
    went = now in ("leave", "ban") and before not in ("invite", "knock", "leave", "ban")
    if not came and not went:
        raise Unfit("service message")
    return SeenMove(text(event["event_id"]), _date(event, dates), relations.person(member), "join" if came else "leave")


def _message(event: Mapping[str, Any], relations: Relations, dates: Dates) -> SeenMessage:
    ident, sender, content = text(event["event_id"]), text(event.get("sender")), mapping(event.get("content"))
    if not sender:
        raise Unfit("no author")
    if ident in relations.redacted or "redacted_because" in mapping(event.get("unsigned")) or not content:
        raise Unfit("deleted at the network")
    relation = relation_of(content)
    edit = relations.edits.get(ident)
    # Servers let anybody send an edit; it counts only from the author.
    edit = edit if edit and edit.sender == sender else None
    shown = (mapping(edit.content.get("m.new_content")) or edit.content) if edit else content
    kind = "m.sticker" if event.get("type") == "m.sticker" else text(shown.get("msgtype"))
    thread, parent = _where(ident, relation, relations)
    html = _QUOTED_ANSWER.sub("", text(shown.get("formatted_body")))
    author = relations.person(sender)
    return SeenMessage(
        remote_id=ident,
        at=_date(event, dates),
        author=Person(author.remote_id, author.name, author.handle, bot=kind == "m.notice"),
        text=to_text(html) if html else _body(shown, answers=parent is not None, emote=kind == "m.emote"),
        html=html,
        kind=None if thread is None else "post" if thread == ident else "comment",
        thread=thread,
        parent=parent,
        edited_at=dates.unix(edit.at / 1000) if edit else None,
        attachments=_attachments(kind, shown),
        reactions=relations.reactions_to(ident),
        raw=event,
    )


def _where(ident: str, relation: Mapping[str, Any], relations: Relations) -> tuple[str | None, str | None]:
    """The thread and the message answered. In a thread, clients that know none name the last message as answered."""
    answered = text(mapping(relation.get("m.in_reply_to")).get("event_id")) or None
    answered = None if answered == ident else answered
    root = text(relation.get("event_id"))
    if relation.get("rel_type") == "m.thread" and root and root != ident:
        return root, root if relation.get("is_falling_back") or not answered else answered
    return (ident if ident in relations.threads else None), answered


def _body(content: Mapping[str, Any], *, answers: bool, emote: bool) -> str:
    body = text(content.get("body")).strip()
    if answers and body.startswith("> "):
        quoted, _, answer = body.partition("\n\n")
        if all(line.startswith(">") for line in quoted.split("\n")):
            body = answer.strip()
    return f"* {body}" if emote else body


def _attachments(kind: str, content: Mapping[str, Any]) -> tuple[Attachment, ...]:
    if kind not in _FILES:
        return ()
    info = mapping(content.get("info"))
    # In encrypted rooms the address lies with the key.
    url = text(content.get("url")) or text(mapping(content.get("file")).get("url"))
    name = text(content.get("filename")) or text(content.get("body"))
    return (Attachment(_FILES[kind], url, name, text(info.get("mimetype")), count(info.get("size"))),)


def _date(event: Mapping[str, Any], dates: Dates) -> datetime:
    sent = count(event.get("origin_server_ts"))
    if sent is None:
        raise Unfit("no date")
    return dates.unix(sent / 1000)
