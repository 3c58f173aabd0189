"""The planner that asks a language model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from orchestrion.errors import InvalidArgumentError, NotFoundError, OrchestrionError, Reason
from orchestrion.events import PlanFinished, PlanRejected, TaskPlanned, TaskRevoked
from orchestrion.plans import Error, Plan, Task
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, Value
from orchestrion_controller.language_model import ChatMessage, Ended, LanguageModel, Schema
from orchestrion_controller.planner.llm.parsing import PlanReader
from orchestrion_controller.planner.llm.prompt import earlier_artifacts, planning_messages, repair_messages
from orchestrion_controller.planner.llm.schema import plan_schema
from orchestrion_controller.plans.rules import PlanChecker
from orchestrion_controller.stages import PlanItem, PlanningRequest, Usage

_REFUSALS = frozenset({"content_filter", "refusal"})


@dataclass(slots=True)
class _Attempt:
    """One reply of the language model, as far as it was read."""

    checker: PlanChecker
    tasks: list[Task] = field(default_factory=list)
    """The valid ones, as far as they were read."""
    reply: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=lambda: Usage(llm_call_count=1))
    plan: Plan | None = None
    error: OrchestrionError | None = None


class LLMPlanner:
    """Has a plan written, checks each task as it closes, and lets the model mend an invalid plan once."""

    name = "llm"

    def __init__(self, model: LanguageModel) -> None:
        """Keeps the language model to ask."""
        self._model = model

    async def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
        """Plans a request.

        Raises:
            FailedPreconditionError: The model refused, or wrote an invalid plan twice.
            UnavailableError: The model does not answer.
        """
        earlier = earlier_artifacts(request.history)
        files = {f"attachments/{index}": artifact for index, artifact in enumerate(request.attachments, start=1)}
        media_types = {name: artifact.media_type for name, artifact in {**files, **earlier}.items()}
        schema = plan_schema(request.task_types.values(), media_types)
        messages = planning_messages(request, earlier)

        first = _Attempt(_checker(request, earlier))
        async with aclosing(self._tasks(first, messages, schema, earlier)) as tasks:
            async for task in tasks:
                yield TaskPlanned(task)
        yield first.usage
        _raise_unless_invalid(first)
        if first.plan:
            yield PlanFinished(first.plan)
            return
        rejected = _failure(first)
        yield PlanRejected(Error.of(rejected))

        second = _Attempt(_checker(request, earlier))
        messages += repair_messages("".join(first.reply), rejected)
        async with aclosing(self._tasks(second, messages, schema, earlier)) as tasks:
            # Nothing of the new plan goes out before all of it is valid.
            async for _ in tasks:
                pass
        yield second.usage
        _raise_unless_invalid(second)
        if second.plan is None:
            raise _not_repaired(rejected, _failure(second))
        for task in first.tasks:
            if second.plan.task(task.id) != task:
                yield TaskRevoked(task.id)
        for task in second.plan.tasks:
            if task not in first.tasks:
                yield TaskPlanned(task)
        yield PlanFinished(second.plan)

    async def _tasks(
        self, attempt: _Attempt, messages: list[ChatMessage], schema: Schema, earlier: Mapping[str, Artifact]
    ) -> AsyncGenerator[Task, None]:
        """Yields the valid tasks of one reply; the attempt tells how it went. Stops reading at the first error."""
        reader = PlanReader()
        try:
            async with aclosing(self._model.chat(messages, schema)) as reply:
                async for piece in reply:
                    if isinstance(piece, Ended):
                        attempt.usage = piece.usage
                        _raise_for(piece)
                    else:
                        attempt.reply.append(piece)
                        for task in reader.feed(piece):
                            attempt.tasks.append(attempt.checker.add(_with_names(task, earlier)))
                            yield attempt.tasks[-1]
            reader.finish()
            attempt.plan = attempt.checker.close(reader.no_task_reason)
        except OrchestrionError as error:
            attempt.error = error


def _checker(request: PlanningRequest, earlier: Mapping[str, Artifact]) -> PlanChecker:
    return PlanChecker(request.task_types, request.attachments, {item.name: item for item in earlier.values()})


def _raise_unless_invalid(attempt: _Attempt) -> None:
    """Raises what no repair can mend: a refusal, or a model that does not answer."""
    if attempt.error and not isinstance(attempt.error, InvalidArgumentError | NotFoundError):
        raise attempt.error


def _raise_for(ended: Ended) -> None:
    """Raises what an ending means by itself."""
    if ended.refusal or ended.finish_reason in _REFUSALS:
        said = f": {ended.refusal[:300]}" if ended.refusal else "."
        raise Reason.PLANNER_REFUSED.error(f"The language model declined to plan this request{said}")
    if ended.finish_reason == "length":
        message = "The plan was cut off because the reply grew too long: write a shorter plan."
        raise Reason.PLAN_INVALID.error(message, field="plan")


def _with_names(task: Task, earlier: Mapping[str, Artifact]) -> Task:
    """Replaces `earlier/{n}` by the names of the artifacts that they stand for."""

    def named(value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(named(item) for item in value)
        return (
            ArtifactRef(earlier[value.name].name) if isinstance(value, ArtifactRef) and value.name in earlier else value
        )

    return Task(task.id, task.type, {name: named(value) for name, value in task.inputs.items()})


def _failure(attempt: _Attempt) -> OrchestrionError:
    return attempt.error or Reason.PLAN_INVALID.error("The reply holds no plan.", field="plan")


def _not_repaired(first: OrchestrionError, second: OrchestrionError) -> OrchestrionError:
    message = f"The language model wrote an invalid plan, and did not mend it: {second.message}"
    details = {"invalid": second.reason, "first_invalid": first.reason, "first_message": first.message}
    error = Reason.PLAN_NOT_REPAIRED.error(message, {**second.metadata, **details})
    error.__cause__ = second
    return error
