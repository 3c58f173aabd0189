"""Counts a prompt's tokens by the endpoint's own tokenizer, where it serves one.

The controller has no tokenizer: each model has its own, of megabytes, and another's counts are only an estimate.
Servers of open models have the right one loaded, and count a prompt in a millisecond or two.

| server | call | answer |
|---|---|---|
| vLLM | `POST /tokenize` with the messages | `count`, by the model's chat template |
| llama.cpp | `POST /apply-template`, then `POST /tokenize` with the text | `tokens` |
| SGLang | `POST /tokenize` with the text | `count`, without what the chat template adds |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from orchestrion_controller.language_model.messages import ChatMessage
from orchestrion_controller.language_model.side_calls import SideCalls

TEMPLATE_TOKENS: Final = 16
"""More than a chat template adds to each message, and once more to the whole."""


class EndpointTokenizer:
    """The endpoint's tokenizer; which of the calls it supports is determined once."""

    def __init__(self, beside: SideCalls, model: str) -> None:
        """Makes no call.

        Args:
            beside: The client for calls besides the chat.
            model: The model's name, as the endpoint knows it.
        """
        self._post = beside.post
        self._model = model
        self._ways: list[Callable[[Sequence[ChatMessage]], Awaitable[int | None]]] = [
            self._by_messages,
            self._by_template,
            self._by_text,
        ]

    async def count(self, messages: Sequence[ChatMessage]) -> int | None:
        """Counts the tokens of a prompt; None where the endpoint has no call for it.

        Raises:
            UnavailableError: The endpoint does not answer now.
        """
        while self._ways:
            counted = await self._ways[0](messages)
            if counted is not None:
                return counted
            del self._ways[0]
        return None

    def distrust(self) -> None:
        """Stops using the tokenizer: its counts have proved wrong."""
        self._ways.clear()

    async def _by_messages(self, messages: Sequence[ChatMessage]) -> int | None:
        body = {"model": self._model, "messages": list(messages), "add_generation_prompt": True}
        return _integer(await self._post("/tokenize", body), "count")

    async def _by_template(self, messages: Sequence[ChatMessage]) -> int | None:
        answer = await self._post("/apply-template", {"messages": list(messages)})
        prompt = answer.get("prompt") if isinstance(answer, Mapping) else None
        if not isinstance(prompt, str):
            return None
        answer = await self._post("/tokenize", {"content": prompt, "add_special": True})
        tokens = answer.get("tokens") if isinstance(answer, Mapping) else None
        return len(tokens) if isinstance(tokens, list) and tokens else None

    async def _by_text(self, messages: Sequence[ChatMessage]) -> int | None:
        text = "\n".join(message["content"] for message in messages)
        counted = _integer(await self._post("/tokenize", {"model": self._model, "prompt": text}), "count")
        return None if counted is None else counted + TEMPLATE_TOKENS * (len(messages) + 1)


def _integer(answer: object, name: str) -> int | None:
    value = answer.get(name) if isinstance(answer, Mapping) else None
    return value if isinstance(value, int) and value > 0 else None
