"""Whether a prompt fits in the context of an expert, by its facts and by what it has counted and refused.

The controller has no tokenizer, so a prompt's tokens are estimated (`TokenEstimates`). A wrong estimate is corrected by
the expert's refusal, which comes before any reply.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_controller.language_model import ChatMessage
from orchestrion_controller.language_model.messages import byte_count
from orchestrion_controller.language_model.token_estimates import TokenEstimates

_log = logging.getLogger(__name__)

_REPLY_TOKENS: Final = 2048
"""What a reply may have where nobody says, or a quarter of a context that is shorter than four times that."""
_SHRINK: Final = 0.75
_LIMIT: Final = "limit_token_count"
_OTHER_LIMITS: Final = ("limit_character_count", "limit_turn_count")
"""What the errors of prompts that are too long carry."""


class ExpertWindow:
    """The context of one expert."""

    def __init__(self, of_facts: Callable[[], int], context_tokens: int) -> None:
        """Starts without experience.

        Args:
            of_facts: Returns the length that the facts of the expert have, in tokens; 0 where they have none.
            context_tokens: The length by the operator's setting; 0 for that of the facts.
        """
        self._of_facts = of_facts
        self._set_to = context_tokens
        self._estimates = TokenEstimates()
        self._most_prompt_tokens = math.inf
        """What the expert said that it reads at most, when it refused a prompt."""
        self._most_bytes = math.inf
        """Longer prompts are too long, after a refusal that counts no tokens."""

    @property
    def tokens(self) -> int:
        """How many tokens the context has; 0 where it is unknown."""
        return self._set_to or self._of_facts()

    @property
    def reply_tokens(self) -> int:
        """How many tokens a reply may have where nobody says."""
        return max(1, min(_REPLY_TOKENS, self.tokens // 4)) if self.tokens else _REPLY_TOKENS

    def fits(self, messages: Sequence[ChatMessage]) -> bool:
        """Whether a prompt leaves room for a reply."""
        room = min(self.tokens - self.reply_tokens if self.tokens else math.inf, self._most_prompt_tokens)
        return byte_count(messages) <= self._most_bytes and self._estimates.of(messages) <= room

    def learn_usage(self, messages: Sequence[ChatMessage], prompt_tokens: int) -> None:
        """Records how many tokens the expert counted in a prompt; 0 where it counts none."""
        self._estimates.learn(messages, prompt_tokens)

    def learn_omission(self, messages: Sequence[ChatMessage]) -> None:
        """Records that the expert read only the end of a prompt, so that `fits` is False for it from now on."""
        self._most_bytes = min(self._most_bytes, byte_count(messages) * _SHRINK)

    def learn_refusal(self, messages: Sequence[ChatMessage], error: OrchestrionError) -> bool:
        """Records a refusal of a prompt as too long, so that `fits` is False for it from now on.

        Returns:
            Whether the error is such a refusal.
        """
        said = error.metadata
        if error.reason != Reason.INVALID_INPUT.name or not said.keys() & {_LIMIT, *_OTHER_LIMITS}:
            return False
        limit, counted = _integer(said.get(_LIMIT)), _integer(said.get("token_count"))
        if limit:
            self._most_prompt_tokens = min(self._most_prompt_tokens, limit)
        self._estimates.learn(messages, counted)
        if not (limit and counted):
            self.learn_omission(messages)
        _log.info("the language model's expert refused a prompt of %d bytes as too long", byte_count(messages))
        return True


def _integer(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
