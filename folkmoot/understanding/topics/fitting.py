"""From texts to topics: all anew, warm from what there was, or only what is new, placed among what there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from folkmoot.understanding.topics import clusters, naming
from folkmoot.understanding.topics.matching import match
from folkmoot.understanding.topics.naming import Forms
from folkmoot.understanding.topics.vectors import Labels, Matrix, Vocabulary, centres, matrix, nearest

PLACED = 0.12  # cosine to a topic's centre from which a text is of it
OPENS = 12  # texts without a topic that must be alike for a new topic between two whole runs
COHERENT = 0.28  # mean cosine to the centre that such a new topic needs
STAYS = 0.5  # a text changes its topic in a whole run only if its own is this much less near than the new one
CENTRE = 60  # words kept of a centre


@dataclass(frozen=True, slots=True)
class Known:
    """A topic that is there already. ``fixed``: a person had a hand in it, so it is left as it is."""

    id: int
    parent: int | None
    centre: Mapping[str, float]
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as the texts show it. ``id`` is that of the topic it carries on, None for a new one; ``parent`` and
    ``members`` are numbers in the list of what was found and of the texts."""

    id: int | None
    parent: int | None
    name: str
    centre: dict[str, float]
    members: tuple[int, ...]
    typical: int

    def known(self, id_: int) -> Known:
        """As what it is from now on, under this id; for a topic that is part of no other."""
        return Known(id_, None, self.centre)


def fit(
    texts: Sequence[Mapping[str, int]], vocabulary: Vocabulary, forms: Forms, before: Sequence[int | None],
    known: Sequence[Known] = (),
) -> list[Found]:  # fmt: skip
    """Topics of all texts, parents before their parts. ``before`` is each text's topic so far, the finest one.

    Texts of fixed topics, and texts nearest to one of those, are left out.
    """
    rows = vocabulary.vectors(texts)
    held = _held(rows, vocabulary, before, known)
    free = np.array([number for number in range(len(texts)) if number not in held], np.int64)
    if not len(free):
        return []
    above = {topic.id: topic.parent for topic in known}
    was = [before[number] for number in free]
    roots = [above.get(topic) or topic if topic is not None else None for topic in was]
    leaves = [_leaf(topic, above) for topic in was]
    labels = clusters.cluster(rows[free], start=_numbers(roots))
    divided, parent = clusters.divide(rows[free], labels, start=_numbers(leaves))
    carried = match(roots, labels) | {part: topic for part, topic in match(leaves, divided).items() if part in parent}
    divided = _stay(rows[free], divided, was, {topic: number for number, topic in carried.items()}, above)
    labels = np.array([parent.get(label, label) for label in divided.tolist()], np.int64)
    found = [
        _found(rows, vocabulary, forms, free[np.flatnonzero(labels == number)])
        for number in range(int(labels.max(initial=-1)) + 1)
    ]
    found += [
        _found(rows, vocabulary, forms, free[np.flatnonzero(divided == part)], within=free[labels == parent[part]])
        for part in sorted(parent)
    ]
    return [replace(topic, id=carried.get(number), parent=parent.get(number)) for number, topic in enumerate(found)]


def place(texts: Sequence[Mapping[str, int]], vocabulary: Vocabulary, known: Sequence[Known]) -> list[int | None]:
    """Of each text the topic whose centre is nearest, None where none is near enough."""
    chosen = nearest(vocabulary.vectors(texts), _centres(vocabulary, known), at_least=PLACED)
    return [known[number].id if number >= 0 else None for number in chosen]


def fresh(texts: Sequence[Mapping[str, int]], vocabulary: Vocabulary, forms: Forms) -> list[Found]:
    """New topics among texts that have none, where enough of them are alike."""
    if len(texts) < OPENS:
        return []
    rows = vocabulary.vectors(texts)
    labels = clusters.cluster(rows, support=OPENS)
    found = (np.flatnonzero(labels == number) for number in range(int(labels.max(initial=-1)) + 1))
    return [_found(rows, vocabulary, forms, members) for members in found if _cohesion(rows[members]) >= COHERENT]


