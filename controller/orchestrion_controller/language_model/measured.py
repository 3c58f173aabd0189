"""A language model whose calls are counted and timed for the stage that makes them."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from orchestrion.errors import OrchestrionError
from orchestrion_controller.language_model.chat_model import ChatModel
from orchestrion_controller.language_model.messages import ChatMessage, Ended, Schema
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_serving.metrics import exemplar


class MeasuredChatModel:
    """Asks another model. One chat is one call, whatever retries and other models it takes to answer it."""

    def __init__(self, model: ChatModel, stage: str, metrics: ControllerMetrics) -> None:
        """Keeps the model, the stage's name in lower case, and where its calls are counted."""
        self._model = model
        self._stage = stage
        self._metrics = metrics

    @property
    def model(self) -> str:
        """The model's name."""
        return self._model.model

    async def aclose(self) -> None:
        """Closes nothing: other stages may ask the model as well."""

    async def context_tokens(self) -> int:
        """Returns how many tokens the model's context has; 0 where it is unknown."""
        return await self._model.context_tokens()

    async def fits(self, messages: Sequence[ChatMessage]) -> bool:
        """Whether a prompt leaves room for a reply in the model's context, as far as that is known."""
        return await self._model.fits(messages)

    def too_long(self, context_tokens: int = 0) -> OrchestrionError:
        """The error of a prompt that cannot be made short enough."""
        return self._model.too_long(context_tokens)

    async def chat(
        self, messages: Sequence[ChatMessage], schema: Schema | None = None, *, max_tokens: int = 0
    ) -> AsyncGenerator[str | Ended, None]:
        """Asks for a reply, as `ChatModel.chat` does.

        Yields:
            The pieces, and how the reply ended as the last item.

        Raises:
            OrchestrionError: What `ChatModel.chat` raises.
        """
        metrics, outcome = self._metrics, "cancelled"
        started, began = time.perf_counter(), False
        try:
            async with aclosing(self._model.chat(messages, schema, max_tokens=max_tokens)) as reply:
                async for piece in reply:
                    if isinstance(piece, Ended):
                        # Whoever asked may read no further.
                        outcome = "succeeded"
                    elif not began:
                        began = True
                        seconds = time.perf_counter() - started
                        metrics.llm_first_token_seconds.labels(self._stage).observe(seconds, exemplar())
                    yield piece
        except OrchestrionError:
            outcome = "failed"
            raise
        finally:
            metrics.llm_calls.labels(self._stage, outcome).inc()
            metrics.llm_call_seconds.labels(self._stage).observe(time.perf_counter() - started, exemplar())
