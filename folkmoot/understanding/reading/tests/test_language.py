"""Languages of short texts: ours, those that look like them, and those that are none of either."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkmoot.understanding.reading.contract import MIXED, UNKNOWN
from folkmoot.understanding.reading.language import MODEL, Language, classifiers, identify
from folkmoot.understanding.reading.language_grams import SCRIPTS, grams, letters
from folkmoot.understanding.reading.prepare import prepare

MEGABYTES = 8
SHORT = {
    "en": ["where is my order", "thanks a lot!", "this update broke everything", "anyone else can't log in?", "love it"],
    "ru": ["где мой заказ", "спасибо большое!", "после обновления всё сломалось", "у кого ещё не работает вход?", "ничего себе"],
    "uk": ["де моє замовлення", "щиро дякую!", "після оновлення все зламалося", "в когось ще не працює вхід?", "нічого собі"],
    "pl": ["gdzie jest moje zamówienie", "dziękuję bardzo!", "nic nie działa po aktualizacji", "czy ktoś jeszcze nie może się zalogować?"],
    "et": ["kus mu tellimus on", "suur tänu!", "pärast uuendust läks kõik katki", "kas kellelgi veel ei tööta?", "väga hea"],
    "be": ["дзе мая замова", "вялікі дзякуй!", "пасля абнаўлення ўсё зламалася"],
    "bg": ["къде е поръчката ми", "благодаря ви много!", "след обновяването всичко се счупи"],
    "fi": ["missä tilaukseni on", "kiitos paljon!", "päivityksen jälkeen kaikki meni rikki"],
    "lv": ["kur ir mans pasūtījums", "liels paldies!", "pēc atjaunināšanas viss salūza"],
    "lt": ["kur mano užsakymas", "labai ačiū!", "po atnaujinimo viskas sugedo"],
}  # fmt: skip
ROWS = [(code, text) for code, texts in SHORT.items() for text in texts]


def language(text: str) -> Language:
    (found,) = identify([prepare(text)])
    return found


@pytest.mark.parametrize(("code", "text"), ROWS)
def test_a_short_text_is_told_apart_from_its_neighbours(code: str, text: str) -> None:
    assert language(text).code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("privet kak dela, chto delaesh", "ru"),
        ("spasibo bolshoe za otvet", "ru"),
        ("duzhe dyakuyu, vse pratsyuye", "uk"),
        ("yak spravy, ya z kyieva", "uk"),
    ],
)
def test_transliterated_texts_are_in_the_language_they_are_said_in(text: str, code: str) -> None:
    found = language(text)
    assert (found.code, found.script) == (code, "Latn")


@pytest.mark.parametrize(
    ("text", "code"),
    [("dziekuje bardzo, gdzie jest moje zamowienie", "pl"), ("aitah, vaga hea, kas te olete homme lahti", "et")],
)
def test_letters_without_their_marks_are_understood(text: str, code: str) -> None:
    assert language(text).code == code


@pytest.mark.parametrize("text", ["", "123", "😀 👍", "https://example.org", "@mira", "!!!"])
def test_a_text_without_words_is_unknown(text: str) -> None:
    assert language(text) == Language(UNKNOWN, 0.0, "")


@pytest.mark.parametrize(
    ("text", "code", "script"), [("γειά σου", "el", "Grek"), ("שלום", "he", "Hebr"), ("გამარჯობა", "ka", "Geor")]
)
def test_scripts_of_one_language_tell_it(text: str, code: str, script: str) -> None:
    found = language(text)
    assert (found.code, found.script) == (code, script)


def test_names_in_latin_letters_leave_a_text_in_its_language() -> None:
    assert language("Мы давно используем kubernetes и docker swarm").code == "ru"
    assert language("Ми давно використовуємо kubernetes і docker swarm").code == "uk"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Dziękuję bardzo za szybką odpowiedź. Thank you very much for your quick answer.", {"pl", "en"}),
        ("Спасибо за быстрый ответ, всё работает. Thank you so much for all your help, it works now.", {"ru", "en"}),
        ("Suur aitäh kõigile, kes eile tulid. Спасибо всем, кто вчера пришёл к нам в гости!", {"ru", "et"}),
    ],
)
def test_a_text_in_two_languages_is_mixed(text: str, parts: set[str]) -> None:
    found = language(text)
    assert found.code == MIXED and found.mixed
    assert set(found.parts) == parts


def test_surzhyk_is_mixed() -> None:
    found = language("та я ж тобі кажу шо это была ерунда, вони всі поїхали, а мы остались ждать")
    assert found.mixed
    assert set(found.parts) == {"ru", "uk"}


def test_quotes_of_others_do_not_count() -> None:
    assert language("> Where did you buy the tickets?\n\nКупил на сайте").code == "ru"


def test_answers_come_in_the_order_of_the_texts_and_do_not_depend_on_each_other() -> None:
    prepared = [prepare(text) for _, text in ROWS] * 40
    together = identify(prepared)
    assert [each.code for each in together[: len(ROWS)]] == [code for code, _ in ROWS]
    alone = [identify([each])[0] for each in prepared[: len(ROWS)]]
    assert [each.code for each in alone] == [each.code for each in together[: len(ROWS)]]
    assert np.allclose(
        [each.probability for each in alone], [each.probability for each in together[: len(ROWS)]], atol=1e-4
    )


def test_the_model_is_small_and_fast() -> None:
    assert MODEL.stat().st_size <= MEGABYTES * 1_000_000
    prepared = [prepare(text) for _, text in ROWS] * 100
    identify(prepared)
    started = time.process_time()
    identify(prepared)
    assert len(prepared) / (time.process_time() - started) > 5_000  # 20,000 on a quiet core


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(st.text(max_size=80), st.sampled_from(["\ud800", "a\ud800b", "'", "a'b", "ы", "\n", "<url>"])),
        max_size=8,
    )
)
def test_any_text_gets_an_answer(texts: list[str]) -> None:
    found = identify([prepare(text) for text in texts])
    assert len(found) == len(texts)
    assert all(0 <= each.probability <= 1.0001 for each in found)


def test_grams_of_a_text_do_not_depend_on_its_neighbours() -> None:
    alone = [kind.buckets.tolist() for kind in grams(["so be it"], 16)]
    among = [
        kind.buckets[kind.counts[0] : kind.counts[:2].sum()].tolist()
        for kind in grams(["first one", "so be it", ""], 16)
    ]
    assert alone == among


def test_letters_keep_words_of_one_script() -> None:
    assert letters("hi <user> it's п'ять #tag x1 don't", "Latn") == "hi it's tag don't"
    assert letters("hi <user> it's п'ять #tag", "Cyrl") == "п'ять"
    assert {script: len(classifiers()[script].languages) > 5 for script in SCRIPTS} == dict.fromkeys(SCRIPTS, True)
