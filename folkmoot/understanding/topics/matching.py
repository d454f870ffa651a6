"""Which of today's clusters is which of yesterday's topics: those that share most of their texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from folkmoot.understanding.topics.vectors import Labels

SAME = 0.2  # shared texts by all texts of both (Jaccard) from which a cluster carries a topic on


def match(before: Sequence[int | None], labels: Labels) -> dict[int, int]:
    """The topic that each cluster carries on, by the cluster's number; clusters that are new are left out.

    ``before`` holds each text's topic, None for texts that had none or were not there; those don't count against a
    likeness. The pairs are chosen together so that most texts keep their topic (Hungarian method).
    """
    known = [(topic, int(label)) for topic, label in zip(before, labels, strict=True) if topic is not None]
    shared = Counter((topic, label) for topic, label in known if label >= 0)
    if not shared:
        return {}
    topics = sorted({topic for topic, _ in shared})
    clusters = sorted({label for _, label in shared})
    of_topic = Counter(topic for topic, _ in known)
    of_cluster = Counter(label for _, label in known)
    table = np.zeros((len(topics), len(clusters)))
    rows, columns = ({value: place for place, value in enumerate(values)} for values in (topics, clusters))
    for (topic, label), count in shared.items():
        if count / (of_topic[topic] + of_cluster[label] - count) >= SAME:
            table[rows[topic], columns[label]] = count
    chosen = zip(*linear_sum_assignment(table, maximize=True), strict=True)
    return {clusters[column]: topics[row] for row, column in chosen if table[row, column]}
