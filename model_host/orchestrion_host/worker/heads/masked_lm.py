"""Gaps in a text filled in by a masked language model; several gaps one after the other, the best fillings kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from orchestrion.errors import OrchestrionError
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.heads.model import HeadExpert, TextModel
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.runtimes import Outputs, Result, read_each
from orchestrion_host.worker.text import control_tokens, inputs, token_limits

GAP: Final = re.compile(r"\[MASK\]|<mask>|_{3,}", re.IGNORECASE)
"""How a gap is written, whichever mark the model itself has."""

_CANDIDATES: Final = 5
_MOST_GAPS: Final = 8
# Each token comes out as a row of the whole vocabulary.
_PASS_TOKENS: Final = 1024


@dataclass(frozen=True, slots=True)
class _Filling:
    """A text of which the first gaps are filled in."""

    tokens: list[int]
    words: tuple[int, ...] = ()
    score: float = 1.0


class MaskedLm(HeadExpert):
    """A masked language model."""

    def __init__(self, model: TextModel) -> None:
        """Keeps the model. Option: `max_length` in tokens.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: its tokenizer has no mark for gaps.
        """
        if model.tokenizer.mask_token is None:
            raise model.spec.refused("its tokenizer has no mask.")
        super().__init__(model)

    def warm_up(self) -> None:
        """Fills a gap in a text of the greatest length."""
        mask = int(self.tokenizer.mask_token_id)
        self._shares([_Filling([mask] * self.max_tokens)])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Fills in texts, the next gap of each in every pass."""
        fillings, results = read_each(batch, lambda call: [_Filling(self._tokens(call))])
        while len(results) < len(batch):
            for place in [place for place in fillings if place not in results]:
                try:
                    batch[place].raise_if_cancelled()
                except OrchestrionError as error:
                    results[place] = error
                    continue
                if self.tokenizer.mask_token_id not in fillings[place][0].tokens:
                    results[place] = self._outputs(batch[place], fillings[place])
            running = [place for place in fillings if place not in results]
            self._fill_next(fillings, running)
        return [results[place] for place in range(len(batch))]

    def _tokens(self, call: Call) -> list[int]:
        text = inputs.text(call, "text")
        gaps = len(GAP.findall(text))
        if not 1 <= gaps <= _MOST_GAPS:
            problem = f"has {gaps} gaps; write 1 to {_MOST_GAPS} of them as [MASK] or ___."
            raise call.bad_input("text", problem, gap_count=gaps, limit_gap_count=_MOST_GAPS)
        tokens = self._with_gaps(text)
        if len(tokens) > self.max_tokens:
            problem = f"has {len(tokens):,} tokens; this expert reads {self.max_tokens:,} at once. Shorten it."
            raise call.bad_input("text", problem, token_count=len(tokens), limit_token_count=self.max_tokens)
        return tokens

    def _with_gaps(self, text: str) -> list[int]:
        """Tokenizes a text, its gaps as masks; other control tokens in it are text."""
        mask = self.tokenizer.mask_token
        if not control_tokens.occur(GAP.sub(" ", text), self.tokenizer):
            tokens: list[int] = self.tokenizer(GAP.sub(mask, text), split_special_tokens=False)["input_ids"]
            return tokens
        # Only the marks that the tokenizer puts around a text, and the mask between them.
        frame: list[int] = self.tokenizer(mask, split_special_tokens=False)["input_ids"]
        place = frame.index(self.tokenizer.mask_token_id)
        pieces = [self.tokenizer(piece, add_special_tokens=False)["input_ids"] for piece in GAP.split(text)]
        masked = [token for own in pieces for token in (self.tokenizer.mask_token_id, *own)][1:]
        return [*frame[:place], *masked, *frame[place + 1 :]]

    def _fill_next(self, fillings: dict[int, list[_Filling]], running: Sequence[int]) -> None:
        """Fills the next gap of each text in the likeliest ways and keeps the best of what comes out."""
        rows = [(place, filling) for place in running for filling in fillings[place]]
        shares = self._shares([filling for _, filling in rows])
        grown: dict[int, list[_Filling]] = {place: [] for place in running}
        for (place, filling), row in zip(rows, shares, strict=True):
            gap = filling.tokens.index(self.tokenizer.mask_token_id)
            count = min(_CANDIDATES, len(row))
            best = np.argpartition(-row, count - 1)[:count]
            for token in sorted(best.tolist(), key=lambda token: -row[token]):
                tokens = [*filling.tokens[:gap], token, *filling.tokens[gap + 1 :]]
                grown[place].append(_Filling(tokens, (*filling.words, token), filling.score * float(row[token])))
        for place, candidates in grown.items():
            fillings[place] = sorted(candidates, key=lambda filling: -filling.score)[:_CANDIDATES]

    def _shares(self, fillings: Sequence[_Filling]) -> list[Array]:
        """Returns for each text how likely each token is in its first gap: arrays of shape (vocabulary,)."""
        distributions: dict[int, Array] = {}
        mask = self.tokenizer.mask_token_id
        for places in token_limits.passes([len(filling.tokens) for filling in fillings], _PASS_TOKENS):
            rows = [{"input_ids": fillings[place].tokens} for place in places]
            (logits,) = self.run(rows, ["logits"], [fillings[place].tokens.index(mask) for place in places])
            logits[:, mask] = -np.inf
            shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
            distributions.update(zip(places, shares / shares.sum(axis=-1, keepdims=True), strict=True))
        return [distributions[place] for place in range(len(fillings))]

    def _outputs(self, call: Call, fillings: Sequence[_Filling]) -> Outputs:
        text = call.text("text")
        candidates = []
        for filling in fillings:
            words = [self.tokenizer.decode([token], skip_special_tokens=False).strip() for token in filling.words]
            left = iter(words)
            filled = GAP.sub(lambda _, left=left: next(left), text)  # type: ignore[misc]  # Lambdas with defaults are not inferred.
            candidates.append({"word": ", ".join(words), "text": filled, "score": filling.score})
        return {"text": candidates[0]["text"], "score": candidates[0]["score"], "candidates": {"json": candidates}}


build = MaskedLm
