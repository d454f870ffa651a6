import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folkmoot.lib.lemmas import query, vector
from folkmoot.lib.lemmas.vector import LAST_POSITION, MOST_POSITIONS

TYPED = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "книга",
                '"',
                "-",
                "NOT",
                "OR",
                "или",
                "lub",
                "*",
                "#tag",
                "@mira",
                "c++",
                "'",
                "\\",
                ":",
                "&",
                "|",
                "!",
                "(",
            ]
        ),
        st.text(max_size=8),
    ),
    max_size=12,
).flatmap(lambda words: st.sampled_from(["", " "]).map(lambda gap: gap.join(words)))


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Покупали книги детям", "книга ребёнок"),
        ("Были в містах України", "місто"),
        ("Nie mam książek", "książka"),
        ("Käisin raamatutes", "raamat"),
        ("The mice went away", "mouse going"),
        ("новый интернет-магазин", "магазины"),
        ("новый интернет магазин", "интернет-магазин"),
        ("send me an email", "e-mail"),
        ("an e-mail came", "emails"),
        ("вот #ёлки вот", "#елки"),
        ("вот #ёлки вот", "ёлка"),
        ("ask @mira_k about it", "@mira_k"),
        ("write to mira@example.org", "mira@example.org"),
        ("see https://docs.example.org/a", "example.org"),
        ("I know C++ and C#", "c++"),
        ("добрый день всем", '"добрый день"'),
        ("добрых дней", '"добрый день"'),
        ("привет всем", "прив*"),
        ("книга", "книг*"),
        ("кошки", "собака OR кошка"),
        ("кошки", "собака или кошка"),
        ("koty", "pies lub kot"),
        ("кішка", "собака або кішка"),
        ("kass", "koer või kass"),
        ("кошки", "кошка -собака"),
        ("кошки", "кошка NOT собака"),
        ("it's Kennedy's", "kennedy"),
        ("п’ятьох п'ять", "пʼять"),
        ("не знаю don't", "don’t"),
    ],
)
def test_it_is_found(found, text, typed):
    assert found(vector(text), query(typed))


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Покупали книги", "книга ребёнок"),
        ("день добрый", '"добрый день"'),
        ("ёлки без решётки", "#елки"),
        ("mira", "@mira"),
        ("the letter c", "c++"),
        ("кошки и собаки", "кошка -собака"),
        ("кошки и собаки", "кошка NOT собаки"),
        ("we are on it", "go"),
        ("приезд", "прив*"),
    ],
)
def test_it_is_not_found(found, text, typed):
    assert not found(vector(text), query(typed))


@pytest.mark.parametrize("typed", ["", "   ", '""', "-", "* ' \\", "OR", "NOT", "или или", "!!!", "x" * 100])
def test_nothing_to_look_for_is_an_empty_query(typed):
    assert query(typed) == ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=400)
@given(TYPED)
def test_whatever_is_typed_postgresql_can_read(found, typed):
    found("'a':1", query(typed))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_whatever_is_written_postgresql_can_read(found, text):
    found(vector(text), "'a'")


def test_a_word_is_found_by_itself_whatever_the_text_around_it_is_in(found):
    for around in ("", "the", "się", "või", "что", "що"):
        for word in ("go", "on", "данные", "дані", "Discord", "täna", "żółw"):
            assert found(vector(f"{around} {word}"), query(word)), (around, word)


def test_a_very_long_text_stays_within_the_limits_of_postgresql(found):
    varied = vector(" ".join(f"слово{number:x}я{number}" for number in range(120_000)))
    assert len(varied.encode()) <= 1_000_000
    assert found(varied, query("слово0я0"))
    repeated = vector("кошка " * 40_000)
    assert {entry.count(",") for entry in repeated.split(" ")} == {MOST_POSITIONS - 1}
    assert found(repeated, query("кошки"))


def test_only_the_first_words_are_kept_on_request(found):
    short = vector("один два три", limit=2)
    assert found(short, query("два"))
    assert not found(short, query("три"))
    assert str(LAST_POSITION + 1) not in vector("а " * 20_000)


def test_a_pasted_page_as_a_query_is_cut(found):
    found("'a':1", query("слово другое " * 5_000))
