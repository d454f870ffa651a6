from __future__ import annotations

import random
from itertools import product

from folkmoot.understanding.copies.signature import BANDS, alike, is_long_enough, normal, signature, signatures

SPAM = "Earn 500 euro a day from home, write to @lucky_star or open https://spam.example/a1 right now my friends"
WORDS = ["".join(letters) for letters in product("bdfgklmnprstvz", "aeiou", "bdfgklmnprstvz", "aeiou")]


def test_what_copies_differ_in_is_taken_out() -> None:
    other = (
        "EARN 700 euro a day from home!! write to @bright_moon or open https://spam.example/zz9 right now, my friends"
    )
    assert normal(SPAM) == normal(other)
    assert signature(SPAM) == signature(other)
    assert len(signature(SPAM)) == BANDS


def test_short_texts_have_no_signature() -> None:
    assert not is_long_enough(normal("thank you very much"))
    assert signature("thank you very much") == ()


def test_another_salt_gives_other_bands() -> None:
    assert not set(signature(SPAM, "1")) & set(signature(SPAM, "2"))


def test_the_signature_is_the_one_that_is_stored() -> None:
    """Bands lie in databases: an algorithm that gives other ones finds nothing in them."""
    assert signature("the quick brown fox jumps over the lazy dog again and again")[:2] == (1601546003, 1268538498)


def edited(words: list[str], share: float, rng: random.Random) -> list[str]:
    return [rng.choice(WORDS) if rng.random() < share else word for word in words]


def test_near_copies_are_found_and_others_are_not() -> None:
    rng = random.Random(5)
    texts = [" ".join(rng.choices(WORDS, k=rng.randint(8, 40))) for _ in range(400)]
    copies = [" ".join(edited(text.split(), 0.06, rng)) for text in texts]
    found = wrong = true = 0
    marked = signatures([normal(text) for text in texts])
    for number, bands in enumerate(signatures([normal(copy) for copy in copies])):
        near = {place for place, other in enumerate(marked) if set(bands) & set(other)}
        kept = {place for place in near if alike(normal(texts[place]), normal(copies[number]))}
        expected = alike(normal(texts[number]), normal(copies[number]))
        true += expected
        found += expected and number in kept
        wrong += len(kept - {number})
    assert true > 300
    assert found / true > 0.97
    assert wrong == 0
