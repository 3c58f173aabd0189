"""The planner that needs no language model: words, kinds and the task types' own cues."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import PlanFinished, TaskPlanned
from orchestrion.plans import Task, TaskType
from orchestrion_controller.planner.builtin.binding import Binder
from orchestrion_controller.planner.builtin.lexicon import lexicon_for
from orchestrion_controller.planner.builtin.reading import Clause, Reading, Step, read
from orchestrion_controller.planner.builtin.sources import Attachments, last_user_message
from orchestrion_controller.plans.rules import PlanChecker
from orchestrion_controller.stages import PlanItem, PlanningRequest


class BuiltinPlanner:
    """Plans single tasks, chains, parallel branches and joins on free wording, from the task types' data alone.

    What it does not understand it does not guess: a request that asks for anything else is beyond it, as a whole.
    """

    name = "builtin"

    def __init__(self) -> None:
        """Reads the planner's words, so that the first request does not wait for it."""
        lexicon_for(())

    async def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
        """Plans a request.

        Raises:
            FailedPreconditionError: The request is beyond this planner; the message says what is not.
            InvalidArgumentError: Something to work on is missing, or an option is out of its range.
        """
        artifacts = {name: artifact for turn in request.history for name, artifact in turn.artifacts.items()}
        checker = PlanChecker(request.task_types, request.attachments, artifacts)
        for task in tasks_for(request):
            yield TaskPlanned(checker.add(task))
        yield PlanFinished(checker.close())


def tasks_for(request: PlanningRequest) -> tuple[Task, ...]:
    """Turns a request into tasks, each after those that it refers to; errors as `BuiltinPlanner.plan`."""
    text = request.messages[last_user_message(request)].text
    task_types = request.task_types
    lexicon = lexicon_for(tuple(task_types.values()))
    reading = read(text, lexicon, [artifact.file_name for artifact in request.attachments])
    if reading.beyond:
        raise _beyond(task_types, f"Nothing here does what `{reading.beyond}` asks for.")
    reading = _with_stray_options(reading, task_types)
    if not any(clause.steps for clause in reading.clauses):
        again = _last_task_again(request, reading)
        if again:
            return again
        said = "names nothing that can be done here" if text.strip() else "does not say what to do"
        raise _beyond(task_types, f"The request {said}.")
    singles = sum(
        not mention.is_many and mention.ordinal is None and not mention.file_name
        for clause in reading.clauses
        for mention in clause.mentions
    )
    binder = Binder(task_types, Attachments(request), request.history, singles)
    for clause in reading.clauses:
        binder.bind(clause)
    return binder.tasks


def _with_stray_options(reading: Reading, task_types: Mapping[str, TaskType]) -> Reading:
    """Gives an option that no step of its clause has ("Slowly, please: …") to all steps that have it."""

    def has(clause: Clause, name: str) -> bool:
        return any(task_types[item].input(name) for step in clause.steps for item in step.task_types)

    stray = {
        name: value for clause in reading.clauses for name, value in clause.options.items() if not has(clause, name)
    }
    clauses = [
        replace(
            clause, options={name: value for name, value in stray.items() if has(clause, name)} | dict(clause.options)
        )
        for clause in reading.clauses
    ]
    return replace(reading, clauses=tuple(clauses))


def _last_task_again(request: PlanningRequest, reading: Reading) -> tuple[Task, ...]:
    """Repeats the last task of the turn before that has the options given: "now slower"."""
    options = {name: value for clause in reading.clauses for name, value in clause.options.items()}
    plan = request.history[-1].plan if request.history else None
    for task in reversed(plan.tasks if plan else ()):
        task_type = request.task_types.get(task.type)
        own = {name: value for name, value in options.items() if task_type and task_type.input(name)}
        if task_type and own:
            clause = Clause((Step((task.type,), 0, 0),), (), (), _options_of(task, task_type) | own, has_pronoun=True)
            binder = Binder(request.task_types, Attachments(replace(request, attachments=())), request.history, 0)
            binder.bind(clause)
            return binder.tasks
    return ()


def _options_of(task: Task, task_type: TaskType) -> dict[str, tuple[str | float, ...]]:
    optional = {parameter.name for parameter in task_type.inputs if parameter.optional}
    return {
        name: (value,) for name, value in task.inputs.items() if name in optional and isinstance(value, str | float)
    }


def _beyond(task_types: Mapping[str, TaskType], what: str) -> OrchestrionError:
    able = "; ".join(
        f"{name} ({task_type.description.rstrip('.')})" for name, task_type in task_types.items() if task_type.cues
    )
    message = (
        f"This request is beyond the built-in planner. {what} It can plan: {able or 'nothing, for want of task types'}."
        " For anything else, let a language model plan: set OPENAI_BASE_URL and OPENAI_API_KEY for the controller."
    )
    return Reason.REQUEST_BEYOND_PLANNER.error(message, planner=BuiltinPlanner.name)
