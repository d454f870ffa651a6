"""Pieces: words are cut where it is most probable."""

from folkmoot.understanding.reading.pieces import BEGIN, END, UNKNOWN, Pieces


def cutter() -> Pieces:
    names = ["<unk>", "<s>", "</s>", "▁", "▁un", "happy", "▁unhappy", "un", "h", "a", "p", "y", "▁we"]
    scores = [0.0, 0.0, 0.0, -3.0, -4.0, -4.0, -12.0, -5.0, -6.0, -6.0, -6.0, -6.0, -2.0]
    return Pieces(names, scores)


def test_the_most_probable_cut_is_taken():
    assert cutter().numbers("unhappy we", 20, 5) == [BEGIN, 4, 5, 12, END]


def test_what_no_piece_covers_is_unknown():
    assert cutter().numbers("we щ", 20, 5) == [BEGIN, 12, 3, UNKNOWN, END]


def test_of_long_texts_both_ends_are_kept():
    numbers = cutter().numbers("unhappy " + "we " * 50 + "unhappy", 10, 4)
    assert numbers == [BEGIN, 4, 5, 12, 12, 12, 12, 4, 5, END]


def test_a_word_is_cut_the_same_the_second_time():
    pieces = cutter()
    assert pieces.numbers("unhappy", 9, 2) == pieces.numbers("unhappy", 9, 2)
