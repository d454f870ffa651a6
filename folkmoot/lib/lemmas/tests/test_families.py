import pytest

from folkmoot.lib.lemmas.measure import finds, merged, read, recall

LANGUAGES = ("en", "pl", "et", "ru", "uk")
FLOORS = {
    "common": {"en": 0.97, "pl": 0.97, "et": 0.97, "ru": 0.97, "uk": 0.97},
    "unseen": {"en": 0.94, "pl": 0.94, "et": 0.90, "ru": 0.95, "uk": 0.96},
    "new": {"en": 0.95, "pl": 0.92, "et": 0.85, "ru": 0.92, "uk": 0.95},
}
MOST_MERGED = 0.02


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", FLOORS)
def test_a_word_is_found_by_its_other_forms(name, language):
    assert recall(read(name, language), language) >= FLOORS[name][language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_families_to_measure_by(language):
    assert sum(len(family) > 1 for family in read("common", language)) >= 60
    assert len(read("unseen", language)) >= 25


def test_unrelated_words_do_not_find_each_other():
    pairs = {language: read("apart", language) for language in LANGUAGES}
    together = [pair for language in LANGUAGES for pair in merged(pairs[language], language)]
    assert len(together) <= MOST_MERGED * sum(map(len, pairs.values())), together


@pytest.mark.parametrize(
    ("asked", "written", "language"),
    [
        ("человек", "людьми", "ru"),
        ("елка", "елок", "ru"),
        ("місто", "містах", "uk"),
        ("książka", "książkami", "pl"),
        ("raamat", "raamatutes", "et"),
        ("mice", "mouse", "en"),
        ("went", "going", "en"),
    ],
)
def test_the_words_people_try_first_are_found(asked, written, language):
    assert finds(asked, written, language)
