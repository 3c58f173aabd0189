"""Causal language models: they continue a text or a conversation; the calls of a batch are decoded together."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import torch
import transformers

from orchestrion.errors import OrchestrionError
from orchestrion_host import ipc
from orchestrion_host.families import context_limits
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model, Tokenizer
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.generation import batch_decoding, parameters
from orchestrion_host.worker.models.generation.constraints import Constraint, SchemaCompiler
from orchestrion_host.worker.models.generation.detokenization import Detokenizer
from orchestrion_host.worker.models.generation.repetition import RowRepetitionLogitsProcessor
from orchestrion_host.worker.models.generation.sampling import RowLogitsProcessor, Sampling
from orchestrion_host.worker.models.text import chat_prompts
from orchestrion_host.worker.models.text.chat_prompts import ChatPrompts
from orchestrion_host.worker.runtimes import Outputs, Result, read_each
from orchestrion_host.worker.text import inputs, token_limits

_log = logging.getLogger(__name__)
_USUAL_TOKENS: Final = 512
_WARM_UP_TOKENS: Final = 512
# So many tokens in front of the new ones decide whether a space stands between them.
_TOKENS_BEFORE: Final = 6


@dataclass(frozen=True, slots=True)
class _Prompt:
    tokens: list[int]
    row: batch_decoding.DecodingRow
    sampling: Sampling
    omitted_turn_count: int = 0


class CausalLm(TorchExpert):
    """A causal language model."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Options: `max_length`, the tokens of a prompt and what is written together (the model's context, at most
        8,192 when left out); `max_tokens`, how many are written when a call does not say; `template`, a map of what the
        chat template is given besides.
        """
        checkpoint = Checkpoint(spec)
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)
        self._model: Model = checkpoint.model(transformers.AutoModelForCausalLM)
        super().__init__(checkpoint, self._model)
        self._context = token_limits.most_tokens(checkpoint.config, spec, self._tokenizer, usual=2048)
        if "max_length" not in spec.options:
            self._context = min(self._context, context_limits.MOST_TOKENS)
        self._usual_tokens = int(spec.options.get("max_tokens", _USUAL_TOKENS))
        self._settings = self._model.generation_config
        self._ends = [
            *batch_decoding.ends_of(self._tokenizer, self._settings),
            *chat_prompts.turn_ends(self._tokenizer),
        ]
        self._pad = batch_decoding.pad_of(self._tokenizer, self._settings, self._ends)
        self._chats = ChatPrompts(self._tokenizer, spec.options.get("template", {}))
        self._schemas = self._schema_compiler() if "conversational" in spec.task_types else None

    def warm_up(self) -> None:
        """Reads a long prompt and writes two tokens."""
        size = (1, min(_WARM_UP_TOKENS, self._context - 2))
        ids = torch.full(size, self._pad, device=self.checkpoint.device)
        with torch.inference_mode():
            self._model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=self._plain_settings(2)
            )

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Writes all texts of a batch together."""
        prompts, results = read_each(batch, self._prompt)
        if prompts:
            self._write(list(prompts.values()))
        for place, prompt in prompts.items():
            results[place] = _outputs(prompt)
        return [results[place] for place in range(len(batch))]

    def _prompt(self, call: Call) -> _Prompt:
        max_tokens = parameters.most_tokens(call, self._usual_tokens)
        sampling = parameters.sampling(call)
        if call.task_type == "conversational":
            # A short answer must have room; the rest of the context is for the conversation.
            chat = self._chats.prompt(call, self._context - min(max_tokens, max(1, self._context // 4)))
            tokens, omitted_turn_count = chat.tokens, chat.omitted_turn_count
            constraint = self._constraint(call)
            # What an answer with a form may hold is for the form to say.
            ends = self._chats.ends if constraint is None else ()
            detokenizer = Detokenizer(self._tokenizer, ends=ends)
        else:
            tokens, omitted_turn_count, constraint = self._text_tokens(call), 0, None
            detokenizer = Detokenizer(self._tokenizer, tokens[-_TOKENS_BEFORE:], keeps_spaces=True)
        row = batch_decoding.DecodingRow(
            call,
            detokenizer,
            min(max_tokens, self._context - len(tokens)),
            partial(call.text_piece, "text"),
            constraint,
        )
        return _Prompt(tokens, row, sampling, omitted_turn_count)

    def _constraint(self, call: Call) -> Constraint | None:
        schema = call.inputs.get("schema")
        if schema is None:
            return None
        if self._schemas is None:
            raise call.bad_input("schema", "cannot be enforced by this expert, whose tokens have no bytes.")
        return self._schemas.constraint(call, schema.get("json") if isinstance(schema, dict) else schema)

    def _schema_compiler(self) -> SchemaCompiler | None:
        """Makes what enforces schemas; None where the tokenizer is of a kind for which that cannot be done."""
        token_count: int = self._model.get_output_embeddings().weight.shape[0]
        try:
            return SchemaCompiler(self._tokenizer, token_count, self._ends or [self._pad])
        except ValueError as error:
            _log.warning("%s takes no schema of its answers: %s.", self.checkpoint.spec.expert_id, error)
            return None

    def _text_tokens(self, call: Call) -> list[int]:
        text = inputs.text(call, "text")
        # Tokenizers of models that also take pairs end a text, after which nothing would come.
        tokens: list[int] = self._tokenizer(text, split_special_tokens=True)["input_ids"]
        while len(tokens) > 1 and tokens[-1] == self._tokenizer.eos_token_id:
            tokens = tokens[:-1]
        if len(tokens) >= self._context:
            problem = (
                f"has {len(tokens):,} tokens; this expert reads and writes {self._context:,} together. Shorten it."
            )
            raise call.bad_input("text", problem, token_count=len(tokens), limit_token_count=self._context)
        return tokens

    def _write(self, prompts: Sequence[_Prompt]) -> None:
        """Writes one text for each prompt; their rows hold them then."""
        width = max(len(prompt.tokens) for prompt in prompts)
        tokens = torch.full((len(prompts), width), self._pad)
        mask = torch.zeros((len(prompts), width), dtype=torch.long)
        for place, prompt in enumerate(prompts):
            # What is written stands to the right of all prompts.
            tokens[place, width - len(prompt.tokens) :] = torch.tensor(prompt.tokens)
            mask[place, width - len(prompt.tokens) :] = 1
        rows = [prompt.row for prompt in prompts]
        processors: list[transformers.LogitsProcessor] = [
            RowRepetitionLogitsProcessor([row.constraint is None for row in rows], self._settings),
            RowLogitsProcessor([prompt.sampling for prompt in prompts], self._settings),
        ]
        if any(row.constraint for row in rows):
            processors.insert(1, batch_decoding.RowConstraintLogitsProcessor(rows))
        device = self.checkpoint.device
        with torch.inference_mode():
            self._model.generate(
                input_ids=tokens.to(device),
                attention_mask=mask.to(device),
                generation_config=self._plain_settings(max(row.most_tokens for row in rows)),
                logits_processor=transformers.LogitsProcessorList(processors),
                stopping_criteria=[batch_decoding.RowStoppingCriteria(rows, self._ends)],
            )

    def _plain_settings(self, most_tokens: int) -> transformers.GenerationConfig:
        """Returns settings for greedy search, which is all that streams; what else is done is done row by row."""
        settings = self._settings
        return transformers.GenerationConfig(  # type: ignore[no-untyped-call]  # The library is not typed here.
            max_new_tokens=most_tokens,
            do_sample=False,
            num_beams=1,
            # What is not said here would be taken from the checkpoint.
            repetition_penalty=1.0,
            no_repeat_ngram_size=0,
            bos_token_id=settings.bos_token_id,
            eos_token_id=self._ends or None,
            pad_token_id=self._pad,
        )


def _outputs(prompt: _Prompt) -> Result:
    row = prompt.row
    row.end()
    try:
        row.call.raise_if_cancelled()
    except OrchestrionError as error:
        return error
    if row.constraint is not None and row.constraint.problem:
        return row.call.bad_input("schema", f"could not be enforced to the end: {row.constraint.problem}.")
    outputs: Outputs = {"text": row.detokenizer.text}
    if row.call.task_type != "conversational":
        return outputs
    return {
        **outputs,
        "prompt_token_count": float(len(prompt.tokens)),
        "completion_token_count": float(row.count),
        "finish_reason": row.finish_reason,
        "omitted_turn_count": float(prompt.omitted_turn_count),
    }


load = CausalLm
