"""Texts as people type them become words a model can read."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkmoot.understanding.reading.prepare import LONGEST, in_cyrillic, prepare

SECONDS = 2.0  # for a megabyte of anything, on a machine that does other things as well


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Can you help me, please?", "can you help me, please?"),
        ("Кто-нибудь пробовал?  Ещё нет", "кто-нибудь пробовал? еще нет"),
        ("Дякую, дуже помогло;\nп’ять зірок", "дякую, дуже помогло; п'ять зірок"),
        ("Gdzie mogę kupić bilet?", "gdzie mogę kupić bilet?"),
        ("Kus ma saan pileti osta?", "kus ma saan pileti osta?"),
    ],
)
def test_plain_text_becomes_small_letters_with_single_spaces(typed: str, words: str) -> None:
    prepared = prepare(typed)
    assert prepared.words == words
    assert prepared.own == typed
    assert prepared.marks.obfuscated == 0
    assert not prepared.cyrillic


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("мне нужна зαпαбοтαть", "мне нужна запаботать"),
        ("PАБOТA для всех", "работа для всех"),
        ("нaпиши мнe в личкy", "напиши мне в личку"),
        ("скажи привiт усім", "скажи привіт усім"),
        ("log in to microsоft now", "log in to microsoft now"),
        ("увидетb тебя", "увидеть тебя"),
        ("𝓯𝓻𝓮𝓮 money", "free money"),
        ("ꜰʀᴇᴇ money", "free money"),
        ("spa\u200bmmer", "spammer"),
        ("w\u0336o\u0336r\u0336d", "word"),
    ],
)
def test_letters_that_look_alike_are_written_as_the_word_they_make(typed: str, words: str) -> None:
    prepared = prepare(typed)
    assert prepared.words == words
    assert prepared.marks.obfuscated


@pytest.mark.parametrize(
    "typed",
    [
        "отправь smsку",
        "зашёл вконтакте с iphone",
        "ωμέγα",
        "vkонтакте",
        "c++ и c#",
        "напиши на email",
        "это pull-реквест",
    ],
)
def test_words_borrowed_from_another_script_stay(typed: str) -> None:
    prepared = prepare(typed)
    assert prepared.words == typed.replace("ё", "е")
    assert prepared.marks.obfuscated == 0


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("what a sh1t show", "what a shit show"),
        ("h4te this", "hate this"),
        ("вот ж0па", "вот жопа"),
        ("you idi0t", "you idiot"),
    ],
)
def test_figures_for_letters_are_undone(typed: str, words: str) -> None:
    prepared = prepare(typed)
    assert prepared.words == words
    assert prepared.marks.obfuscated == 1


@pytest.mark.parametrize(
    "typed", ["log4j and neo4j", "k8s, i18n, b2b", "win32api on x64", "mp3 at 192k", "covid19", "2go 4you"]
)
def test_names_with_figures_stay(typed: str) -> None:
    prepared = prepare(typed)
    assert prepared.words == typed
    assert prepared.marks.obfuscated == 0


def test_words_written_letter_by_letter_are_closed_up() -> None:
    assert prepare("so s.t.u.p.i.d").words == "so stupid"
    assert prepare("д у р а к ты").words == "дурак ты"
    assert prepare("a b c").words == "a b c"


def test_masked_words_are_marked_and_emphasis_is_not() -> None:
    assert prepare("what the f**k").marks.obfuscated == 1
    assert prepare("тупая с*ка").marks.obfuscated == 1
    assert prepare("this is **important**, 2*3, **all about java**").marks.obfuscated == 0


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("soooo good", "so good"),
        ("cooool", "cool"),
        ("сукаааа", "сука"),
        ("таааак", "так"),
        ("дуууже", "дуже"),
        ("noooormalnie", "normalnie"),
        ("vääääga", "väga"),
    ],
)
def test_stretched_words_are_shortened_and_marked(typed: str, words: str) -> None:
    prepared = prepare(typed)
    assert prepared.words == words
    assert prepared.marks.elongated == 1


@pytest.mark.parametrize("typed", ["в ссср", "ооо ромашка", "part iii", "www", "zoology"])
def test_words_with_a_letter_thrice_stay(typed: str) -> None:
    prepared = prepare(typed)
    assert prepared.words == typed
    assert prepared.marks.elongated == 0


def test_signs_are_counted_and_kept_short() -> None:
    prepared = prepare("WHAT?!!!!!! Why")
    assert prepared.words == "what?!!! why"
    assert (prepared.marks.exclamations, prepared.marks.questions) == (6, 1)
    assert prepared.marks.caps == pytest.approx(5 / 7)
    assert prepare("Добре)))))))").words == "добре)))"


def test_emoji_are_kept_as_words() -> None:
    prepared = prepare("super👍🏽👍 :tada: ❤️")
    assert prepared.words == "super 👍 👍 :tada: ❤"
    assert prepared.marks.emoji == ("👍", "👍", ":tada:", "❤")
    assert prepare("at 10:30:45").marks.emoji == ()


@pytest.mark.parametrize(
    ("typed", "words", "mentions", "urls"),
    [
        ("@mira look at https://example.org/a?b=c", "<user> look at <url>", 1, 1),
        ("@**Mira Sild** done", "<user> done", 1, 0),
        ("<@!123456> see <https://example.org|this>", "<user> see <url>", 1, 1),
        ("[id12|Мира], t.me/some_channel", "<user> , <url>", 1, 1),
        ("mail me: mira.sild@example.org", "mail me: <mail>", 0, 0),
        ("@mira@example.social hi", "<user> hi", 1, 0),
        ("[this](https://example.org/a)**Now** read", "[this]( <url> )now read", 0, 1),
        ("1/2 of it @ noon", "1/2 of it @ noon", 0, 0),
    ],
)
def test_people_and_addresses_become_placeholders(typed: str, words: str, mentions: int, urls: int) -> None:
    prepared = prepare(typed)
    assert prepared.words == words
    assert (prepared.marks.mentions, prepared.marks.urls) == (mentions, urls)


@pytest.mark.parametrize(
    ("typed", "cyrillic"),
    [
        ("privet kak dela", "привет как дела"),
        ("spasibo bolshoe, ochen pomoglo", "спасибо большое, очень помогло"),
        ("4to ty hochesh", "что ты хочешь"),
        ("ya ne znaju kogda eto budet", "я не знаю когда это будет"),
        ("yak spravy, vse dobre?", "як справи, все добре?"),
        ("duzhe dyakuyu za vidpovid", "дуже дякую за відповідь"),
    ],
)
def test_transliterated_words_are_also_given_in_cyrillic(typed: str, cyrillic: str) -> None:
    prepared = prepare(typed)
    assert prepared.words == typed
    assert prepared.cyrillic == cyrillic
    assert prepared.marks.transliterated


def test_what_is_known_to_be_transliterated_is_written_back() -> None:
    prepared = prepare("my tezh rady")
    assert not prepared.cyrillic
    told = in_cyrillic(prepared)
    assert told.cyrillic == "ми теж ради"
    assert told.marks.transliterated
    assert told.words == prepared.words


@pytest.mark.parametrize(
    "typed",
    [
        "on the net you see a lot of it",
        "no i co to ma do rzeczy",
        "to jest tak samo dobre jak tamto",
        "kas keegi teab kuidas see toimib",
        "ma ei tea, aga kui on vaja siis tulen",
        "tack ska du ha, vi ses imorgon",
        "kde je to nadrazi prosim",
        "kubernetes ingress nginx config",
        "<user> <url>",
        "ok",
    ],
)
def test_other_languages_in_latin_letters_are_left_alone(typed: str) -> None:
    assert not prepare(typed).cyrillic


@pytest.mark.parametrize(
    ("typed", "own"),
    [
        ('[quote="bo, post:3, topic:9"]\nOld words\n[/quote]\nI agree.', "I agree."),
        ("[quote]a[quote]b[/quote]c[/quote]mine", "mine"),
        ("> their words\n> more of them\n\nmy words", "my words"),
        ("@_**Bo|12** [said](https://chat.example/1):\n```quote\ntheirs\n```\nmine", "mine"),
        ("````quote\n```\nx\n```\n````\nmine", "mine"),
        ("On Mon, 3 Mar 2025 at 10:00, Bo <bo@example.org> wrote:\n> hi\n\nmine\n-- \nMira\nShop", "mine"),
        ("пн, 3 мар. 2025 г. в 10:00, Бо пишет:\n> привет\nмоё", "моё"),
        ("mine\n\n-----Original Message-----\nFrom: Bo\ntheirs", "mine"),
        ("mine\n\nSent from my iPhone", "mine"),
        ("<blockquote>theirs</blockquote>mine", "mine"),
    ],
)
def test_words_of_others_are_left_out(typed: str, own: str) -> None:
    prepared = prepare(typed)
    assert prepared.own == own
    assert prepared.marks.had_quote or "Sent" in typed


@pytest.mark.parametrize(
    "typed", [">:( not again", ">_< oh no", "> everything on one line", "[quote] never closed", "a -> b", ">50% of us"]
)
def test_what_only_looks_like_a_quote_stays(typed: str) -> None:
    assert prepare(typed).own == typed


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Try this:\n```python\nprint(1)\n```\nWorks?", "try this: works?"),
        ("The `frobnicate()` call fails", "the call fails"),
        ('It says\nTraceback (most recent call last):\n  File "a.py", line 1\nand stops', "it says and stops"),
        ("before <pre>x = 1</pre> after", "before after"),
        ("~~~\ncode\n~~~\nthen words", "then words"),
    ],
)
def test_code_is_left_out(typed: str, words: str) -> None:
    prepared = prepare(typed)
    assert prepared.words == words
    assert prepared.marks.had_code


def test_a_grave_accent_for_an_apostrophe_is_no_code() -> None:
    prepared = prepare("Don`t do that, it`s bad")
    assert prepared.words == "don't do that, it's bad"
    assert not prepared.marks.had_code


@pytest.mark.parametrize(
    ("typed", "script", "mixed"),
    [
        ("hello", "Latn", False),
        ("привет", "Cyrl", False),
        ("Мы уже давно используем postgres и django", "Cyrl", True),
        ("שלום", "Hebr", False),
        ("γειά σου", "Grek", False),
        ("你好", "Hans", False),
        ("123 !!! 😀", "", False),
        ("https://example.org привет", "Cyrl", False),
        ("", "", False),
    ],
)
def test_the_script_of_most_letters_is_told(typed: str, script: str, mixed: bool) -> None:
    prepared = prepare(typed)
    assert (prepared.script, prepared.mixed_scripts) == (script, mixed)


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    prepared = prepare("word " * LONGEST)
    assert len(prepared.own) == LONGEST
    assert prepared.marks.cut
    assert not prepare("word").marks.cut


@pytest.mark.parametrize(
    "piece",
    [
        ">", "> ", "[quote]", "[/quote]", "[quote", "<pre>", "</code>", "```", "```quote\n", "`", "\u200b", "a\u200b", "\u0301", "aаα", "@", "@**", "a*",
        "<@", "x.", "x x ", "\n", "-- \n", "On 1 wrote:\n", "a1", "😀", ":a", "(", "foo(", "privet", "privet ", "wrote(", "http://", "www.", "|", "[id1|",
    ],
)  # fmt: skip
def test_a_megabyte_of_anything_takes_little_time(piece: str) -> None:
    hostile = piece * (1_000_000 // len(piece))
    started = time.process_time()
    prepare(hostile)
    assert time.process_time() - started < SECONDS


PIECES = st.sampled_from(
    [
        ">",
        "\n",
        "```",
        "[quote]",
        "[/quote]",
        "<pre>",
        "`",
        "*",
        "@",
        "soooo",
        "sh1t",
        "зαп",
        "privet",
        "kak",
        "ё",
        "\u200b",
        "\u0301",
        "-- ",
        "😀",
        " ",
        "http://a",
        "1",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_any_text_is_prepared(typed: str) -> None:
    prepared = prepare(typed)
    assert prepared.words == " ".join(prepared.words.split())
    assert 0 <= prepared.marks.caps <= 1


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "so",
                "soooo",
                "привет",
                "зαпαбοтαть",
                "sh1t",
                "👍",
                "!!!!",
                "kak",
                "dela?",
                "@mira",
                "https://a.org",
                "ж0пa",
            ]
        )
    ).map(" ".join)
)
def test_prepared_words_are_prepared_already(typed: str) -> None:
    words = prepare(typed).words
    assert prepare(words).words == words
