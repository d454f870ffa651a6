"""Texts cut into the pieces that the encoder knows: the most probable cut of each word (unigram model, Viterbi)."""

from __future__ import annotations

import unicodedata

UNKNOWN, BEGIN, END = 0, 1, 2
NONE = -1
MARK = "▁"
LONGEST_WORD = 60
REMEMBERED = 200_000


class Pieces:
    """Cuts words into pieces; what a word was cut into is remembered, as most words come again and again."""

    def __init__(self, pieces: list[str], scores: list[float]) -> None:
        self._scores = scores
        # Beginnings of pieces are told from what no piece begins with, where looking further ends
        self._begun = dict.fromkeys((piece[:size] for piece in pieces for size in range(2, len(piece))), NONE)
        self._begun |= {piece: i for i, piece in enumerate(pieces)}
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
        size, scores, begun = len(word), self._scores, self._begun
        best = [0.0] + [-1e30] * size
        last: list[tuple[int, int]] = [(0, UNKNOWN)] * (size + 1)
        for start in range(size):
            stop, before = start + 1, best[start]
            piece = begun.get(word[start], NONE)
            score = before + (self._worst if piece < 0 else scores[piece])
            if score > best[stop]:
                best[stop], last[stop] = score, (start, max(piece, UNKNOWN))
            while stop < size:
                stop += 1
                longer = begun.get(word[start:stop])
                if longer is None:
                    break
                if longer >= 0 and (score := before + scores[longer]) > best[stop]:
                    best[stop], last[stop] = score, (start, longer)
        cut, at = [], size
        while at:
            at, piece = last[at]
            cut.append(piece)
        return tuple(reversed(cut))
