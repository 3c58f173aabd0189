"""Batches of inputs for a seq2seq model: grouped by generation settings, bounded in size, streamed in order."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol, TypeAlias

import torch

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Argument, Model, Tokenizer
from orchestrion_host.worker.models.checkpoint import Checkpoint
from orchestrion_host.worker.models.generation import batch_decoding
from orchestrion_host.worker.models.generation.detokenization import Detokenizer, OrderedParts
from orchestrion_host.worker.models.generation.stopping import StopWhenCancelled

Settings: TypeAlias = tuple[tuple[str, Argument], ...]
"""Arguments of generation, in an order of their own, so that equal ones compare equal."""

_BATCH_TOKENS: Final = 4096
_BATCH_ROWS: Final = 16
# The settings of generation hold the limit.
_UNLIMITED: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class EncoderInput:
    """A text to be rewritten."""

    call: Call
    tokens: list[int]
    """The text with the marks of the model."""
    settings: Settings = ()
    parts: OrderedParts | None = field(default=None, compare=False)
    """Where what is written is streamed to; None where it is not shown."""
    part: int = 0
    """Its place among the parts."""


class Rewriter(Protocol):
    """What a task, such as a translation, needs of the model that does it."""

    checkpoint: Checkpoint
    """Its checkpoint."""
    lock: threading.Lock
    """Holds the tokenizer while it is set to a language."""
    max_tokens: int
    """How many tokens are read at once."""
    usual_tokens: int
    """How many tokens are written at most when a call does not say."""
    own_lengths: tuple[int, int]
    """The least and the most tokens that the checkpoint writes by itself; 0 for none."""

    def encode(self, text: str) -> list[int]:
        """Returns the tokens of a text."""
        ...


class Seq2SeqBatches:
    """A model that rewrites texts, and its tokenizer."""

    def __init__(self, model: Model, tokenizer: Tokenizer, checkpoint: Checkpoint, silent: Collection[int]) -> None:
        """Keeps them.

        Args:
            model: The model.
            tokenizer: Its tokenizer.
            checkpoint: Has its device.
            silent: Tokens that say nothing, such as those of languages.
        """
        self._model = model
        self._tokenizer = tokenizer
        self._checkpoint = checkpoint
        self._silent = frozenset(silent)
        self._ends = batch_decoding.ends_of(tokenizer, model.generation_config)
        self.pad = batch_decoding.pad_of(tokenizer, model.generation_config, self._ends)
        """The token that fills short rows."""

    def write(self, sources: Sequence[EncoderInput]) -> list[str]:
        """Writes a text for each source.

        Args:
            sources: The sources, those of one call in their order.

        Returns:
            The texts in order; what cancelled calls wanted is empty or cut off.
        """
        texts: dict[int, str] = {}
        totals = Counter(source.call for source in sources)
        done: Counter[Call] = Counter()
        for places in _batches(sources):
            wanted = [place for place in places if not sources[place].call.cancelled]
            if wanted:
                texts.update(zip(wanted, self._written([sources[place] for place in wanted]), strict=True))
            for call, count in Counter(sources[place].call for place in wanted).items():
                done[call] += count
                if totals[call] > 1 and not call.cancelled:
                    call.progress("writing part by part", done[call] / totals[call])
        return [texts.get(place, "") for place in range(len(sources))]

    def _written(self, sources: Sequence[EncoderInput]) -> list[str]:
        width = max(len(source.tokens) for source in sources)
        tokens = torch.full((len(sources), width), self.pad)
        mask = torch.zeros((len(sources), width), dtype=torch.long)
        for place, source in enumerate(sources):
            tokens[place, : len(source.tokens)] = torch.tensor(source.tokens)
            mask[place, : len(source.tokens)] = 1
        settings = dict(sources[0].settings)
        beams = settings.get("num_beams", self._model.generation_config.num_beams) or 1
        rows = [
            batch_decoding.DecodingRow(
                source.call, Detokenizer(self._tokenizer, silent=self._silent), _UNLIMITED, partial(_emit, source)
            )
            for source in sources
        ]
        # With one beam a token is certain when it comes; several change their minds until the end.
        stops = (
            batch_decoding.RowStoppingCriteria(rows, self._ends)
            if beams == 1
            else StopWhenCancelled([row.call for row in rows])
        )
        with torch.inference_mode():
            sequences = self._model.generate(
                input_ids=tokens.to(self._checkpoint.device),
                attention_mask=mask.to(self._checkpoint.device),
                do_sample=False,
                stopping_criteria=[stops],
                **settings,
            )
        if beams > 1:
            self._fill(rows, sequences.tolist())
        for row, source in zip(rows, sources, strict=True):
            row.end()
            if source.parts is not None:
                source.parts.end(source.part)
        return [row.detokenizer.text for row in rows]

    def _fill(self, rows: Sequence[batch_decoding.DecodingRow], sequences: Sequence[Sequence[int]]) -> None:
        """Writes what a search with several beams found."""
        for row, tokens in zip(rows, sequences, strict=True):
            # The first token is the start of every text.
            for token in tokens[1:]:
                if token not in self._ends and token != self.pad:
                    row.add(token)


def _batches(sources: Sequence[EncoderInput]) -> Iterator[list[int]]:
    """Yields the places of sources with equal settings, in order, so that the first parts are written first."""
    left = list(range(len(sources)))
    while left:
        chosen: list[int] = []
        longest = 0
        for place in left:
            source = sources[place]
            if source.settings != sources[left[0]].settings:
                continue
            longest = max(longest, len(source.tokens))
            if chosen and (longest * (len(chosen) + 1) > _BATCH_TOKENS or len(chosen) == _BATCH_ROWS):
                break
            chosen.append(place)
        yield chosen
        left = [place for place in left if place not in chosen]


def _emit(source: EncoderInput, piece: str) -> None:
    if source.parts is not None:
        source.parts.add(source.part, piece)
