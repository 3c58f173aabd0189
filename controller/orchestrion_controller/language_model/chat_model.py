"""What planner, selection and responder need of a language model, wherever it runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from orchestrion.errors import OrchestrionError
from orchestrion_controller.language_model.messages import ChatMessage, Ended, Schema


class ChatModel(Protocol):
    """A language model that chats, whose context has a length."""

    @property
    def model(self) -> str:
        """The model's name."""

    def chat(
        self, messages: Sequence[ChatMessage], schema: Schema | None = None, *, max_tokens: int = 0
    ) -> AsyncGenerator[str | Ended, None]:
        """Asks for a reply, in pieces as they come, and how it ended as the last item.

        Args:
            messages: The conversation; its last message is answered.
            schema: The form that the reply must have, as JSON; None for any text.
            max_tokens: How many tokens the model may write in one go; 0 leaves it to the model. A text that is cut
                there is asked to go on once; `Ended` says `length` of what is cut all the same.

        Raises:
            OrchestrionError: There is no reply, or not the whole of one; `LLM_CONTEXT_EXCEEDED` where the messages do
                not fit, before the first piece.
        """

    async def context_tokens(self) -> int:
        """Returns how many tokens the model's context has; 0 where it is unknown."""

    async def fits(self, messages: Sequence[ChatMessage]) -> bool:
        """Whether a prompt leaves room for a reply in the model's context, as far as that is known."""

    def too_long(self, context_tokens: int = 0) -> OrchestrionError:
        """The error of a prompt that cannot be made short enough."""

    async def aclose(self) -> None:
        """Closes what it has open."""
