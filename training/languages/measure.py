"""How well the packaged model tells languages of texts that stood aside. Usage: python -m training.languages.measure CACHE"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter, defaultdict
from math import sqrt
from pathlib import Path

import numpy as np

from folkmoot.understanding.reading.language import MODEL, Language, classifiers, identify
from folkmoot.understanding.reading.language_grams import letters
from folkmoot.understanding.reading.prepare import Prepared, prepare
from training.languages import latin, samples

SEED = 7
MOST = 2000
BINS = 10
Z = 1.96


def interval(right: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    share, spread = right / count, Z * Z / count
    middle = (share + spread / 2) / (1 + spread)
    width = Z * sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return middle - width, middle + width


def calibration_error(found: list[tuple[Language, bool]]) -> float:
    """Expected calibration error over ten bins of equal width."""
    sure = np.array([language.probability for language, _ in found])
    right = np.array([each for _, each in found])
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    return float(
        sum(abs(sure[place == b].mean() - right[place == b].mean()) * (place == b).mean() for b in set(place.tolist()))
    )


def rows(data: Path, cache: Path) -> dict[tuple[str, str], list[Prepared]]:
    """Texts of up to 40 characters that were not learnt from, by language and source; transliterated ones as well."""
    chance = random.Random(SEED)
    found: dict[tuple[str, str], list[Prepared]] = defaultdict(list)
    for language, source, text in samples.social(data):
        plain = letters((prepared := prepare(text)).words, samples.script_of(language))
        if not plain or not samples.in_dev(plain) or samples.mislabelled(language, plain):
            continue
        if len(text) <= samples.SHORT:
            found[language, source].append(prepared)
        if language in samples.TRANSLITERATED and samples.SHORT / 2 <= len(plain) <= samples.SHORT:
            found[language, "transliterated"].append(prepare(latin.written(plain, latin.scheme(language, chance))))
    with (cache / "texts.tsv").open(encoding="utf-8") as file:
        for row in file:
            package, language, text = row.rstrip("\n").split("\t", 2)
            if package in samples.DEV_PACKAGES and language in samples.NEIGHBOURS and 2 < len(text) <= samples.SHORT:
                prepared = prepare(text)
                if prepared.script == samples.script_of(language):
                    found[language, "interfaces"].append(prepared)
    return {
        key: chance.sample(texts, min(MOST, len(texts))) for key, texts in sorted(found.items()) if len(texts) >= 20
    }


def shown(language: str, found: list[tuple[Language, bool]]) -> dict[str, object]:
    """A row of ``language-quality.json``. Which language it is follows from where a message was collected."""
    right = sum(correct for _, correct in found)
    low, high = interval(right, len(found))
    return {
        "task": "language",
        "language": language,
        "source": f"messages of up to {samples.SHORT} characters",
        "n": len(found),
        "measure": "accuracy",
        "value": round(right / len(found), 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "floor": None,
        "labels": "derived",
    }


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("cache", type=Path)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data"))
    arguments.add_argument("--model", type=Path, default=MODEL)
    arguments.add_argument("--out", type=Path, help="Where to write what the page of quality shows, for our languages.")
    asked = arguments.parse_args()
    classifiers(asked.model)
    totals: dict[str, list[tuple[Language, bool]]] = defaultdict(list)
    print("| language | source | rows | accuracy | 95 % interval | taken for |\n|---|---|---|---|---|---|")
    for (language, source), texts in rows(asked.data, asked.cache).items():
        found = [(each, each.code == language) for each in identify(texts)]
        right = sum(correct for _, correct in found)
        low, high = interval(right, len(found))
        wrong = Counter(each.code for each, correct in found if not correct).most_common(3)
        taken = ", ".join(f"{code} {count}" for code, count in wrong)
        print(
            f"| {language} | {source} | {len(found)} | {right / len(found):.1%} | {low:.1%} to {high:.1%} | {taken} |"
        )
        totals[language if source != "transliterated" else f"{language}, transliterated"] += found
    print("\n| language | rows | accuracy | calibration error |\n|---|---|---|---|")
    for name, found in totals.items():
        print(
            f"| {name} | {len(found)} | {np.mean([right for _, right in found]):.1%} | {calibration_error(found):.3f} |"
        )
    if asked.out:
        asked.out.write_text(
            json.dumps({"rows": [shown(name, totals[name]) for name in samples.OURS]}, indent=1) + "\n"
        )
    ours = [each for name in samples.OURS for each in totals[name]]
    print(f"mean of ours: {np.mean([np.mean([r for _, r in totals[name]]) for name in samples.OURS]):.1%}")
    print(f"calibration error of ours together: {calibration_error(ours):.3f}")


if __name__ == "__main__":
    main()
