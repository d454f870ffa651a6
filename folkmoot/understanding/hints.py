"""What else is known of messages, for what the reader can't tell: what the language model said, and the mood of slang."""

from __future__ import annotations

from collections.abc import Mapping

from folkmoot.understanding.assistant.queries import opinions
from folkmoot.understanding.vocabulary.queries import moods


def hints(workspace_id: int, texts: Mapping[int, str]) -> dict[int, dict[str, str]]:
    """A value for each facet that something is known of, by message id; ``texts`` are the messages, by id.

    The language model read the whole message, and knew the slang: what it says comes first.
    """
    found = opinions(list(texts))
    known = moods(workspace_id)
    for id_, text in texts.items() if known else ():
        if mood := known.of(text):
            found[id_] = {"sentiment": mood, **found.get(id_, {})}
    return found
