"""Many texts of any length go through an encoder in few passes of bounded size, for several calls at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.output_files import Spool
from orchestrion_host.worker.text import encoding, passages
from orchestrion_host.worker.text.encoding import EncodingRequest


class CountingEncoder:
    """Counts words as tokens; its vectors are the shares of four letters. Remembers its passes."""

    max_tokens = 12

    def __init__(self) -> None:
        self.passes: list[list[str]] = []

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 2 for text in texts]

    def encode(self, texts: Sequence[str]) -> encoding.Vectors:
        self.passes.append(list(texts))
        rows = np.array([[1e-6 + text.count(letter) for letter in "abcd"] for text in texts], dtype=np.float32)
        vectors: encoding.Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return vectors


@pytest.fixture
def sent() -> list[ipc.FromWorker]:
    return []


def call(number: int, sent: list[ipc.FromWorker], spool: Spool) -> Call:
    return Call(number, "summarization", {}, spool, sent.append)


@pytest.fixture
def spool(tmp_path_factory: pytest.TempPathFactory) -> Spool:
    return Spool(tmp_path_factory.mktemp("spool"))


def test_equal_texts_of_several_calls_are_encoded_once(sent: list[ipc.FromWorker], spool: Spool) -> None:
    encoder = CountingEncoder()
    first, second = encoding.encode(
        [EncodingRequest(call(1, sent, spool), ["a", "b"]), EncodingRequest(call(2, sent, spool), ["b", "c c"])],
        encoder,
    )
    assert [sorted(texts) for texts in encoder.passes] == [["a", "b", "c c"]]
    assert first[1] == pytest.approx(second[0])
    assert int(np.argmax(second[1])) == 2


def test_a_text_that_is_too_long_has_the_mean_of_its_passages(sent: list[ipc.FromWorker], spool: Spool) -> None:
    text = "a a a a a a. " * 5 + "B b b b b b. " * 5
    [[row]] = encoding.encode([EncodingRequest(call(1, sent, spool), [text])], encoder := CountingEncoder())
    assert row == pytest.approx([2**-0.5, 2**-0.5, 0, 0], abs=0.06)
    assert all(count <= 12 for texts in encoder.passes for count in encoder.token_counts(texts))


def test_passes_are_bounded_sorted_by_length_and_told(
    sent: list[ipc.FromWorker], spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "PASS_TOKENS", 24)
    encoder = CountingEncoder()
    texts = [("a " * (number % 10)) + f"x{number}" for number in range(30)]
    encoding.encode([EncodingRequest(call(1, sent, spool), texts)], encoder)
    sizes = [max(encoder.token_counts(texts)) * len(texts) for texts in encoder.passes]
    assert max(sizes) <= 24
    lengths = [count for texts in encoder.passes for count in encoder.token_counts(texts)]
    assert lengths == sorted(lengths, reverse=True)
    fractions = [message.fraction for message in sent if isinstance(message, ipc.CallProgress)]
    assert len(fractions) == len(encoder.passes) - 1
    assert fractions == sorted(fractions, key=lambda fraction: fraction or 0)


def test_what_only_cancelled_calls_want_is_not_encoded(
    sent: list[ipc.FromWorker], spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "PASS_TOKENS", 3)
    gone, stays = call(1, sent, spool), call(2, sent, spool)
    gone.cancel()
    encoder = CountingEncoder()
    _, rows = encoding.encode([EncodingRequest(gone, ["a", "b"]), EncodingRequest(stays, ["b", "c"])], encoder)
    assert sorted(text for texts in encoder.passes for text in texts) == ["b", "c"]
    assert rows.shape == (2, 4)


def test_a_long_text_that_nobody_waits_for_is_not_even_counted(sent: list[ipc.FromWorker], spool: Spool) -> None:
    """Given a book and a sentence, when the call with the book is cancelled while it is cut, the sentence goes on."""
    gone, stays = call(1, sent, spool), call(2, sent, spool)
    book = "One of many sentences. " * 10_000

    class CancelledWhileCounting(CountingEncoder):
        counted = 0

        def token_counts(self, texts: Sequence[str]) -> list[int]:
            self.counted += sum(map(len, texts))
            if self.counted > 2_000:
                gone.cancel()
            return super().token_counts(texts)

    encoder = CancelledWhileCounting()
    _, rows = encoding.encode([EncodingRequest(gone, [book]), EncodingRequest(stays, ["a"])], encoder)
    assert encoder.passes == [["a"]]
    assert int(np.argmax(rows[0])) == 0
    assert encoder.counted < 3_000


@pytest.mark.parametrize("text", ["one " * 100, "x" * 400, "Short. " * 50, "", "\n" * 40])
def test_passages_fit_the_model_and_leave_nothing_out(text: str) -> None:
    encoder = CountingEncoder()
    result = passages.cut([text], encoder)[text]
    assert all(count <= encoder.max_tokens for _, count in result)
    assert "".join("".join(piece for piece, _ in result).split()) == "".join(text.split())
