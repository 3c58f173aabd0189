"""How many tokens the model's context has, and whether a prompt fits: by real counts where the endpoint gives them.

The length of the context is the first of these that is known: what the endpoint said when it refused a prompt, the
setting, what the endpoint's list of models has. Where none is known, everything fits until the endpoint refuses.

A prompt's tokens are the first of these that decides: no more than its bytes, which is certain for every tokenizer
that can write any text; what the endpoint's own tokenizer counts; what the endpoint has counted in earlier prompts of
its kind (`prompt_tokens`), by the byte, and a tenth more; one for 2.5 bytes, where it has counted none yet. English
prompts take some 4 bytes a token, Chinese ones 2 to 3, so that kinds are told apart by their bytes beyond ASCII. Where
an estimate is too low, the endpoint's refusal corrects it.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final

from orchestrion.errors import OrchestrionError
from orchestrion_controller.language_model.failures import ContextRefusal
from orchestrion_controller.language_model.messages import ChatMessage, LanguageModelConfig, byte_count
from orchestrion_controller.language_model.side_calls import SideCalls
from orchestrion_controller.language_model.tokenizing import TEMPLATE_TOKENS, EndpointTokenizer

_log = logging.getLogger(__name__)

MOST_REPLY_TOKENS: Final = 2048
"""What is kept free for the reply, or a quarter of a context that is shorter than four times that."""
_MARGIN: Final = 1.1
_FIRST_BYTES_A_TOKEN: Final = 2.5
_MIXED: Final = 0.2
"""From this share of bytes beyond ASCII on, a prompt counts as one of another script."""
_SHRINK: Final = 0.75
_FRESH_S: Final = 600.0
_AFTER_FAILURE_S: Final = 60.0
_LENGTH_FIELDS: Final = (
    "max_model_len",  # vLLM, SGLang
    "loaded_context_length",  # LM Studio
    "context_length",  # OpenRouter, Together
    "context_window",  # Groq
    "max_context_length",  # Mistral
)


class ContextWindow:
    """The context of one model at one endpoint."""

    def __init__(self, config: LanguageModelConfig, beside: SideCalls, tokenizer: EndpointTokenizer) -> None:
        """Makes no call.

        Args:
            config: The model.
            beside: The client for calls besides the chat.
            tokenizer: The endpoint's tokenizer.
        """
        self._config = config
        self._beside = beside
        self._tokenizer = tokenizer
        self._refused_at = 0
        """The context's length by the endpoint's own refusal; 0 before one."""
        self._reported_tokens = 0
        self._ask_again_at = -math.inf
        self._asking = asyncio.Lock()
        self._ratios: dict[bool, deque[float]] = {kind: deque(maxlen=16) for kind in (False, True)}
        """Tokens a byte of the last prompts; those of another script than ASCII by themselves."""
        self._most_bytes = math.inf
        """Bytes from which on prompts count as too long, after a refusal without numbers."""

    async def tokens(self) -> int:
        """Returns how many tokens the context has; 0 where that is unknown."""
        if self._refused_at or self._config.context_tokens:
            return self._refused_at or self._config.context_tokens
        async with self._asking:
            now = asyncio.get_running_loop().time()
            if now >= self._ask_again_at:
                try:
                    self._reported_tokens = await self._ask()
                    self._ask_again_at = now + _FRESH_S
                except OrchestrionError:
                    # Not reported here: the chat itself will fail where the endpoint cannot be reached.
                    self._ask_again_at = now + _AFTER_FAILURE_S
        return self._reported_tokens

    async def fits(self, messages: Sequence[ChatMessage]) -> bool:
        """Whether a prompt leaves room for a reply."""
        size = byte_count(messages)
        if size > self._most_bytes:
            return False
        context = await self.tokens()
        if not context:
            return True
        room = context - min(MOST_REPLY_TOKENS, context // 4)
        template = TEMPLATE_TOKENS * (len(messages) + 1)
        if size + template <= room:
            return True
        try:
            counted = await self._tokenizer.count(messages)
        except OrchestrionError:
            counted = None
        if counted is not None:
            return counted <= room
        return size * self._tokens_a_byte(messages) + template <= room

    def learn_usage(self, messages: Sequence[ChatMessage], prompt_tokens: int) -> None:
        """Records how many tokens the endpoint counted in a prompt."""
        if prompt_tokens > 0 and (size := byte_count(messages)):
            self._ratios[_is_mixed(messages)].append(min(1.0, prompt_tokens / size))

    def learn_refusal(self, messages: Sequence[ChatMessage], refusal: ContextRefusal) -> None:
        """Records that a prompt was refused as too long, so that `fits` is False for it from now on."""
        size = byte_count(messages)
        self._tokenizer.distrust()
        if refusal.context_tokens:
            self._refused_at = refusal.context_tokens
            set_to = self._config.context_tokens
            if set_to > refusal.context_tokens:
                _log.warning("llm_context_tokens is %d, but the endpoint has %d", set_to, refusal.context_tokens)
        if refusal.prompt_tokens:
            self._ratios[_is_mixed(messages)].append(min(1.0, refusal.prompt_tokens / max(1, size)))
        if not (refusal.context_tokens and refusal.prompt_tokens):
            self._most_bytes = min(self._most_bytes, size * _SHRINK)
        _log.info("the language model's endpoint refused a prompt of %d bytes as too long", size)

    def _tokens_a_byte(self, messages: Sequence[ChatMessage]) -> float:
        ratios = self._ratios[_is_mixed(messages)]
        return max(ratios) * _MARGIN if ratios else 1 / _FIRST_BYTES_A_TOKEN

    async def _ask(self) -> int:
        if not self._config.base_url:
            return 0  # OpenAI's list has no lengths.
        listed = await self._beside.get("/models", of_api=True)
        entries = listed.get("data") if isinstance(listed, Mapping) else None
        models = [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []
        named = [entry for entry in models if entry.get("id") == self._config.model]
        if not (named := named or (models if len(models) == 1 else [])):
            return 0
        if length := next((value for field in _LENGTH_FIELDS if (value := _integer(named[0].get(field)))), 0):
            return length
        if named[0].get("owned_by") != "llamacpp":
            return 0
        # llama.cpp lists the length of training; the one that is served is in `/props`.
        props = await self._beside.get("/props")
        settings = props.get("default_generation_settings") if isinstance(props, Mapping) else None
        return _integer(settings.get("n_ctx")) if isinstance(settings, Mapping) else 0


def _is_mixed(messages: Sequence[ChatMessage]) -> bool:
    beyond = sum(not sign.isascii() for message in messages for sign in message["content"])
    # A sign beyond ASCII has two bytes at least, most often three.
    return 3 * beyond > _MIXED * byte_count(messages)


def _integer(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
