"""Short labelled texts to learn languages from: what people write, translated interfaces, and likely words."""

from __future__ import annotations

import csv
import hashlib
import random
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import wordfreq

from folkmoot.understanding.reading.language_grams import letters
from folkmoot.understanding.reading.prepare import prepare
from training.languages import latin

OURS = ("en", "ru", "uk", "pl", "et")
NEIGHBOURS = ("be", "bg", "fi", "lv", "lt")
OTHERS = (
    "cs",
    "sk",
    "sl",
    "hr",
    "sv",
    "da",
    "nb",
    "de",
    "nl",
    "fr",
    "es",
    "pt",
    "it",
    "ro",
    "hu",
    "tr",
    "mk",
    "sr",
    "kk",
)
REST = ("ca", "gl", "eu", "id", "vi", "sq", "is", "eo", "af", "ga", "cy")
REST_CODE = "unknown"
TRANSLITERATED = {"ru": "ru-Latn", "uk": "uk-Latn"}
CYRILLIC = ("ru", "uk", "be", "bg", "mk", "sr", "kk")
LATIN = (
    *[code for code in (*OURS, *NEIGHBOURS, *OTHERS) if code not in CYRILLIC],
    *TRANSLITERATED.values(),
    REST_CODE,
)

COMMON = 40_000  # words of a language
DEV_SHARE = 0.15
SHORT = 40
SIZES = dict.fromkeys(OURS, 50_000) | dict.fromkeys(NEIGHBOURS, 40_000) | dict.fromkeys(OTHERS, 15_000)
SIZES |= {"ru-Latn": 20_000, "uk-Latn": 15_000, REST_CODE: 25_000}
SIZES |= {code: 3 * SIZES[code] for code in CYRILLIC}  # few languages, but close ones
DEV_PACKAGES = {"pidgin-data", "hexchat-common", "minetest-data", "tuxpaint-data"}
_FILES = ("sentiment", "sentiment_from_emotion", "emotion", "toxicity", "spam", "intent", "feedback_type")
_WORDFREQ = {"sr": None, "hr": "sh", "et": None, "be": None, "kk": None}
_STROKES = str.maketrans({"ł": "l", "đ": "d", "ø": "o"})
_RUSSIAN_LETTERS, _UKRAINIAN_LETTERS = re.compile("[ыэъё]"), re.compile("[іїєґ]")


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of one language by where they are from; each is letters and spaces only."""

    social: dict[str, list[str]]
    interface: dict[str, list[str]]


def script_of(language: str) -> str:
    return "Cyrl" if language in CYRILLIC else "Latn"


def gather(data: Path, cache: Path) -> dict[str, Texts]:
    """All texts by language; what people wrote by source, interfaces by package."""
    texts: dict[str, Texts] = defaultdict(lambda: Texts(defaultdict(list), defaultdict(list)))
    seen: set[str] = set()
    for language, source, text in social(data):
        plain = letters(prepare(text).words, script_of(language))
        if plain and plain not in seen and not mislabelled(language, plain):
            seen.add(plain)
            texts[language].social[source].append(plain)
    with (cache / "texts.tsv").open(encoding="utf-8") as rows:
        for row in rows:
            package, language, text = row.rstrip("\n").split("\t", 2)
            texts[REST_CODE if language in REST else language].interface[package].append(
                letters(text.lower(), script_of(language))
            )
    return {language: Texts(dict(each.social), dict(each.interface)) for language, each in texts.items()}


def social(data: Path) -> Iterator[tuple[str, str, str]]:
    for name in _FILES:
        with (data / "train" / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                yield row["lang"], row["source"], row["text"]


def mislabelled(language: str, text: str) -> bool:
    """A text in the other of Russian and Ukrainian, by letters that only that one has."""
    if language == "uk":
        return bool(_RUSSIAN_LETTERS.search(text)) and not _UKRAINIAN_LETTERS.search(text)
    return language == "ru" and bool(_UKRAINIAN_LETTERS.search(text)) and not _RUSSIAN_LETTERS.search(text)


def in_dev(text: str) -> bool:
    """Whether a text stands aside for the development split; near repeats, by their first letters, stand together."""
    return int(hashlib.sha256(text[:24].encode()).hexdigest()[:8], 16) / 0xFFFFFFFF < DEV_SHARE


def windows(texts: Iterable[str], count: int, chance: random.Random) -> list[str]:
    """Short pieces of texts at random: whole words, mostly up to ``SHORT`` letters, some longer."""
    split = [words for text in texts if (words := text.split())]
    pieces = []
    for _ in range(count if split else 0):
        words = chance.choice(split)
        size = chance.choice((1, 2, 3, 4, 5, 6, 7, 8, 12, 20, 40))
        start = chance.randrange(max(1, len(words) - size + 1)) if chance.random() < 0.6 else 0
        pieces.append(" ".join(words[start : start + size]))
    return pieces


def likely_words(language: str, count: int, chance: random.Random) -> list[str]:
    """Rows of words drawn by how common they are."""
    code = _WORDFREQ.get(language, language)
    if code is None or language == REST_CODE or language in TRANSLITERATED.values():
        return []
    script = script_of(language)
    top = dict(islice(wordfreq.get_frequency_dict(code).items(), COMMON))
    common = [word for word in top if letters(word, script) == word]
    weights = np.array([top[word] for word in common]) ** 0.8
    drawn = np.random.default_rng(chance.randrange(1 << 30)).choice(
        len(common), size=count * 5, p=weights / weights.sum()
    )
    rows, place = [], 0
    for _ in range(count):
        size = chance.randint(1, 8)
        rows.append(" ".join(common[number] for number in drawn[place : place + size]))
        place += size if place + 16 < len(drawn) else -place
    return rows


def bare(text: str) -> str:
    """A text typed without the marks on its letters."""
    return "".join(c for c in unicodedata.normalize("NFD", text.translate(_STROKES)) if not unicodedata.combining(c))


def training(texts: dict[str, Texts], without: frozenset[str], seed: int) -> dict[str, list[str]]:
    """Pieces to learn from by class; ``without`` are sources and packages left out."""
    samples: dict[str, list[str]] = {}
    for language in (*OURS, *NEIGHBOURS, *OTHERS, REST_CODE):
        chance = random.Random(f"{seed} {language}")
        size, own = SIZES[language], texts[language]
        social = [t for source, rows in own.social.items() if source not in without for t in rows if not in_dev(t)]
        interface = [
            t for package, rows in own.interface.items() if package not in without | DEV_PACKAGES for t in rows
        ]
        likely = likely_words(language, size // 4, chance)
        many = windows(social, int(size * 0.5), chance)
        samples[language] = many + likely + windows(interface, size - len(many) - len(likely), chance)
        if language not in CYRILLIC and language != "en":
            samples[language] = [bare(text) if chance.random() < 0.2 else text for text in samples[language]]
        if language in TRANSLITERATED:
            pieces = windows(social, SIZES[TRANSLITERATED[language]], chance)
            samples[TRANSLITERATED[language]] = [latin.written(text, latin.scheme(language, chance)) for text in pieces]
    return samples


def development(texts: dict[str, Texts], only: frozenset[str], seed: int) -> list[tuple[str, str, str]]:
    """Language, source and text up to ``SHORT`` characters of rows that stood aside; of ``only`` all rows."""
    chance = random.Random(seed)
    rows = []
    for language in (*OURS, *NEIGHBOURS, *OTHERS):
        for source, kept in texts[language].social.items():
            chosen = [t for t in kept if source in only or (not only and in_dev(t))]
            rows += [(language, source, _cut(text)) for text in chance.sample(chosen, min(2000, len(chosen)))]
        if language not in OURS:
            interface = [t for package in DEV_PACKAGES for t in texts[language].interface.get(package, ())]
            rows += [(language, "interface", _cut(t)) for t in chance.sample(interface, min(2000, len(interface)))]
    return [row for row in rows if len(row[2]) > 2]


def _cut(text: str) -> str:
    return text if len(text) <= SHORT else text[: SHORT + 1].rpartition(" ")[0] or text[:SHORT]
