"""A text as PostgreSQL's tsvector: every word in its own form and by its lemmas."""

from __future__ import annotations

from folkmoot.lib.lemmas.languages import candidates
from folkmoot.lib.lemmas.lexemes import LEARNT_CYRILLIC, LEARNT_LATIN
from folkmoot.lib.lemmas.tokens import RUN

LAST_POSITION = 16_383  # PostgreSQL's largest position
MOST_POSITIONS = 255  # of one lexeme, PostgreSQL's limit
LARGEST = 1_000_000  # bytes; PostgreSQL refuses 2**20, and the text is never shorter than what it is stored as

_CYRILLIC = "\u0400"  # runs that sort before it begin in Latin
_AT = [f":{position}" for position in range(LAST_POSITION + 1)]
_AND_AT = [f",{position}" for position in range(LAST_POSITION + 1)]


def vector(text: str, limit: int = LAST_POSITION) -> str:
    """The text of a tsvector of a text's first ``limit`` words (at most 16 383)."""
    found = RUN.findall(text)
    literal = _literal(text, found, min(limit, LAST_POSITION))
    while len(literal) * 4 > LARGEST and len(literal.encode()) > LARGEST:
        found = found[: len(found) // 2]
        literal = _literal(text, found, LAST_POSITION)
    return literal


def _literal(text: str, found: list[str], limit: int) -> str:
    latin_bits, cyrillic_bits = candidates(text, found)
    latin, cyrillic = LEARNT_LATIN[latin_bits], LEARNT_CYRILLIC[cyrillic_bits]
    places: dict[str, str] = {}
    position = 0
    for run in found:
        for step in latin[run] if run < _CYRILLIC else cyrillic[run]:
            if position == limit:
                return joined(places)
            position += 1
            for lexeme in step:
                if lexeme in places:
                    places[lexeme] += _AND_AT[position]
                else:
                    places[lexeme] = lexeme + _AT[position]
    return joined(places)


def joined(places: dict[str, str]) -> str:
    return " ".join([_few(entry) if len(entry) > MOST_POSITIONS else entry for entry in places.values()])


def _few(entry: str) -> str:
    """An entry with no more positions than PostgreSQL keeps; a comma may also stand in the lexeme's quotes."""
    lexeme, _, positions = entry.rpartition(":")
    return f"{lexeme}:{','.join(positions.split(',')[:MOST_POSITIONS])}"
