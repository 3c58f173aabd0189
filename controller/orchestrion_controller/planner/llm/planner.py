"""The planner that asks a language model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from orchestrion.errors import InvalidArgumentError, NotFoundError, OrchestrionError, Reason
from orchestrion.events import PlanFinished, PlanRejected, TaskPlanned, TaskRevoked
from orchestrion.plans import Error, Plan, Task
from orchestrion.runs import Role
from orchestrion_controller.language_model import ChatMessage, ChatModel, Ended, Schema, chat_fitting
from orchestrion_controller.planner.llm import originals
from orchestrion_controller.planner.llm.earlier import Earlier, earlier
from orchestrion_controller.planner.llm.fitting import extents, material
from orchestrion_controller.planner.llm.literals import LiteralCheck
from orchestrion_controller.planner.llm.parsing import PlanReader
from orchestrion_controller.planner.llm.prompt import Material, PlanPromptExtent, repair_messages
from orchestrion_controller.planner.llm.refusals import (
    declined,
    in_language_of,
    not_repaired,
    raise_for,
    sounds_like_refusal,
)
from orchestrion_controller.planner.llm.schema import plan_schema
from orchestrion_controller.plans.rules import PlanChecker
from orchestrion_controller.stages import PlanItem, PlanningRequest, Usage


@dataclass(slots=True)
class _Attempt:
    """One reply of the language model, as far as it was read."""

    checker: PlanChecker
    literals: LiteralCheck | None
    """None in a repair: a text that the model repeats is accepted."""
    tasks: list[Task] = field(default_factory=list)
    """The valid ones, as far as they were read."""
    pieces: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=lambda: Usage(llm_call_count=1))
    plan: Plan | None = None
    error: OrchestrionError | None = None

    @property
    def reply(self) -> str:
        """What the model wrote."""
        return "".join(self.pieces)

    @property
    def is_invalid(self) -> bool:
        """Whether the model answered, and its plan breaks a rule."""
        return isinstance(self.error, InvalidArgumentError | NotFoundError)

    @property
    def broke_off(self) -> bool:
        """Whether the stream broke off, which says nothing about the plan."""
        reason = self.error.reason if self.error else ""
        return reason == Reason.LLM_BROKE_OFF.name or (reason == Reason.LLM_TIMED_OUT.name and bool(self.pieces))


class LLMPlanner:
    """Asks a language model for a plan and checks each task as soon as it is complete.

    A plan that breaks a rule may be mended once, a reply that broke off is asked for once more. Nothing of a later plan
    is yielded before all of it is valid; tasks that it shares with the first one stay.
    """

    name = "llm"

    def __init__(self, model: ChatModel) -> None:
        """Keeps the language model to ask."""
        self._model = model

    async def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
        """Plans a request.

        Raises:
            FailedPreconditionError: The model refused (`PLANNER_REFUSED`), or wrote an invalid plan twice
                (`PLAN_NOT_REPAIRED`); or the request does not fit in its context (`LLM_CONTEXT_EXCEEDED`).
            OrchestrionError: What `ChatModel.chat` raises.
        """
        left = earlier(request.history)
        shown = material(request, left)
        said = [message.text for message in request.messages if message.role is not Role.ASSISTANT]
        literals: LiteralCheck | None = LiteralCheck(said, left.texts.values())
        suffix: list[ChatMessage] = []
        out: list[Task] = []
        rejected: OrchestrionError | None = None
        first_reply, broken = "", False
        while True:
            attempt = _Attempt(_checker(request, left), literals)
            is_first = rejected is None and not broken
            async with aclosing(self._tasks(attempt, shown, suffix)) as tasks:
                async for task in tasks:
                    if is_first:
                        out.append(task)
                        yield TaskPlanned(task)
            yield attempt.usage
            if attempt.plan:
                break
            error = attempt.error or Reason.PLAN_INVALID.error("The reply holds no plan.", field="plan")
            if attempt.broke_off and not broken:
                broken = True
            elif attempt.is_invalid and rejected is None:
                rejected, literals, first_reply = error, None, attempt.reply
                suffix = repair_messages(attempt.reply, error)
            elif attempt.is_invalid and rejected is not None:
                if sounds_like_refusal(first_reply) or sounds_like_refusal(attempt.reply):
                    error = declined(attempt.reply if sounds_like_refusal(attempt.reply) else first_reply)
                else:
                    error = not_repaired(rejected, error)
                break
            else:
                break
            yield PlanRejected(Error.of(error))
        if attempt.plan is None:
            # On a thread: to tell a language, the first text of a process takes some tenths of a second.
            error = await asyncio.to_thread(in_language_of, said[-1] if said else "", error, request)
            if error.not_done and not out:
                yield PlanFinished(Plan((), error.message), not_done=error.not_done)
            raise error
        for task in out:
            if attempt.plan.task(task.id) != task:
                yield TaskRevoked(task.id)
        for task in attempt.plan.tasks:
            if task not in out:
                yield TaskPlanned(task)
        yield PlanFinished(attempt.plan)

    async def _tasks(
        self, attempt: _Attempt, shown: Material, suffix: Sequence[ChatMessage]
    ) -> AsyncGenerator[Task, None]:
        """Yields the valid tasks of one reply; the attempt holds the outcome. Stops reading at the first error."""
        reader = PlanReader()
        ended: Ended | None = None
        try:
            async with aclosing(self._reply(shown, suffix)) as reply:
                async for piece in reply:
                    if isinstance(piece, Ended):
                        ended, attempt.usage = piece, piece.usage
                        raise_for(piece)
                    else:
                        attempt.pieces.append(piece)
                        for task in reader.feed(piece):
                            yield self._checked(attempt, task, shown)
            if ended and not ended.finish_reason and not reader.closed:
                message = f"The language model's reply broke off after {len(attempt.tasks)} tasks. Try again."
                raise Reason.LLM_BROKE_OFF.error(message)
            reader.finish()
            attempt.plan = attempt.checker.close(reader.no_task_reason)
        except OrchestrionError as error:
            attempt.error = error

    def _reply(self, shown: Material, suffix: Sequence[ChatMessage]) -> AsyncGenerator[str | Ended, None]:
        """Asks with the longest prompt that fits, and restricts the reply to the task types in it."""
        attached = {f"attachments/{index}": item for index, item in enumerate(shown.request.attachments, start=1)}
        files = {name: item.media_type for name, item in {**attached, **shown.earlier.artifacts}.items()}

        def messages(extent: PlanPromptExtent) -> list[ChatMessage]:
            return [*shown.messages(extent), *suffix]

        def schema(extent: PlanPromptExtent) -> Schema:
            return plan_schema(shown.task_types(extent).values(), files, shown.earlier.texts)

        return chat_fitting(self._model, extents(shown), messages, schema)

    def _checked(self, attempt: _Attempt, task: Task, shown: Material) -> Task:
        index = len(attempt.tasks)
        checked = attempt.checker.add(shown.earlier.resolved(task))
        if attempt.literals is not None:
            task_types = shown.request.task_types
            attempt.literals.check(checked, task_types[checked.type], index)
            originals.check(checked, attempt.tasks, task_types, index)
        attempt.tasks.append(checked)
        return checked


def _checker(request: PlanningRequest, left: Earlier) -> PlanChecker:
    return PlanChecker(request.task_types, request.attachments, {item.name: item for item in left.artifacts.values()})
