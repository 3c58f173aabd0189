"""Answers with a form: a JSON Schema is compiled to a grammar, which says before each token which ones may come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import llguidance
import numpy as np
import torch
import transformers

from orchestrion.values import JsonData
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Tokenizer

_MOST_SCHEMA_CHARACTERS: Final = 1 << 20
_KEPT_GRAMMARS: Final = 16
_LONGEST_EXPLANATION: Final = 300
# At most one space between two parts: small models write white space for ever where they may.
_WHITE_SPACE: Final = " ?"


class Constraint:
    """Which tokens may come next in one text, so that it becomes what its schema says."""

    def __init__(self, matcher: llguidance.LLMatcher) -> None:
        """Starts with nothing written."""
        self._matcher = matcher

    @property
    def is_complete(self) -> bool:
        """Whether the text is whole, and nothing can follow."""
        return self._matcher.is_stopped() and not self._matcher.is_error()

    @property
    def problem(self) -> str:
        """Why the schema can be followed no further; empty where it can."""
        return _explained(self._matcher.get_error()) if self._matcher.is_error() else ""

    def add(self, token: int) -> None:
        """Takes in the token that was chosen."""
        self._matcher.consume_token(token)

    def allowed(self, token_count: int) -> torch.Tensor:
        """Returns which tokens may come next: a tensor of truth values of shape (token_count,)."""
        bits = np.unpackbits(np.frombuffer(self._matcher.compute_bitmask(), np.uint8), bitorder="little")
        allowed = torch.zeros(token_count, dtype=torch.bool)
        count = min(token_count, len(bits))
        allowed[:count] = torch.from_numpy(bits[:count].view(np.bool_))
        return allowed


class SchemaCompiler:
    """Compiles JSON Schemas to constraints on the tokens of one tokenizer."""

    def __init__(self, tokenizer: Tokenizer, token_count: int, ends: Sequence[int]) -> None:
        """Sorts the tokens of the tokenizer by their bytes, which takes up to a second.

        Args:
            tokenizer: Its backend must be the library `tokenizers`.
            token_count: How many tokens the model scores.
            ends: The tokens that end a text.

        Raises:
            ValueError: The tokenizer is written in Python, or of a kind whose tokens have no bytes.
        """
        if not isinstance(tokenizer, transformers.PreTrainedTokenizerFast):
            raise ValueError("its tokenizer is none of the library `tokenizers`")
        backend = json.loads(tokenizer.backend_tokenizer.to_str()) | {"padding": None, "truncation": None}
        # What the tokens say is known without what stands around each text.
        self._tokenizer = llguidance.LLTokenizer(
            json.dumps(backend), n_vocab=max(token_count, len(tokenizer)), eos_token=list(ends) or None
        )
        self._compiled = lru_cache(maxsize=_KEPT_GRAMMARS)(self._compile)

    def constraint(self, call: Call, schema: JsonData) -> Constraint:
        """Compiles a schema; one that was compiled lately is taken as it is.

        Args:
            call: Names the input `schema` in errors.
            schema: The JSON Schema.

        Raises:
            InvalidArgumentError: It is none, or one that cannot be enforced; the message says what of it.
        """
        # That is another spelling of the schema that any JSON fits.
        schema = {} if schema is True else schema
        if not isinstance(schema, dict):
            raise call.bad_input("schema", 'must be a JSON Schema: an object, such as {"type": "object"}.')
        text = json.dumps(schema)
        if len(text) > _MOST_SCHEMA_CHARACTERS:
            problem = f"has {len(text):,} characters; at most {_MOST_SCHEMA_CHARACTERS:,} are read."
            raise call.bad_input("schema", problem)
        matcher = self._compiled(text)
        if matcher.is_error():
            raise call.bad_input("schema", f"cannot be enforced: {_explained(matcher.get_error())}.")
        return Constraint(matcher.deep_copy())

    def _compile(self, schema: str) -> llguidance.LLMatcher:
        # What the library does not enforce is an error, also where the schema itself asks for leniency (`x-guidance`).
        grammar = llguidance.LLMatcher.grammar_from_json_schema(
            schema, overrides={"whitespace_pattern": _WHITE_SPACE, "lenient": False}
        )
        limits = llguidance.LLParserLimits(verbose_errors=False)
        return llguidance.LLMatcher(self._tokenizer, grammar, log_level=0, limits=limits)


def _explained(error: str) -> str:
    """Returns an error of the library in one line, without what is meant for its programmers."""
    lines = (line.strip() for line in error.splitlines())
    text = " ".join(line for line in lines if line.strip("^"))
    return text.partition(" Enable '")[0][:_LONGEST_EXPLANATION].rstrip(". ") or "for a reason that was not told"
