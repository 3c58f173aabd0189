"""Words of a request get the likeliest labels, word by word, and those that belong together become segments."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrion_controller.planner.builtin.reading.heads import ROLES, STARTS
from orchestrion_controller.planner.builtin.reading.pieces import Piece, Pieces
from orchestrion_controller.planner.builtin.reading.segments import Segment, label_of, segments
from orchestrion_controller.plans.offers import Ability, Option, offer
from tests.unit.controller.planner.reading.libraries import TOOLS

OFFER = offer(TOOLS)
LABELS = len(ROLES) + len(OFFER.abilities) + len(OFFER.options)
ASK = len(ROLES)
PIECES = Pieces()


def read(
    text: str, *labels: tuple[str, int], starts: tuple[str, ...] = (), more: tuple[str, ...] = ()
) -> list[Segment]:
    """Reads a text whose parts have labels; parts that begin something new, or go on with it, are named."""
    pieces = PIECES.cut(text)
    scores = np.full((len(pieces), LABELS), -8.0, dtype=np.float32)
    scores[:, 0] = -4.0
    begun = np.zeros((len(pieces), len(STARTS)), dtype=np.float32)
    for words, label in labels:
        first = text.index(words)
        for number, piece in enumerate(pieces):
            if first <= piece.start < piece.end <= first + len(words):
                scores[number, label] = -0.1
    for number, piece in enumerate(pieces):
        for words, kind in [*((item, "new") for item in starts), *((item, "more") for item in more)]:
            if piece.start == text.index(words):
                begun[number, STARTS.index(kind)] = 1.0
    return segments(pieces, text, scores, begun, OFFER)


def said(text: str, parts: list[Segment]) -> list[tuple[str, object]]:
    return [(text[item.start : item.end], item.label) for item in parts]


def test_labels_are_roles_then_abilities_then_options() -> None:
    assert label_of(1, OFFER) == "unmet"
    assert label_of(ASK, OFFER) == OFFER.abilities[0]
    assert label_of(LABELS - 1, OFFER) == OFFER.options[-1]


def test_words_alike_that_touch_are_one_segment_and_others_are_none() -> None:
    text = "please write down what is said, and tell my boss"
    parts = read(text, ("write down what is said", ASK), ("tell my boss", ROLES.index("unmet")))
    assert said(text, parts) == [("write down what is said", OFFER.abilities[0]), ("tell my boss", "unmet")]
    assert all(item.probability > 0.8 for item in parts)


def test_a_word_is_never_cut() -> None:
    text = "untranscribable recordings"
    pieces = PIECES.cut(text)
    assert len(pieces) > 4
    scores = np.full((len(pieces), LABELS), -9.0, dtype=np.float32)
    scores[:, 0] = -2.0
    scores[1, ASK] = -0.1
    # One piece of the first word is sure, the others are not: the whole word is or is not.
    parts = segments(pieces, text, scores, np.zeros((len(pieces), 3), dtype=np.float32), OFFER)
    assert {text[item.start : item.end] for item in parts} <= {"untranscribable", text}


def test_a_doubtful_word_between_two_alike_goes_with_them() -> None:
    text = "write it down"
    pieces = PIECES.cut(text)
    scores = np.full((len(pieces), LABELS), -8.0, dtype=np.float32)
    scores[:, ASK] = -0.2
    scores[2, ASK], scores[2, 0] = -1.2, -0.4
    (segment,) = segments(pieces, text, scores, np.zeros((len(pieces), 3), dtype=np.float32), OFFER)
    assert text[segment.start : segment.end] == text


def test_words_say_whether_they_begin_something_and_what_can_be_several_is_parted_there() -> None:
    text = "shorten shorten it really"
    parts = read(text, ("shorten shorten", ASK + 1), ("really", ASK + 1), starts=("shorten",), more=("really",))
    assert [item.newness > 0 for item in parts] == [True, False]
    text = "this that"
    parts = read(text, ("this that", ROLES.index("file")), starts=("this", "that"))
    assert [text[item.start : item.end] for item in parts] == ["this", "that"]


@pytest.mark.parametrize("text", ["把录音转成文字再翻译", "録音を文字にして訳す"])
def test_in_scripts_without_spaces_words_may_begin_anywhere(text: str) -> None:
    words = text[2:4]
    parts = read(text, (words, ASK))
    pieces = PIECES.cut(text)
    inside = [item for item in pieces if 2 <= item.start < item.end <= 4]
    assert said(text, parts) == ([(text[inside[0].start : inside[-1].end], OFFER.abilities[0])] if inside else [])


def test_latin_words_and_numbers_in_such_scripts_stay_whole() -> None:
    text = "转成mp3再读"
    pieces = PIECES.cut(text)
    scores = np.full((len(pieces), LABELS), -8.0, dtype=np.float32)
    scores[:, 0] = -0.1
    for number, piece in enumerate(pieces):
        if text[piece.start : piece.end] and text[piece.start] in "mp3":
            scores[number, ASK] = 0.0
            scores[number, 0] = -9
    (segment,) = segments(pieces, text, scores, np.zeros((len(pieces), 3), dtype=np.float32), OFFER)
    assert text[segment.start : segment.end] == "mp3"


def test_nothing_said_is_no_segment() -> None:
    assert read("") == []
    assert (
        segments(
            [Piece(1, 0, 0), Piece(2, 0, 0)], "", np.zeros((2, LABELS), np.float32), np.zeros((2, 3), np.float32), OFFER
        )
        == []
    )


def test_a_segment_knows_what_it_is_about() -> None:
    ability, option = OFFER.abilities[0], OFFER.options[0]
    assert isinstance(ability, Ability)
    assert isinstance(option, Option)
    segment = Segment(ability, 0, 1, (1,), newness=0.0, probability=1.0)
    assert segment.task_type == ability.task_type
    assert Segment("unmet", 0, 1, (1,), newness=0.0, probability=1.0).task_type is None
