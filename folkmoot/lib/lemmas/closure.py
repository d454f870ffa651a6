"""Forms that a dictionary lists under one word only, though they belong to a second one as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

ADDITIONS = Path(__file__).parent / "additions.txt"

Pairs = Iterator[tuple[str, str]]

# Of an adjective: (headword's ending, an ending only adjectives of this kind have, all the endings).
_ADJECTIVES = {
    "pl": (
        ("y", "ego", "y a e ą ego ej emu ym ych ymi"),
        ("i", "iego", "i a ia ie ią iego iej iemu im ich imi"),
    ),
    "ru": (
        ("ый", "ого", "ый ая ое ые ого ой ому ую ым ых ыми ом"),
        ("ой", "ого", "ой ая ое ые ие ого ому ую ым им ых их ыми ими ом"),
        ("ий", "ого", "ий ая ое ие ого ой ому ую им их ими ом"),
        ("ий", "его", "ий яя ее ие его ей ему юю им их ими ем"),
    ),
    "uk": (
        ("ий", "ого", "ий а е і ого ої ому ій у ою им их ими"),
        ("ій", "ього", "ій я є і ього ьої ьому ю ьою ім іх іми"),
    ),
}
_NO_VERBS = frozenset({"evening", "during", "morning", "ceiling", "sterling", "offing", "string", "outing", "being"})


def additions(language: str) -> Pairs:
    """(form, lemma) pairs that are written down for a language."""
    for line in ADDITIONS.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            of, head, *listed = line.split()
            if of == language:
                yield from ((form, head) for form in listed)


def adjectives(language: str, dictionary: Mapping[str, str]) -> Pairs:
    """All regular forms of every adjective: *nowa*, listed as a noun, is also a form of *nowy*."""
    for head, lemma in dictionary.items():
        if head != lemma:
            continue
        for ending, telling, endings in _ADJECTIVES[language]:
            stem = head.removesuffix(ending)
            if stem != head and dictionary.get(stem + telling) == head:
                for each in endings.split():
                    if dictionary.get(stem + each, head) != head:
                        yield stem + each, head


def estonian_participles(dictionary: Mapping[str, str]) -> Pairs:
    """*kirjutanud* and *kirjutatud*, listed as adjectives, are also forms of *kirjutama*."""
    for verb, lemma in dictionary.items():
        if verb == lemma and verb.endswith("ma") and len(verb) > 4:
            for ending in ("nud", "tud"):
                yield verb[:-2] + ending, verb


def english_gerunds(dictionary: Mapping[str, str]) -> Pairs:
    """*running*, listed as a noun, is also a form of *run*."""
    for word, lemma in dictionary.items():
        if word != lemma or not word.endswith("ing") or len(word) < 6 or word in _NO_VERBS:
            continue
        stem = word[:-3]
        undoubled = stem[:-1] if stem[-1] == stem[-2] else stem
        for verb in (stem, f"{stem}e", undoubled):
            if dictionary.get(verb) == verb and dictionary.get(f"{verb}s") == verb:
                yield word, verb
                break


_FINDERS: dict[str, Callable[[Mapping[str, str]], Pairs]] = {"et": estonian_participles, "en": english_gerunds}


def second_words(language: str, dictionary: Mapping[str, str]) -> Pairs:
    """(form, lemma) pairs to add to what a dictionary lists."""
    yield from additions(language)
    if language in _ADJECTIVES:
        yield from adjectives(language, dictionary)
    else:
        yield from _FINDERS[language](dictionary)
