"""Summarization of texts of any length: what exceeds the model is summarised in parts, and the summaries again."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.models.generation.detokenization import OrderedParts
from orchestrion_host.worker.models.text.seq2seq_batches import EncoderInput, Rewriter, Settings
from orchestrion_host.worker.runtimes import Outputs
from orchestrion_host.worker.text import inputs, passages, sentences

_MOST_SENTENCES: Final = 100
_MOST_ROUNDS: Final = 4
_SENTENCE_TOKENS: Final = 48


class Summaries:
    """How the calls of a summarising model are done."""

    def __init__(self, model: Rewriter) -> None:
        """Reads what the checkpoint says about summaries.

        Args:
            model: The expert that it belongs to: its model, tokenizer and limits.
        """
        self._model = model
        own = (getattr(model.checkpoint.config, "task_specific_params", None) or {}).get("summarization", {})
        self._prefix = str(model.checkpoint.spec.options.get("prefix", own.get("prefix", "")))
        least, most = model.own_lengths
        self._most = int(own.get("max_length") or most)
        if self._most <= 20:
            # The library's own default, which is a third of a sentence.
            self._most = model.usual_tokens
        self._least = int(own.get("min_length") or least)
        self._further = tuple(
            (name, own[name])
            for name in ("length_penalty", "no_repeat_ngram_size", "num_beams", "early_stopping")
            if name in own
        )
        self.max_tokens = model.max_tokens - (len(model.encode(self._prefix)) if self._prefix else 0)
        """How many tokens of a text are read at once, beside the prefix."""

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Counts the tokens of each text."""
        return [len(self._model.encode(text)) for text in texts]

    def steps(self, call: Call) -> Generator[Sequence[EncoderInput], Sequence[str], Outputs]:
        """Summarises the text of a call.

        Raises:
            InvalidArgumentError: The text is blank or too long, or `sentence_count` is no number of sentences.
        """
        text = inputs.text(call, "text")
        wanted = _sentence_count(call)
        for _ in range(_MOST_ROUNDS):
            pieces = passages.cut([text], self, lambda _text: not call.cancelled)[text]
            tokens = [self._model.encode(self._prefix + piece)[: self._model.max_tokens] for piece, _ in pieces]
            separators = ["", *[" "] * (len(pieces) - 1)]
            # Summaries that are summarised again, or cut to some sentences, are not shown.
            is_last = len(pieces) == 1 or (wanted is None and self._fits(pieces))
            parts = OrderedParts(call, separators) if is_last and wanted is None else None
            sources = [
                EncoderInput(call, own, self._settings(len(own), wanted), parts, n) for n, own in enumerate(tokens)
            ]
            summaries = yield sources
            text = " ".join(summary for summary in summaries if summary)
            if is_last or not text.strip():
                break
        if wanted is None:
            return {"text": text}
        text = _first(text, wanted)
        if text:
            call.text_piece("text", text)
        return {"text": text}

    def _fits(self, pieces: Sequence[tuple[str, int]]) -> bool:
        """Whether the summaries of all parts together are short enough to be one."""
        return bool(len(pieces) * self._most <= self.max_tokens)

    def _settings(self, count: int, wanted: int | None) -> Settings:
        """Returns the lengths of a summary of so many tokens: at most the model's own, and less of a short text."""
        most = self._most
        if wanted is not None:
            most = max(min(most, wanted * _SENTENCE_TOKENS), _SENTENCE_TOKENS)
        # A summary that must be longer than its text makes things up.
        least = 0 if wanted is not None else min(self._least, count // 2)
        return (("max_new_tokens", most), ("min_new_tokens", least), *self._further)


def _sentence_count(call: Call) -> int | None:
    if "sentence_count" not in call.inputs:
        return None
    count = call.number("sentence_count")
    if not 1 <= count <= _MOST_SENTENCES:
        raise call.bad_input("sentence_count", f"is {count:g}; it must be from 1 to {_MOST_SENTENCES}.")
    return int(count)


def _first(text: str, count: int) -> str:
    split = sentences.split(text)
    return text if len(split) <= count else " ".join(sentence.text for sentence in split[:count])
