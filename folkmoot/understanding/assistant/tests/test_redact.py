"""What personal data is hidden, what is not, and that all of it comes back."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkmoot.understanding.assistant.redact import MARK, Redactor

PEOPLE = [
    ["Иван Петров", "ivan_p"],
    ["Mari Kask", "mari.k"],
    ["Олена Ковальчук"],
    ["Will Smith", "willy77"],
    ["Łukasz Nowak"],
]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("пишите на ivan@example.org", "ivan@example.org"),
        ("ИВАН@ПОЧТА.РФ", "ИВАН@ПОЧТА.РФ"),
        ("mira [at] example [dot] com", "mira"),
        ("write to mira(собака)example.org", "example"),
        ("звоните +7 (916) 123-45-67", "123"),
        ("call 5123 4567 now", "4567"),
        ("тел. 8-916-123-45-67", "916"),
        ("my card 4111 1111 1111 1111", "1111"),
        ("card:4111-1111-1111-1111.", "1111"),
        ("IBAN EE382200221020145685", "2200"),
        ("konto PL61 1090 1014 0000 0712 1981 2874", "1090"),
        ("from 192.168.1.17, banned", "192.168"),
        ("from 2001:db8::8a2e:370:7334", "8a2e"),
        ("https://example.org/reset?token=abc123", "abc123"),
        ("https://example.org/a#access=abc123", "abc123"),
        ("https://mira:secret@example.org/", "secret"),
        ("ask @some_body about it", "some_body"),
        ("@mira:example.org is on Matrix", "mira"),
        ("<@123456789012345678> look", "123456789012345678"),
        ("Иван, привет", "Иван"),
        ("спасибо ивану петрову", "ивану"),
        ("c Петровым говорили", "Петров"),
        ("vastus tuli Marilt, Kaskile", "Mari"),
        ("vastus tuli Marilt, Kaskile", "Kask"),
        ("розмовляла з Оленою Ковальчук", "Олен"),
        ("napisałem do Łukasza Nowaka", "Nowak"),
        ("did Will's answer help?", "Will"),
        ("t.me/ivan_p wrote it", "ivan_p"),
    ],
)
def test_personal_data_does_not_leave_and_comes_back(text: str, secret: str) -> None:
    redactor = Redactor(PEOPLE)
    hidden = redactor.hide(text)
    assert secret.casefold() not in hidden.casefold()
    assert redactor.restore(hidden) == text


@pytest.mark.parametrize(
    "text",
    [
        "it starts at 12:30:45 on 2026-03-02, or on 02.03.2026",
        "version 1.2.3 of 2019-2024 costs 150 000",
        "I will go there and the market will open",
        "C++ std::vector, C# and #summer",
        "https://example.org/blog/2026/summer",
        "ровно 100 человек пришли",
    ],
)
def test_what_is_nobodys_stays(text: str) -> None:
    assert Redactor(PEOPLE).hide(text) == text


def test_the_same_thing_has_the_same_mark_everywhere() -> None:
    redactor = Redactor(PEOPLE)
    first, second = redactor.hide("a@b.org and c@d.org"), redactor.hide("c@d.org again")
    assert first == "<MAIL_1> and <MAIL_2>"
    assert second == "<MAIL_2> again"
    assert redactor.person(0) == "<PERSON_1>"
    assert redactor.hide("Иван Петров, Ивану, Иван") == "<PERSON_1>, <PERSON_1B>, <PERSON_1C>"


def test_marks_that_somebody_typed_are_not_taken_for_ours() -> None:
    redactor = Redactor(PEOPLE)
    hidden = redactor.hide("<PERSON_1> is a spy, says a@b.org")
    assert hidden == "<TEXT_1> is a spy, says <MAIL_1>"
    assert redactor.restore(hidden) == "<PERSON_1> is a spy, says a@b.org"


def test_a_model_may_write_marks_a_little_wrong() -> None:
    redactor = Redactor(PEOPLE)
    redactor.hide("a@b.org")
    assert redactor.restore("mail_1, <Mail_1>, MAIL_1. MAIL_7") == "a@b.org, a@b.org, a@b.org. MAIL_7"


@pytest.mark.parametrize(
    "piece", ["1 ", "a", "@", "1.1.1.", "a@", ":", "AB12 AAAA ", "www.", "a.-+", "(at)", "a [at] ", "+1-", "Иван ", "<"]
)
def test_a_megabyte_of_anything_is_hidden_in_time(piece: str) -> None:
    began = time.perf_counter()
    Redactor(PEOPLE).hide(piece * (100_000 // len(piece)))
    assert time.perf_counter() - began < 5


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Иван",
                "иваном",
                "a@b.org",
                "?x=1",
                " ",
                "<",
                ">",
                "PERSON_1",
                "+372 5123 4567",
                "1.2.3.4",
                "Ж",
                "@u",
                "http://a.b/",
            ]
        )
    )
)
def test_whatever_is_hidden_comes_back(pieces: list[str]) -> None:
    redactor = Redactor(PEOPLE)
    text = "".join(pieces)
    hidden = redactor.hide(text)
    back = MARK.sub(lambda found: redactor.restore(found[0]), hidden)
    assert back == text
