"""Pieces: words are cut where it is most probable."""

from folkmoot.understanding.reading.pieces import BEGIN, END, UNKNOWN, Pieces


def cutter() -> Pieces:
    names = ["<unk>", "<s>", "</s>", "▁", "▁un", "happy", "▁unhappy", "un", "h", "a", "p", "y", "▁we"]
    scores = [0.0, 0.0, 0.0, -3.0, -4.0, -4.0, -12.0, -5.0, -6.0, -6.0, -6.0, -6.0, -2.0]
    return Pieces(names, scores)


def test_the_most_probable_cut_is_taken():
    assert cutter().numbers("unhappy we", 20) == [BEGIN, 4, 5, 12, END]


def test_what_no_piece_covers_is_unknown():
    assert cutter().numbers("we щ", 20) == [BEGIN, 12, 3, UNKNOWN, END]


def test_long_texts_are_cut_off_but_still_end():
    numbers = cutter().numbers("we " * 50, 10)
    assert len(numbers) == 10
    assert numbers[-1] == END


def test_a_word_is_cut_the_same_the_second_time():
    pieces = cutter()
    assert pieces.numbers("unhappy", 9) == pieces.numbers("unhappy", 9)
