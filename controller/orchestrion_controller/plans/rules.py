"""The rules of a plan, checked task by task as they come, and at the end for the plan as a whole.

Each broken rule is an error with `task_id` and `field` in its metadata and the cure in its message; nothing is
rewritten, except that an attachment is replaced by the artifact that it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from orchestrion import names
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Parameter, Plan, Task, TaskType
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, OutputRef, Value, references
from orchestrion_controller.plans import graph, kinds
from orchestrion_controller.plans.faults import PlanHints, TaskPosition, did_you_mean
from orchestrion_controller.plans.shapes import Shapes
from orchestrion_controller.slices import Slices

MOST_TASKS: Final = 1000
"""The longest plan."""
MOST_FAULTS: Final = 50
"""As many faults of a plan as a whole are told at once."""

_TASK_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check(
    plan: Plan,
    task_types: Mapping[str, TaskType],
    attachments: Sequence[Artifact] = (),
    artifacts: Mapping[str, Artifact] | None = None,
) -> Plan:
    """Checks a whole plan and returns it with its attachments resolved; arguments and errors as `PlanChecker`."""
    checker = PlanChecker(task_types, attachments, artifacts)
    for task in plan.tasks:
        checker.add(task)
    return checker.close(plan.no_task_reason)


async def check_in_slices(
    plan: Plan,
    task_types: Mapping[str, TaskType],
    attachments: Sequence[Artifact] = (),
    artifacts: Mapping[str, Artifact] | None = None,
) -> Plan:
    """Checks a whole plan as `check` does, and lets others have the event loop between some of its tasks."""
    checker, slices = PlanChecker(task_types, attachments, artifacts), Slices()
    for task in plan.tasks:
        await slices.take(graph.step_count(task))
        checker.add(task)
    await slices.take(sum(map(graph.step_count, plan.tasks)))
    return checker.close(plan.no_task_reason)


class PlanChecker:
    """Checks the tasks of one plan in the order in which they are written.

    A reference to a task that was not seen yet is pending: it is checked when that task comes, and is an error when the
    plan closes without it. `add` and `close` raise the first error, after which the checker is of no further use;
    `faults` and `closing_faults` return all there are, and go on.
    """

    def __init__(
        self,
        task_types: Mapping[str, TaskType],
        attachments: Sequence[Artifact] = (),
        artifacts: Mapping[str, Artifact] | None = None,
        hints: PlanHints | None = None,
    ) -> None:
        """Prepares a check.

        Args:
            task_types: What tasks may be of, by name.
            attachments: The artifacts of the request, which tasks may call `attachments/{n}`, n from 1.
            artifacts: Further artifacts that may be named (`artifacts/{sha256}`), such as those of earlier turns.
            hints: What errors say about mending; by default what is for plans in proto3 JSON.
        """
        self._task_types = task_types
        self._attachments = tuple(attachments)
        self._artifacts = dict(artifacts or {}) | {artifact.name: artifact for artifact in attachments}
        self._hints = hints or PlanHints()
        self._shapes = Shapes(task_types, self._hints)
        self._tasks: dict[str, Task] = {}
        self._places: dict[str, TaskPosition] = {}
        self._count = 0
        self._unreadable: set[str] = set()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks added so far, their attachments resolved."""
        return tuple(self._tasks.values())

    def add(self, task: Task) -> Task:
        """Checks one task by itself and against those before it.

        Returns:
            The task, its attachments resolved to artifacts.

        Raises:
            InvalidArgumentError: A rule is broken, by this task or by an earlier one that refers to it.
            NotFoundError: An artifact that it names does not exist.
        """
        for fault in self.faults(task):
            raise fault
        return self._tasks[task.id]

    def faults(self, task: Task) -> list[OrchestrionError]:
        """Checks one task as `add` does, and returns all that is wrong; the task is there for others in any case."""
        where = TaskPosition(task.id, self._count)
        if self._count >= MOST_TASKS:
            return [
                where.error(Reason.PLAN_INVALID, f"A plan has at most {MOST_TASKS} tasks; split the request.", "id")
            ]
        self._count += 1
        faults: list[OrchestrionError] = []
        if not _TASK_ID.fullmatch(task.id):
            message = f"{task.id[:80]!r} is no task id; use 1 to 64 letters, digits, `-` and `_`."
            faults.append(where.error(Reason.PLAN_INVALID, message, "id"))
        if task.id in self._tasks:
            message = f"Two tasks have the id `{task.id[:80]}`; rename one."
            return [*faults, where.error(Reason.DUPLICATE_TASK_ID, message, "id")]
        task_type = self._task_types.get(task.type)
        if task_type is None:
            message = f"`{task.type[:80]}` is no task type here. {self._hints.task_type(task.type, self._task_types)}"
            type_name = task.type[:80].encode(errors="replace").decode()
            faults.append(where.error(Reason.UNKNOWN_TASK_TYPE, message, "type", task_type=type_name))
        else:
            task = Task(task.id, task.type, self._inputs(task, task_type, where, faults))
        self._tasks[task.id] = task
        self._places[task.id] = where
        return faults + self._shapes.add(task, where)

    def excuse(self, task_id: str) -> None:
        """Takes note of a task that is there and cannot be read: what refers to it refers to something."""
        self._unreadable.add(task_id)

    def close(self, no_task_reason: str = "") -> Plan:
        """Checks what only the whole plan shows.

        Raises:
            InvalidArgumentError: A reference leads nowhere, tasks make a cycle, or the plan is empty without a reason.
        """
        for fault in self._closing_faults(no_task_reason):
            raise fault
        return Plan(self.tasks, no_task_reason)

    def closing_faults(self, no_task_reason: str = "") -> list[OrchestrionError]:
        """Checks the whole plan as `close` does, and returns what is wrong with it, the first `MOST_FAULTS`."""
        return list(islice(self._closing_faults(no_task_reason), MOST_FAULTS))

    def _closing_faults(self, no_task_reason: str) -> Iterator[OrchestrionError]:
        """Yields what is wrong, each fault only when it is asked for: suggestions of names take their time."""
        if bool(self._tasks or self._unreadable) == bool(no_task_reason):
            field = self._hints.reason_field
            message = f"Set `{field}` exactly when the plan has no tasks: to say why it needs none."
            yield Reason.PLAN_INVALID.error(message, field="plan.no_task_reason")
        for task in self._tasks.values():
            for name, value in task.inputs.items():
                lost = {ref.task_id for ref in references(value)} - self._tasks.keys() - self._unreadable
                for task_id in sorted(lost):
                    message = f"There is no task `{task_id[:80]}`. {did_you_mean(task_id, list(self._tasks))}"
                    yield self._places[task.id].error(Reason.UNKNOWN_REFERENCE, message, f"inputs.{name}")
        left = dict(self._tasks)
        while cycle := graph.find_cycle(left.values()):
            path = " → ".join(f"`{task_id}`" for task_id in (*cycle, cycle[0]))
            message = f"Tasks wait for each other in a circle: {path}. Take one of these references out."
            yield self._places[cycle[0]].error(Reason.PLAN_CYCLE, message, "inputs")
            for task_id in cycle:
                del left[task_id]
        yield from self._shapes.close(settled=self._tasks.keys() - left.keys())

    def _inputs(
        self, task: Task, task_type: TaskType, where: TaskPosition, faults: list[OrchestrionError]
    ) -> Mapping[str, Value]:
        """Returns the inputs that are right by themselves, and adds what is wrong with the others."""
        inputs: dict[str, Value] = {}
        for name, value in task.inputs.items():
            parameter = task_type.input(name)
            if parameter is None:
                input_names = [parameter.name for parameter in task_type.inputs]
                message = f"`{task.type}` has no input `{name[:80]}`. {did_you_mean(name, input_names)}"
                faults.append(where.error(Reason.UNKNOWN_INPUT, message, f"inputs.{name[:80]}"))
                continue
            try:
                inputs[name] = self._literals(parameter, value, where)
            except OrchestrionError as fault:
                faults.append(fault)
        for parameter in task_type.inputs:
            if not parameter.optional and parameter.name not in task.inputs:
                cure = self._hints.missing(parameter, self._task_types)
                message = f"`{task.type}` needs the input `{parameter.name}` ({parameter.kind.name}): {cure}."
                faults.append(where.error(Reason.MISSING_INPUT, message, f"inputs.{parameter.name}"))
        return inputs

    def _literals(self, parameter: Parameter, value: Value, where: TaskPosition, depth: int = 0) -> Value:
        """Checks all of a value that is no reference, and resolves attachments."""
        field = f"inputs.{parameter.name}"
        if isinstance(value, tuple):
            if depth > parameter.repeated:
                message = f"`{parameter.name}` is nested too deep; give a flat list, or {self._hints.item}."
                raise where.error(Reason.ILL_TYPED_INPUT, message, field)
            return tuple(self._literals(parameter, item, where, depth + 1) for item in value)
        if isinstance(value, OutputRef):
            if value.index is not None and value.index < 0:
                raise where.error(Reason.UNKNOWN_REFERENCE, "An index counts from 0; give 0 or more.", field)
            return value
        if isinstance(value, ArtifactRef):
            artifact = self._artifact(value.name, field, where)
            if not kinds.takes(parameter, artifact.media_type):
                attached = f"{artifact.file_name or artifact.name} is {artifact.media_type or 'of no known type'}"
                cure = self._hints.instead_of(artifact, parameter, self._task_types)
                message = f"`{parameter.name}` takes {parameter.kind.name}, but {attached}: {cure}."
                raise where.error(Reason.ILL_TYPED_INPUT, message, field)
            return ArtifactRef(artifact.name)
        fault = kinds.fault(parameter, value, self._hints.value(parameter))
        if fault:
            raise where.error(Reason.ILL_TYPED_INPUT, f"`{parameter.name}`: {fault}.", field)
        return value

    def _artifact(self, name: str, field: str, where: TaskPosition) -> Artifact:
        number = names.attachment_number(name)
        if number is not None and number <= len(self._attachments):
            return self._attachments[number - 1]
        if number is not None:
            message = self._hints.no_attachment(name, len(self._attachments))
            raise where.error(Reason.UNKNOWN_REFERENCE, message, field)
        if name not in self._artifacts:
            raise where.error(Reason.ARTIFACT_NOT_FOUND, self._hints.no_artifact(name), field)
        return self._artifacts[name]
