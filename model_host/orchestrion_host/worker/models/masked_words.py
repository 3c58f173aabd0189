"""Gaps in a text filled in by a masked language model; several gaps one after the other, the best fillings kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
import transformers

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host import wire
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.models import token_limits
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.runtimes import Outputs, Result
from orchestrion_host.worker.text import inputs

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


class GapFiller(TorchExpert):
    """A masked language model."""

    def __init__(self, spec: wire.Load) -> None:
        """Loads it. Option: `max_length` in tokens.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: its tokenizer has no mark for gaps.
        """
        checkpoint = Checkpoint(spec)
        self._tokenizer: Any = checkpoint.processor(transformers.AutoTokenizer)
        if self._tokenizer.mask_token is None:
            raise Reason.EXPERT_LOAD_FAILED.error(
                f"{spec.expert_id}: its tokenizer has no mask.", expert=spec.expert_id
            )
        self._model: Any = checkpoint.model(transformers.AutoModelForMaskedLM)
        super().__init__(checkpoint, self._model)
        token_limits.give_padding(self._tokenizer, self._model)
        self._max_tokens = token_limits.most_tokens(checkpoint, self._tokenizer)

    def warm_up(self) -> None:
        """Fills a gap in a text of the greatest length."""
        mask = int(self._tokenizer.mask_token_id)
        self._shares([_Filling([mask] * self._max_tokens)])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Fills in texts, the next gap of each in every pass."""
        results: dict[int, Result] = {}
        fillings: dict[int, list[_Filling]] = {}
        for place, call in enumerate(batch):
            try:
                fillings[place] = [_Filling(self._tokens(call))]
            except OrchestrionError as error:
                results[place] = error
        while len(results) < len(batch):
            for place in [place for place in fillings if place not in results]:
                try:
                    batch[place].raise_if_cancelled()
                except OrchestrionError as error:
                    results[place] = error
                    continue
                if self._tokenizer.mask_token_id not in fillings[place][0].tokens:
                    results[place] = self._outputs(batch[place], fillings[place])
            running = [place for place in fillings if place not in results]
            self._fill_next(fillings, running)
        return [results[place] for place in range(len(batch))]

    def _tokens(self, call: Call) -> list[int]:
        call.raise_if_cancelled()
        text = inputs.text(call, "text")
        gaps = len(GAP.findall(text))
        if not 1 <= gaps <= _MOST_GAPS:
            problem = f"has {gaps} gaps; write 1 to {_MOST_GAPS} of them as [MASK] or ___."
            raise call.bad_input("text", problem, gap_count=gaps, limit_gap_count=_MOST_GAPS)
        tokens: list[int] = self._tokenizer(GAP.sub(self._tokenizer.mask_token, text))["input_ids"]
        if len(tokens) > self._max_tokens:
            problem = f"has {len(tokens):,} tokens; this expert reads {self._max_tokens:,} at once. Shorten it."
            raise call.bad_input("text", problem, token_count=len(tokens), limit_token_count=self._max_tokens)
        return tokens

    def _fill_next(self, fillings: dict[int, list[_Filling]], running: Sequence[int]) -> None:
        """Fills the next gap of each text in the likeliest ways and keeps the best of what comes out."""
        rows = [(place, filling) for place in running for filling in fillings[place]]
        shares = self._shares([filling for _, filling in rows])
        grown: dict[int, list[_Filling]] = {place: [] for place in running}
        for (place, filling), row in zip(rows, shares, strict=True):
            best = row.topk(min(_CANDIDATES, len(row)))
            gap = filling.tokens.index(self._tokenizer.mask_token_id)
            for share, token in zip(best.values.tolist(), best.indices.tolist(), strict=True):
                tokens = [*filling.tokens[:gap], token, *filling.tokens[gap + 1 :]]
                grown[place].append(_Filling(tokens, (*filling.words, token), filling.score * share))
        for place, found in grown.items():
            fillings[place] = sorted(found, key=lambda filling: -filling.score)[:_CANDIDATES]

    def _shares(self, fillings: Sequence[_Filling]) -> list[Any]:
        """Returns for each text how likely each token is in its first gap: arrays of shape (vocabulary,)."""
        found: dict[int, Any] = {}
        mask = self._tokenizer.mask_token_id
        for places in token_limits.passes([len(filling.tokens) for filling in fillings], _PASS_TOKENS):
            rows = [{"input_ids": fillings[place].tokens} for place in places]
            padded = self._tokenizer.pad(rows, padding=True, return_tensors="pt")
            padded["attention_mask"] = torch.tensor(
                [
                    [1] * len(row["input_ids"]) + [0] * (padded["input_ids"].shape[1] - len(row["input_ids"]))
                    for row in rows
                ]
            )
            gaps = [fillings[place].tokens.index(mask) for place in places]
            with torch.inference_mode():
                logits = self._model(**self.checkpoint.inputs(padded)).logits
                own = logits[torch.arange(len(places)), gaps].float().cpu()
                own[:, mask] = -torch.inf
            found.update(zip(places, own.softmax(-1), strict=True))
        return [found[place] for place in range(len(fillings))]

    def _outputs(self, call: Call, fillings: Sequence[_Filling]) -> Outputs:
        text = call.text("text")
        candidates = []
        for filling in fillings:
            words = [self._tokenizer.decode([token], skip_special_tokens=False).strip() for token in filling.words]
            left = iter(words)
            filled = GAP.sub(lambda _, left=left: next(left), text)  # type: ignore[misc]
            candidates.append({"word": ", ".join(words), "text": filled, "score": filling.score})
        return {"text": candidates[0]["text"], "score": candidates[0]["score"], "candidates": {"json": candidates}}


load = GapFiller
