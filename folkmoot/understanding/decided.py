"""What people decided in a workspace, as readings need it: for a message, for the same text, for nearly the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from folkmoot.lib import bulk
from folkmoot.understanding.normal import anchors, nearly, normal, shape

Values = dict[str, str]
"""A value for each facet that was decided."""

_LATEST: dict[int, tuple[object, Decided]] = {}


@dataclass(slots=True)
class Decided:
    """All corrections of a workspace. What is said of the message itself wins over what is said of its text, and that
    over what is said of nearly the same text; of two, the later."""

    of_message: dict[int, Values] = field(default_factory=lambda: defaultdict(dict))
    of_shape: dict[int, Values] = field(default_factory=lambda: defaultdict(dict))
    of_plain: dict[str, Values] = field(default_factory=lambda: defaultdict(dict))
    by_anchor: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def about(self, message_id: int, text: str) -> Mapping[str, str]:
        """What was decided that holds for this message."""
        if not self.of_message and not self.of_shape:
            return {}
        own = self.of_message.get(message_id, {})
        if not self.of_shape:
            return own
        plain = normal(text)
        same = self.of_shape.get(shape(text) or 0, {})
        return {**self._near(plain), **same, **own}

    def _near(self, plain: str) -> Values:
        found: Values = {}
        candidates = {other for anchor in anchors(plain) for other in self.by_anchor.get(anchor, ())}
        for other in sorted(candidates - {plain}):
            if nearly(plain, other):
                found |= self.of_plain[other]
        return found


def decided(workspace_id: int) -> Decided:
    """What is decided now; kept in memory until there is another correction."""
    [state] = bulk.fetch(
        "SELECT count(*), max(id), max(at), count(*) FILTER (WHERE learn) FROM understanding_correction"
        " WHERE workspace_id = %s::bigint",
        [workspace_id],
    )
    known = _LATEST.get(workspace_id)
    if known is not None and known[0] == state:
        return known[1]
    loaded = _load(workspace_id)
    _LATEST[workspace_id] = (state, loaded)
    return loaded


def _load(workspace_id: int) -> Decided:
    rows = bulk.fetch(
        "SELECT message_id, shape, facet, value, text, learn FROM understanding_correction"
        " WHERE workspace_id = %s::bigint ORDER BY at, id",
        [workspace_id],
    )
    found = Decided()
    for message_id, form, facet, value, text, learn in rows:
        if message_id is not None:
            found.of_message[message_id][facet] = value
        if learn and form is not None:
            found.of_shape[form][facet] = value
            plain = normal(text)
            found.of_plain[plain][facet] = value
            for anchor in anchors(plain):
                found.by_anchor[anchor].add(plain)
    return found
