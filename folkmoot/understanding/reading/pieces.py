"""Texts cut into the pieces that the encoder knows: the most probable cut of each word (unigram model, Viterbi)."""

from __future__ import annotations

import unicodedata

UNKNOWN, BEGIN, END = 0, 1, 2
MARK = "▁"
LONGEST_WORD = 60
REMEMBERED = 200_000


class Pieces:
    """Cuts words into pieces; what a word was cut into is remembered, as most words come again and again."""

    def __init__(self, pieces: list[str], scores: list[float]) -> None:
        self._scores = scores
        self._known: dict[str, int] = {piece: i for i, piece in enumerate(pieces)}
        self._longest = max(map(len, pieces))
        self._worst = min(scores) - 10.0
        self._seen: dict[str, tuple[int, ...]] = {}

    def numbers(self, text: str, most: int, last: int) -> list[int]:
        """The numbers of the pieces of a text as ``features.said`` between the marks of beginning and end.

        Of a text with more than ``most`` of them, its beginning and the ``last`` ones: what matters stands at the ends.
        """
        words = unicodedata.normalize("NFKC", text).split()
        if len(words) > 2 * most:
            words = [*words[:most], *words[-most:]]
        found = [BEGIN]
        for word in words:
            cut = self._seen.get(word)
            found.extend(self._remember(word) if cut is None else cut)
        found.append(END)
        return found if len(found) <= most else [*found[: most - last], *found[-last:]]

    def _remember(self, word: str) -> tuple[int, ...]:
        if len(self._seen) >= REMEMBERED:
            self._seen.clear()
        self._seen[word] = cut = self._cut(MARK + word[:LONGEST_WORD])
        return cut

    def _cut(self, word: str) -> tuple[int, ...]:
        best = [0.0] + [-1e30] * len(word)
        last: list[tuple[int, int]] = [(0, UNKNOWN)] * (len(word) + 1)
        for start in range(len(word)):
            for stop in range(start + 1, min(len(word), start + self._longest) + 1):
                piece = self._known.get(word[start:stop])
                if piece is None and stop > start + 1:
                    continue
                score = best[start] + (self._worst if piece is None else self._scores[piece])
                if score > best[stop]:
                    best[stop], last[stop] = score, (start, UNKNOWN if piece is None else piece)
        cut, at = [], len(word)
        while at:
            at, piece = last[at]
            cut.append(piece)
        return tuple(reversed(cut))
