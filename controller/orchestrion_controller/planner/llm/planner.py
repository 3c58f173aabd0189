"""The planner that asks a language model."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from orchestrion.errors import OrchestrionError
from orchestrion.events import PlanFinished, PlanRejected, TaskPlanned, TaskRevoked
from orchestrion.plans import Error, Plan, Task
from orchestrion.runs import Role
from orchestrion_controller import languages
from orchestrion_controller.language_model import ChatMessage, ChatModel, Ended, Schema, chat_fitting
from orchestrion_controller.languages.examples import examples
from orchestrion_controller.planner.llm import notation
from orchestrion_controller.planner.llm.attempt import Attempt
from orchestrion_controller.planner.llm.fitting import PlanPromptExtents, material
from orchestrion_controller.planner.llm.notation import MOST_TASKS, PlanNames, plan_schema
from orchestrion_controller.planner.llm.prompt import Material, PlanPromptExtent, repair_messages
from orchestrion_controller.planner.llm.refusals import in_language, not_repaired, raise_for, without_plan
from orchestrion_controller.slices import Slices
from orchestrion_controller.stages import PlanItem, PlanningRequest

_LONGEST_REPLY: Final = 8192
"""Tokens of a reply, with what a model thinks before it; a model that writes more is going round in circles."""
_LONGEST_TEXT: Final = 100_000
"""Characters of a reply that are read: more than so many tokens have, for endpoints that do not keep to them."""
_PIECE: Final = 1_000
"""Characters that are read in one go; others have a turn between, where an endpoint sends a reply in one piece."""
_LONG_CONTEXT: Final = 32_768
"""The shortest context, in tokens, in which so long a reply has room beside any prompt."""


class LLMPlanner:
    """Asks a language model for a plan and checks each task as soon as it is complete.

    A plan that breaks a rule may be mended once, a reply that broke off is asked for once more. Nothing of a later plan
    is yielded before all of it is valid; tasks that it shares with the first one stay.
    """

    name = "llm"

    def __init__(self, model: ChatModel, most_tasks: int = MOST_TASKS) -> None:
        """Keeps the language model to ask.

        Args:
            model: The language model.
            most_tasks: How many tasks a plan may have.
        """
        self._model = model
        self._most_tasks = most_tasks
        self._is_prepared = False

    async def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
        """Plans a request.

        Raises:
            FailedPreconditionError: The model refused (`PLANNER_REFUSED`), or wrote an invalid plan twice
                (`PLAN_NOT_REPAIRED`); or the request does not fit in its context (`LLM_CONTEXT_EXCEEDED`).
            OrchestrionError: What `ChatModel.chat` raises.
        """
        await self._prepare()
        shown = material(request, PlanNames.of(request))
        suffix: list[ChatMessage] = []
        out: list[Task] = []
        rejected: Attempt | None = None
        broken = False
        while True:
            attempt = Attempt(shown, self._most_tasks, is_repair=rejected is not None)
            is_first = rejected is None and not broken
            async with aclosing(self._tasks(attempt, shown, suffix)) as tasks:
                async for task in tasks:
                    if is_first:
                        out.append(task)
                        yield TaskPlanned(task)
            yield attempt.usage
            if attempt.plan:
                break
            if attempt.broke_off and not broken:
                broken = True
            elif attempt.is_invalid and rejected is None:
                rejected = attempt
                suffix = repair_messages(attempt.reply, attempt.faults)
            else:
                break
            yield PlanRejected(Error.of(attempt.error))
        if attempt.plan is None:
            error = self._why_no_plan(attempt, rejected, request)
            if error.not_done and not out:
                yield PlanFinished(Plan((), error.message), not_done=error.not_done)
            raise error
        for task in out:
            if attempt.plan.task(task.id) != task:
                yield TaskRevoked(task.id)
        for task in attempt.plan.tasks:
            if task not in out:
                yield TaskPlanned(task)
        language = self._language(request)
        yield PlanFinished(attempt.plan, not_done=attempt.not_done(language), doubts=attempt.doubts(language))

    async def _prepare(self) -> None:
        """Reads what languages, and the task types of requests, are told by, where that is still to be done."""
        if not self._is_prepared:
            # On a thread: it takes some tenths of a second, in which other runs are served.
            await asyncio.to_thread(_prepare)
            self._is_prepared = True

    @staticmethod
    def _language(request: PlanningRequest) -> str:
        """Returns the language of the request."""
        said = [message.text for message in request.messages if message.role is not Role.ASSISTANT]
        return languages.detect(said[-1] if said else "")

    def _why_no_plan(self, attempt: Attempt, rejected: Attempt | None, request: PlanningRequest) -> OrchestrionError:
        """Returns why there is no plan, in the language of the request."""
        language = self._language(request)
        if rejected is None or not attempt.is_invalid:
            return in_language(language, attempt.error, request)
        if attempt.is_prose:
            # A model that writes no plan even when it is asked again has something to say to the person.
            return without_plan(attempt.reply, language)
        return in_language(language, not_repaired(rejected.error, attempt.error), request)

    async def _tasks(
        self, attempt: Attempt, shown: Material, suffix: Sequence[ChatMessage]
    ) -> AsyncGenerator[Task, None]:
        """Yields the valid tasks of one reply, up to the first that is not; the attempt holds the outcome."""
        ended: Ended | None = None
        slices, left = Slices(), _LONGEST_TEXT
        try:
            async with aclosing(self._reply(attempt, shown, suffix)) as reply:
                async for piece in reply:
                    if isinstance(piece, Ended):
                        ended, attempt.usage = piece, piece.usage
                        raise_for(piece)
                        continue
                    for start in range(0, min(len(piece), left), _PIECE):
                        await slices.take(_PIECE)
                        for task in attempt.feed(piece[start : min(start + _PIECE, left)]):
                            yield task
                    left -= len(piece)
                    if left < 0:
                        # The rest is not waited for: it is as if the endpoint had cut it.
                        ended = Ended("length", "", attempt.usage)
                        break
            attempt.end(ended)
        except OrchestrionError as error:
            attempt.fail(error)

    async def _reply(
        self, attempt: Attempt, shown: Material, suffix: Sequence[ChatMessage]
    ) -> AsyncGenerator[str | Ended, None]:
        """Asks with the longest prompt that fits, and restricts the reply to the task types in it."""

        @functools.cache  # What fits is sent as it was written to be measured.
        def messages(extent: PlanPromptExtent) -> list[ChatMessage]:
            return [*shown.messages(extent), *suffix]

        def schema(extent: PlanPromptExtent) -> Schema:
            attempt.extent = extent
            task_types = [tool.task_type for tool in shown.shown_tools(extent).values()]
            return plan_schema(task_types, shown.names, [item.name for item in shown.absent], self._most_tasks)

        context = await self._model.context_tokens()
        longest = min(2048, context // 4) if 0 < context < _LONG_CONTEXT else _LONGEST_REPLY
        chat = chat_fitting(self._model, PlanPromptExtents(shown), messages, schema, max_tokens=longest)
        async with aclosing(chat) as pieces:
            async for piece in pieces:
                yield piece


def _prepare() -> None:
    notation.prepare()
    languages.prepare()
    for language in languages.load():
        examples(language)
