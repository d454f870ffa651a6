"""What pages show of the language model and of what it wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence

from folkmoot.conversations.models import Conversation, Message
from folkmoot.lib import bulk
from folkmoot.understanding.assistant.models import Assistant, Summary
from folkmoot.understanding.vocabulary.queries import slang
from folkmoot.workspaces.models import Workspace

MOST_WORDS = 60  # of the community's own, told to the model
MOST_MESSAGES = 1000  # of a thread


def assistant_of(workspace: Workspace) -> Assistant | None:
    return Assistant.objects.select_related("workspace", "agreed_by").filter(workspace=workspace).first()


def summary_of(conversation: Conversation, language: str) -> Summary | None:
    return Summary.objects.select_related("ordered_by").filter(conversation=conversation, language=language).first()


def opinions(message_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """What the model said of these messages as they are now, by their ids; those it said nothing of are left out."""
    rows = bulk.fetch(
        "SELECT o.message_id, o.values FROM understanding_opinion o JOIN conversations_message m ON m.id = o.message_id"
        " WHERE o.message_id = ANY(%b::bigint[]) AND o.digest = md5(m.text) AND o.values <> '{}'::jsonb",
        [list(message_ids)],
    )
    return {id_: json.loads(values) if isinstance(values, str) else values for id_, values in rows}


def glossary(workspace_id: int) -> dict[str, str]:
    """The community's slang with what it means."""
    feelings = {"neg": "said in anger or contempt", "pos": "said in a friendly way", "neu": ""}
    told = {
        entry.word: "; ".join(filter(None, (entry.meaning, feelings.get(entry.sentiment, ""))))
        for entry in slang(workspace_id)[:MOST_WORDS]
    }
    return {word: meaning for word, meaning in told.items() if meaning}


def thread(conversation: Conversation) -> list[Message]:
    """The messages of a conversation that still have words, oldest first; of a very long one the newest."""
    rows = Message.objects.filter(conversation=conversation, deleted_at=None).exclude(text="")
    newest = rows.select_related("author__member").only(
        "text", "author__name", "author__handle", "author__remote_id", "author__member__name"
    )
    return list(newest.order_by("-at", "-id")[:MOST_MESSAGES])[::-1]


def people(messages: Sequence[Message]) -> tuple[dict[int, int], list[list[str]]]:
    """The place of each author, by the identity's id, in a list of people, each with the names they go by."""
    places: dict[int, int] = {}
    names: list[list[str]] = []
    for message in messages:
        author = message.author
        if author.pk not in places:
            places[author.pk] = len(names)
            known = (author.name, author.member.name, author.handle, author.remote_id)
            names.append([name for name in dict.fromkeys(known) if name])
    return places, names