def parts(texts: Sequence[Mapping[str, int]], vocabulary: Vocabulary, forms: Forms) -> list[Found]:
    """What a topic falls into when a person asks for it; fewer than two where it is all of a piece."""
    rows = vocabulary.vectors(texts)
    labels = clusters.cluster(rows, support=max(clusters.SUPPORT, len(texts) // 20))
    found = (np.flatnonzero(labels == number) for number in range(int(labels.max(initial=-1)) + 1))
    return [_found(rows, vocabulary, forms, members) for members in found]


def _held(rows: Matrix, vocabulary: Vocabulary, before: Sequence[int | None], known: Sequence[Known]) -> set[int]:
    """The texts that the fixed topics keep or draw to themselves."""
    fixed = {topic.id for topic in known if topic.fixed}
    if not fixed:
        return set()
    held = {number for number, topic in enumerate(before) if topic in fixed}
    new = [number for number, topic in enumerate(before) if topic is None]
    drawn = nearest(rows[new], _centres(vocabulary, known), at_least=PLACED)
    return held | {new[place] for place, number in enumerate(drawn) if number >= 0 and known[number].id in fixed}


def _centres(vocabulary: Vocabulary, known: Sequence[Known]) -> Matrix:
    return matrix((topic.centre for topic in known), {word: number for number, word in enumerate(vocabulary.idf)})


def _stay(
    rows: Matrix, labels: Labels, was: Sequence[int | None], lives: Mapping[int, int],
    above: Mapping[int, int | None],
) -> Labels:  # fmt: skip
    """Texts that would change to a topic hardly nearer to them stay where they were, if that topic lives on."""
    at = [lives.get(topic, lives.get(above.get(topic) or 0, -1)) if topic is not None else -1 for topic in was]
    homes = np.array(at, np.int64)
    moving = np.flatnonzero((homes >= 0) & (homes != labels))
    if not len(moving):
        return labels
    middle = centres(rows, labels, int(max(labels.max(), homes.max())) + 1)
    asked = rows[moving]
    home, away = labels.copy(), np.where(labels < 0, homes, labels)
    near = np.asarray(asked.multiply(middle[homes[moving]]).sum(axis=1)).ravel()
    new = np.asarray(asked.multiply(middle[away[moving]]).sum(axis=1)).ravel()
    stays = moving[near >= STAYS * new]
    home[stays] = homes[stays]
    return home


def _cohesion(rows: Matrix) -> float:
    """The mean cosine of rows to their own centre."""
    return float((rows @ centres(rows, np.zeros(rows.shape[0], np.int64), 1).T).mean())


def _numbers(topics: Sequence[int | None]) -> Labels | None:
    """Topics as numbers from 0 for a warm start; None where no text has one."""
    sizes = Counter(topic for topic in topics if topic is not None)
    if not sizes:
        return None
    number = {topic: place for place, topic in enumerate(sorted(sizes))}
    return np.array([-1 if topic is None else number[topic] for topic in topics], np.int64)


def _leaf(topic: int | None, above: Mapping[int, int | None]) -> int | None:
    """The topic if it is part of another one."""
    return topic if topic is not None and above.get(topic) else None


def _found(
    rows: Matrix, vocabulary: Vocabulary, forms: Forms, members: Labels, *, within: Labels | None = None
) -> Found:
    """``within`` are the rows of the larger topic: a part is named by what tells it from the rest of that."""
    words = list(vocabulary.idf)
    everywhere = naming.mean_of(rows if within is None else rows[within])
    telling = [words[column] for column, _gain in naming.telling(rows, members, everywhere)]
    middle = centres(rows[members], np.zeros(len(members), np.int64), 1)
    best = sorted(zip(middle.indices.tolist(), middle.data.tolist(), strict=True), key=lambda entry: -entry[1])[:CENTRE]
    return Found(
        id=None,
        parent=None,
        name=naming.name(telling, forms),
        centre={words[column]: round(float(weight), 4) for column, weight in best},
        members=tuple(members.tolist()),
        typical=naming.typical(rows, members, middle),
    )
