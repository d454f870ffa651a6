import json

import pytest

from folkmoot.lib.lemmas.build import build_language, endings, is_built
from folkmoot.lib.lemmas.dictionary import FOLDER, MANIFEST, DictionariesMissing, Dictionary, apply, dictionaries, edit


def test_missing_dictionaries_say_what_to_run(tmp_path):
    with pytest.raises(DictionariesMissing, match=r"python -m folkmoot\.lib\.lemmas\.build"):
        dictionaries(tmp_path)


def test_dictionaries_of_another_format_count_as_missing(tmp_path):
    (tmp_path / MANIFEST).write_text(json.dumps({"format": 0}))
    with pytest.raises(DictionariesMissing):
        dictionaries(tmp_path)


def test_what_is_built_is_not_built_again():
    assert is_built(FOLDER)


def test_an_unfinished_build_counts_as_none(tmp_path):
    built = build_language("en", tmp_path)
    assert built.forms > 100_000
    assert Dictionary("en", tmp_path).known("mice") == ("mouse",)
    assert not list(tmp_path.glob("*.part"))
    assert not is_built(tmp_path)


@pytest.mark.parametrize(("form", "lemma"), [("книгами", "книга"), ("went", "go"), ("szedł", "iść"), ("cat", "cat")])
def test_an_edit_leads_from_a_form_to_its_lemma(form, lemma):
    assert apply(form, edit(form, lemma)) == lemma


def test_an_ending_stands_for_what_most_of_its_words_do():
    learnt = endings([(f"{stem}ами", stem) for stem in ("абвгд", "бвгде", "вгдеж", "гдежз", "дежзи")] * 3)
    assert learnt["ами"] == [edit("абвгдами", "абвгд")]
