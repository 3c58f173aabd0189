"""Texts as pieces of words: the longest that the vocabulary has, each with its place."""

from __future__ import annotations

from orchestrion_controller.planner.builtin.learned.marking import MARKS, asides
from orchestrion_controller.planner.builtin.learned.pieces import MOST_PIECES, Pieces

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "read", "##ing", "the", "sign", "'", *MARKS]
PIECES = Pieces(VOCABULARY)


def written(text: str) -> list[str]:
    return [VOCABULARY[piece.id] for piece in PIECES.cut(text, asides(text))]


def test_words_are_cut_at_the_longest_piece_that_is_known() -> None:
    assert written("Reading the sign") == ["[CLS]", "read", "##ing", "the", "sign", "[SEP]"]


def test_case_and_accents_do_not_count_and_unknown_words_are_one_piece() -> None:
    assert written("THE sígn glows") == ["[CLS]", "the", "sign", "[UNK]", "[SEP]"]


def test_what_is_given_is_one_mark_each() -> None:
    assert written("read 'sign.png'") == ["[CLS]", "read", "[image]", "[SEP]"]


def test_pieces_know_where_they_stand() -> None:
    text = "the reading"
    places = [text[piece.start : piece.end] for piece in PIECES.cut(text)]
    assert places == ["", "the", "reading", "reading", ""]


def test_of_a_long_text_the_beginning_and_the_end_are_read() -> None:
    pieces = PIECES.cut("the " * 300 + "sign")
    assert len(pieces) == MOST_PIECES
    assert VOCABULARY[pieces[-2].id] == "sign"
