"""Conversations as the words in them: what topics are found from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from folkmoot.lib import bulk
from folkmoot.lib.html import to_text
from folkmoot.lib.lemmas.tokens import fold
from folkmoot.understanding.topics.terms import LINK, terms

TITLE_COUNTS = 3  # times
MOST_MESSAGES = 40  # of a conversation: what it begins with is what it is about
MOST_LETTERS = 2000  # of a message
SHORTEST_NAME = 3
_NOT_OWN = re.compile(r"<(pre|code|blockquote)\b.*?(?:</\1>|\Z)", re.DOTALL)
BUSIEST = 2000  # members whose names are known not to be topics


@dataclass(frozen=True, slots=True)
class Document:
    """``messages`` is how many the conversation had when it was read."""

    conversation_id: int
    messages: int
    terms: Counter[str]


@dataclass(slots=True)
class Documents:
    """Conversations with, of each term, how it was written and how often so."""

    all: list[Document] = field(default_factory=list)
    forms: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def texts(self) -> list[Counter[str]]:
        return [document.terms for document in self.all]

    def add(self, conversation_id: int, messages: int, title: str, said: Iterable[str]) -> None:
        counted: Counter[str] = Counter()
        for weight, text in [(TITLE_COUNTS, title), *((1, text) for text in said)]:
            for key, written in terms(text):
                if key[0] != LINK:
                    counted[key] += weight
                    self.forms.setdefault(key, Counter())[written] += 1
        self.all.append(Document(conversation_id, messages, counted))

    def named(self, names: frozenset[str]) -> frozenset[str]:
        """The terms that stand for people: parts of names, written with a capital nearly always."""
        return frozenset(
            key
            for key, written in self.forms.items()
            if any(fold(form) in names for form in written)
            and sum(count for form, count in written.items() if form[0].isupper()) >= 0.8 * written.total()
        )


def read(conversation_ids: Sequence[int]) -> Documents:
    """These conversations, in no order; what bots said is left out."""
    documents = Documents()
    for conversation_id, messages, title, said, marked_up in bulk.fetch(
        _READ, {"ids": list(conversation_ids), "messages": MOST_MESSAGES, "letters": MOST_LETTERS}
    ):
        documents.add(
            conversation_id,
            messages,
            title,
            [_own_words(text, html) for text, html in zip(said, marked_up, strict=True)],
        )
    return documents


def _own_words(text: str, html: str) -> str:
    """The text without the code and the quotes that the network marked in it."""
    return to_text(_NOT_OWN.sub(" ", html))[:MOST_LETTERS] if html else text


_READ = """
SELECT c.id, c.message_count, c.title, said.texts, said.htmls
FROM conversations_conversation c CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(left(m.text, %(letters)s::int)), '{}') AS texts,
           coalesce(array_agg(CASE WHEN m.html ~ '<(pre|code|blockquote)' THEN left(m.html, 4 * %(letters)s::int)
                                   ELSE '' END), '{}') AS htmls
    FROM (
        SELECT m.text, m.html, m.author_id FROM conversations_message m
        WHERE m.conversation_id = c.id AND m.text <> '' ORDER BY m.at, m.id LIMIT %(messages)s::int
    ) m JOIN members_identity i ON i.id = m.author_id AND NOT i.bot
) said
WHERE c.id = ANY(%(ids)b::bigint[])
"""


def names(workspace_id: int) -> frozenset[str]:
    """The words that the names of the busiest members are made of, folded."""
    rows = bulk.fetch(
        "SELECT name FROM members_member WHERE workspace_id = %s::bigint AND merged_into_id IS NULL"
        " ORDER BY message_count DESC, id DESC LIMIT %s::int",
        [workspace_id, BUSIEST],
    )
    return frozenset(
        word for (name,) in rows for word in fold(name).replace("_", " ").split() if len(word) >= SHORTEST_NAME
    )
