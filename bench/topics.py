"""Topics, copies and trends: how long a run over 50 000 messages takes, what memory, and how sure alarms are."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random

from bench.figures import Figure, quantile
from bench.words import LANGUAGES, Vocabulary
from folkmoot.understanding.copies.signature import normal, signatures
from folkmoot.understanding.topics.documents import Documents
from folkmoot.understanding.topics.fitting import fit, place
from folkmoot.understanding.topics.vectors import Vocabulary as Words
from folkmoot.understanding.trends import simulation
from folkmoot.understanding.trends.simulation import Community

MESSAGES, A_CONVERSATION = 50_000, 5
THEMES, THEME_WORDS = 60, 25
SEED = 20
WEEKS, TRIES = 4, 10


def measure(say: Callable[[str], None], *, small: bool = False) -> list[Figure]:
    """The topic run happens in a process of its own, so that its memory is its own too."""
    say("topics …")
    messages = MESSAGES // 10 if small else MESSAGES
    code = f"import django; django.setup(); from bench import topics; print(*topics.run({messages}))"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    seconds, megabytes, covered, placed = map(float, told.split())
    figures = [
        Figure("topics", f"{messages:,} messages: found", seconds, "s", target=180),
        Figure("topics", "memory of that process", megabytes, "MB", target=1000),
        Figure("topics", "conversations with a topic", 100 * covered, "%"),
        Figure("topics", "placed as the whole run did", 100 * placed, "%"),
    ]
    return [*figures, *_copies(small), *_alarms(say, small)]


def _texts(messages: int) -> list[tuple[str, list[str]]]:
    """Conversations of five messages in five languages, each about one of sixty themes."""
    rng = Random(SEED)
    vocabularies = {language: Vocabulary(language, SEED) for language in LANGUAGES}
    themes = [
        (language, rng.sample(vocabularies[language].words[2000:], THEME_WORDS))
        for language, _ in zip(list(LANGUAGES) * THEMES, range(THEMES), strict=False)
    ]
    texts = []
    for _ in range(messages // A_CONVERSATION):
        language, words = rng.choice(themes)
        said = [f"{vocabularies[language].say()} {' '.join(rng.choices(words, k=3))}" for _ in range(A_CONVERSATION)]
        texts.append((" ".join(rng.choices(words, k=2)), said))
    return texts


def run(messages: int) -> tuple[float, float, float, float]:
    """Seconds, megabytes, the share of conversations with a topic, and the share that is placed alike afterwards."""
    texts = _texts(messages)
    began = time.perf_counter()
    documents = Documents()
    for number, (title, said) in enumerate(texts):
        documents.add(number, len(said), title, said)
    words = Words.learn(documents.texts)
    found = fit(documents.texts, words, documents.forms, [None] * len(texts))
    seconds = time.perf_counter() - began
    of = {member: number for number, topic in enumerate(found) for member in topic.members if topic.parent is None}
    roots = [topic for topic in found if topic.parent is None]
    known = [topic.known(number) for number, topic in enumerate(roots)]
    again = place(documents.texts, words, known)
    same = sum(of.get(number) == topic for number, topic in enumerate(again)) / len(again)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return seconds, memory, len(of) / len(texts), same


def _copies(small: bool) -> list[Figure]:
    words = Vocabulary("en", SEED)
    texts = [words.say() for _ in range(4_000 if small else 40_000)]
    began = time.perf_counter()
    signatures([normal(text) for text in texts])
    return [Figure("topics", "signatures of copies", len(texts) / (time.perf_counter() - began), "messages/s")]


def _alarms(say: Callable[[str], None], small: bool) -> list[Figure]:
    say("alarms …")
    kinds = [(60.0, 1.3), (200.0, 1.6), (600.0, 1.3), (120.0, 2.5)][: 1 if small else WEEKS]
    false = [
        simulation.false_alarms(Community(people=people, spread=spread, seed=seed))
        for seed, (people, spread) in enumerate(kinds)
    ]
    figures = [Figure("topics", "false alarms a week", sum(false) / len(false), "", target=1)]
    for an_hour, target in ((10, None), (20, None), (40, 1800.0)):
        delays = [
            simulation.delay(Community(people=400, seed=100 + seed), an_hour, 5.0)
            for seed in range(2 if small else TRIES)
        ]
        figures.append(_found(an_hour, delays, target))
    return figures


def _found(an_hour: int, delays: list[timedelta], target: float | None) -> Figure:
    seconds = [delay.total_seconds() for delay in delays]
    within = Counter(second <= 1800 for second in seconds)[True] / len(seconds)
    return Figure(
        "topics",
        f"five times {an_hour} people an hour found (median)",
        quantile(seconds, 0.5),
        "s",
        target=target,
        detail={"within half an hour": within, "n": len(seconds)},
    )
