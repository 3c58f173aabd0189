"""A language model that is a conversational expert of the platform's own hosts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from orchestrion.errors import OrchestrionError
from orchestrion.experts import Assignment, ExpertState
from orchestrion.plans import Task
from orchestrion_controller.dispatch import AssignedTask
from orchestrion_controller.executor.attempts import CallAttempts
from orchestrion_controller.executor.hosts import HostChannels
from orchestrion_controller.hosted_model import failures
from orchestrion_controller.hosted_model.claims import ExpertClaims
from orchestrion_controller.hosted_model.continued import continued_once
from orchestrion_controller.hosted_model.conversations import TASK_TYPE, ended, inputs_of, omitted_turn_count
from orchestrion_controller.hosted_model.replies import WholeReply, streamed
from orchestrion_controller.hosted_model.window import ExpertWindow
from orchestrion_controller.language_model import ChatMessage, Ended, Schema
from orchestrion_controller.registry.registry import Registry
from orchestrion_controller.selector.selector import Selector
from orchestrion_serving.chat.thoughts import ThoughtFilter

_log = logging.getLogger(__name__)

_TASK_ID: Final = "language-model"
_SCHEMA_FIELD: Final = "inputs.schema"
_NOT_AT_ONCE: Final = (ExpertState.TO_BE_FETCHED, ExpertState.FAILED)


class HostedChatModel:
    """An expert that chats, on whichever host is best for it at each call.

    A call goes the way of a task's: it counts as load, and it is tried on another host, or on the same once more, where
    that can cure its failure, but only before the first piece. Silence has no limit here, unlike that of an
    endpoint: a host reports a worker that hangs, a connection that breaks is noticed, and the run's deadline holds.
    """

    def __init__(
        self,
        expert_id: str,
        *,
        registry: Registry,
        selector: Selector,
        attempts: CallAttempts,
        clients: HostChannels,
        setting: str = "llm_expert",
        context_tokens: int = 0,
    ) -> None:
        """Asks no host yet; none need be listed.

        Args:
            expert_id: The expert, by the id that it has on the hosts.
            registry: The hosts.
            selector: Chooses among those that have the expert.
            attempts: Makes the calls.
            clients: Reach the hosts.
            setting: The setting that names the expert, for errors.
            context_tokens: How many tokens its context has; 0 for what its facts say.
        """
        self._expert_id = expert_id
        self._registry = registry
        self._selector = selector
        self._attempts = attempts
        self._setting = setting
        self._window = ExpertWindow(self._context_of_facts, context_tokens)
        self._claims = ExpertClaims(expert_id, clients)
        self._thinks_aloud = False
        """Whether the model has thought without a mark before its thoughts."""
        self._preparing: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def model(self) -> str:
        """The expert's id."""
        return self._expert_id

    @property
    def is_available(self) -> bool:
        """Whether some host could answer now, after loading the expert at most, and has not failed at that."""
        placed = self._selector.placements(Task(_TASK_ID, TASK_TYPE), self._expert_id)
        replicas = (self._registry.replica(item.host, item.expert_id) for item in (placed.candidates if placed else ()))
        return any(item is not None and item.status.state not in _NOT_AT_ONCE for item in replicas)

    def prepare(self) -> None:
        """Has the expert loaded as soon as a host offers it; returns at once."""
        if not self._is_closed:
            self._preparing = asyncio.get_running_loop().create_task(self._load_once_listed())

    async def aclose(self) -> None:
        """Gives the expert free; its hosts stay connected."""
        self._is_closed = True
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.wait([self._preparing])
        await self._claims.release()

    async def context_tokens(self) -> int:
        """Returns how many tokens the expert's context has; 0 where no host says."""
        return self._window.tokens

    async def fits(self, messages: Sequence[ChatMessage]) -> bool:
        """Whether a prompt leaves room for a reply in the expert's context, as far as that is known."""
        return self._window.fits(messages)

    def too_long(self, context_tokens: int = 0) -> OrchestrionError:
        """The error of a prompt that cannot be made short enough."""
        return failures.too_long(self._expert_id, self._setting, context_tokens)

    async def chat(
        self, messages: Sequence[ChatMessage], schema: Schema | None = None, *, max_tokens: int = 0
    ) -> AsyncGenerator[str | Ended, None]:
        """Asks for a reply; with a schema, for JSON of that form, where the expert takes one.

        A text that is cut at the limit of its length is asked to go on once. Closing the generator stops the forward
        pass.

        Yields:
            The reply in pieces as they come, without thoughts, and how it ended as the last item.

        Raises:
            FailedPreconditionError: No host can run the expert (`NO_EXPERT`, `NOT_CONFIGURED`, `EXPERT_NOT_FETCHED`,
                `EXPERT_UNAVAILABLE`, `EXPERT_TOO_LARGE`, `EXPERT_LOAD_FAILED`), or the messages do not fit in its
                context (`LLM_CONTEXT_EXCEEDED`).
            UnavailableError: Its hosts are away or fail (`LLM_UNAVAILABLE`), or one broke off after the first piece
                (`LLM_BROKE_OFF`).
            ResourceExhaustedError: Its queue is full (`LLM_RATE_LIMITED`), or no device has room (`OUT_OF_MEMORY`).
        """
        if schema is not None:
            replies = self._replies(messages, schema, max_tokens)
        else:
            replies = continued_once(
                lambda prompt: self._replies(prompt, None, max_tokens), messages, self._window.fits
            )
        async with aclosing(replies) as reply:
            async for piece in reply:
                yield piece

    async def _replies(
        self, messages: Sequence[ChatMessage], schema: Schema | None, max_tokens: int
    ) -> AsyncGenerator[str | Ended, None]:
        """Makes one call or, where the schema is refused, two; see `chat`."""
        for form in (schema, None) if schema else (None,):
            task = Task(_TASK_ID, TASK_TYPE, inputs_of(messages, form, max_tokens or self._window.reply_tokens))
            assigned = AssignedTask(task, self._placed(task), pinned=True)
            thoughts = ThoughtFilter(is_json=schema is not None, thinks_aloud=self._thinks_aloud)
            began = False
            try:
                async with aclosing(streamed(self._attempts, assigned, thoughts)) as reply:
                    async for piece in reply:
                        began = True
                        yield piece if isinstance(piece, str) else self._ended(messages, piece)
                return
            except OrchestrionError as error:
                if not began and form is not None and error.metadata.get("field") == _SCHEMA_FIELD:
                    _log.warning(
                        "%s refused the schema %r; it is asked without: %s", self.model, form.name, error.reason
                    )
                    continue
                if not began and self._window.learn_refusal(messages, error):
                    raise self.too_long(self._window.tokens) from error
                raise failures.explained(error, self._expert_id, self._setting, began=began) from error

    def _ended(self, messages: Sequence[ChatMessage], whole: WholeReply) -> Ended:
        """Learns from a reply, and says how it ended."""
        self._claims.renew(whole.replica)
        self._thinks_aloud = self._thinks_aloud or whole.thoughts.closes_unopened
        end = ended(whole.outputs, whole.thoughts.withdrawn)
        if omitted := omitted_turn_count(whole.outputs):
            _log.warning("%s had no room for the %d oldest turns of a prompt and left them out", self.model, omitted)
            self._window.learn_omission(messages)
        else:
            self._window.learn_usage(messages, end.usage.prompt_token_count)
        return end

    def _placed(self, task: Task) -> Assignment:
        assignment = self._selector.placements(task, self._expert_id)
        if assignment is None:
            raise failures.absent(self._registry, self._expert_id, self._setting)
        return assignment

    def _context_of_facts(self) -> int:
        replicas = (item for item in self._registry.replicas(TASK_TYPE) if item.expert.id == self._expert_id)
        return min((item.expert.context_token_count for item in replicas if item.expert.context_token_count), default=0)

    async def _load_once_listed(self) -> None:
        async with aclosing(self._registry.watch()) as changes:
            async for _ in changes:
                placed = self._selector.placements(Task(_TASK_ID, TASK_TYPE), self._expert_id)
                if placed is None:
                    continue
                replica = self._registry.replica(placed.host, self._expert_id)
                # Nobody has asked for anything yet that a download would be worth.
                if replica is not None and replica.status.state is not ExpertState.TO_BE_FETCHED:
                    self._claims.renew((placed.host, self._expert_id))
                    return
