"""The rules of a plan, checked task by task as they come, and at the end for the plan as a whole.

Each broken rule is an error with `task_id` and `field` in its metadata and the cure in its message; nothing is
rewritten, except that an attachment is replaced by the artifact that it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from orchestrion import names
from orchestrion.errors import Reason
from orchestrion.plans import Parameter, Plan, Task, TaskType
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, OutputRef, Value, references
from orchestrion_controller.plans import graph, kinds
from orchestrion_controller.plans.faults import TaskPosition, closest_task_types, did_you_mean

MOST_TASKS: Final = 1000
"""The longest plan."""

_FLAT: Final = "give a flat list, or take one item of an output with `index`"
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


class PlanChecker:
    """Checks the tasks of one plan in the order in which they are written.

    A reference to a task that was not seen yet is pending: it is checked when that task comes, and is an error when the
    plan closes without it. After an error the checker is of no further use.
    """

    def __init__(
        self,
        task_types: Mapping[str, TaskType],
        attachments: Sequence[Artifact] = (),
        artifacts: Mapping[str, Artifact] | None = None,
    ) -> None:
        """Prepares a check.

        Args:
            task_types: What tasks may be of, by name.
            attachments: The artifacts of the request, which tasks may call `attachments/{n}`, n from 1.
            artifacts: Further artifacts that may be named (`artifacts/{sha256}`), such as those of earlier turns.
        """
        self._task_types = task_types
        self._attachments = tuple(attachments)
        self._artifacts = dict(artifacts or {}) | {artifact.name: artifact for artifact in attachments}
        self._tasks: dict[str, Task] = {}
        self._index: dict[str, int] = {}
        self._unfolded: dict[str, bool] = {}
        """Whether a task unfolds into several calls; known once all that it refers to is."""
        self._waiting: dict[str, list[str]] = {}
        """The tasks that wait for one to be known, by its id."""

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
        index = len(self._tasks)
        where = TaskPosition(task.id, index)
        if index >= MOST_TASKS:
            raise where.error(Reason.PLAN_INVALID, f"A plan has at most {MOST_TASKS} tasks; split the request.", "id")
        if not _TASK_ID.fullmatch(task.id):
            message = f"{task.id[:80]!r} is no task id; use 1 to 64 letters, digits, `-` and `_`."
            raise where.error(Reason.PLAN_INVALID, message, "id")
        if task.id in self._tasks:
            raise where.error(Reason.DUPLICATE_TASK_ID, f"Two tasks have the id `{task.id}`; rename one.", "id")
        task_type = self._task_types.get(task.type)
        if task_type is None:
            closest = closest_task_types(task.type, list(self._task_types))
            message = f"`{task.type[:80]}` is no task type here. {closest}"
            type_name = task.type[:80].encode(errors="replace").decode()
            raise where.error(Reason.UNKNOWN_TASK_TYPE, message, "type", task_type=type_name)
        inputs: dict[str, Value] = {}
        for name, value in task.inputs.items():
            parameter = task_type.input(name)
            if parameter is None:
                input_names = [parameter.name for parameter in task_type.inputs]
                message = f"`{task.type}` has no input `{name[:80]}`. {did_you_mean(name, input_names)}"
                raise where.error(Reason.UNKNOWN_INPUT, message, f"inputs.{name[:80]}")
            inputs[name] = self._literals(parameter, value, where)
        for parameter in task_type.inputs:
            if not parameter.optional and parameter.name not in inputs:
                written = kinds.how_to_write(parameter.kind)
                message = f"`{task.type}` needs the input `{parameter.name}` ({parameter.kind.name}): give {written}."
                raise where.error(Reason.MISSING_INPUT, message, f"inputs.{parameter.name}")
        checked = Task(task.id, task.type, inputs)
        self._index[task.id] = index
        self._tasks[task.id] = checked
        self._settle(task.id)
        return checked

    def close(self, no_task_reason: str = "") -> Plan:
        """Checks what only the whole plan shows.

        Raises:
            InvalidArgumentError: A reference leads nowhere, tasks make a cycle, or the plan is empty without a reason.
        """
        if bool(self._tasks) == bool(no_task_reason):
            message = "Set `noTaskReason` exactly when the plan has no tasks: to say why it needs none."
            raise Reason.PLAN_INVALID.error(message, field="plan.no_task_reason")
        for task in self._tasks.values():
            for name, value in task.inputs.items():
                for ref in references(value):
                    if ref.task_id not in self._tasks:
                        message = (
                            f"There is no task `{ref.task_id[:80]}`. {did_you_mean(ref.task_id, list(self._tasks))}"
                        )
                        raise self._place(task).error(Reason.UNKNOWN_REFERENCE, message, f"inputs.{name}")
        cycle = graph.find_cycle(self._tasks.values())
        if cycle:
            path = " → ".join(f"`{task_id}`" for task_id in (*cycle, cycle[0]))
            message = f"Tasks wait for each other in a circle: {path}. Take one of these references out."
            raise self._place(self._tasks[cycle[0]]).error(Reason.PLAN_CYCLE, message, "inputs")
        return Plan(self.tasks, no_task_reason)

    def _literals(self, parameter: Parameter, value: Value, where: TaskPosition, depth: int = 0) -> Value:
        """Checks all of a value that is no reference, and resolves attachments."""
        field = f"inputs.{parameter.name}"
        if isinstance(value, tuple):
            if depth > parameter.repeated:
                raise where.error(Reason.ILL_TYPED_INPUT, f"`{parameter.name}` is nested too deep; {_FLAT}.", field)
            return tuple(self._literals(parameter, item, where, depth + 1) for item in value)
        if isinstance(value, OutputRef):
            if value.index is not None and value.index < 0:
                raise where.error(Reason.UNKNOWN_REFERENCE, "An index counts from 0; give 0 or more.", field)
            return value
        if isinstance(value, ArtifactRef):
            artifact = self._artifact(value.name, field, where)
            if not kinds.takes(parameter, artifact.media_type):
                attached = f"{artifact.file_name or artifact.name} is {artifact.media_type or 'of no known type'}"
                cure = f"give {kinds.how_to_attach(parameter)}"
                message = f"`{parameter.name}` takes {parameter.kind.name}, but {attached}: {cure}."
                raise where.error(Reason.ILL_TYPED_INPUT, message, field)
            return ArtifactRef(artifact.name)
        fault = kinds.fault(parameter, value)
        if fault:
            raise where.error(Reason.ILL_TYPED_INPUT, f"`{parameter.name}`: {fault}.", field)
        return value

    def _artifact(self, name: str, field: str, where: TaskPosition) -> Artifact:
        number = names.attachment_number(name)
        if number is not None and number <= len(self._attachments):
            return self._attachments[number - 1]
        if number is not None:
            count = len(self._attachments)
            message = f"There is no `{name}`: the request has {count} attachment{'s'[: count != 1]}. Attach one more."
            raise where.error(Reason.UNKNOWN_REFERENCE, message, field)
        if name not in self._artifacts:
            message = f"There is no artifact {name[:90]!r}; upload it first, or use `attachments/1` and so on."
            raise where.error(Reason.ARTIFACT_NOT_FOUND, message, field)
        return self._artifacts[name]

    def _settle(self, task_id: str) -> None:
        """Checks the references of a task if all that it refers to is known, and then of those that waited for it."""
        queue = [task_id]
        while queue:
            task = self._tasks[queue.pop()]
            unknown = next((needed for needed in graph.dependencies(task) if needed not in self._unfolded), None)
            if unknown is not None:
                self._waiting.setdefault(unknown, []).append(task.id)
                continue
            self._unfolded[task.id] = self._unfolds(task, self._place(task))
            queue += self._waiting.pop(task.id, [])

    def _place(self, task: Task) -> TaskPosition:
        return TaskPosition(task.id, self._index[task.id])

    def _unfolds(self, task: Task, where: TaskPosition) -> bool:
        """Checks kinds and shapes of a task's inputs; returns whether a list makes it unfold."""
        task_type = self._task_types[task.type]
        surplus = 0
        lengths: set[int] = set()
        for name, value in task.inputs.items():
            parameter = task_type.input(name)
            if parameter is None:
                continue
            depth = self._depth(parameter, value, where) - parameter.repeated
            if depth < 0:
                message = f'`{name}` takes a list: write {{"list": {{"items": […]}}}}.'
                raise where.error(Reason.ILL_TYPED_INPUT, message, f"inputs.{name}")
            if depth > 1:
                raise where.error(Reason.ILL_TYPED_INPUT, f"`{name}` is a list of lists; {_FLAT}.", f"inputs.{name}")
            surplus = max(surplus, depth)
            if depth and isinstance(value, tuple):
                lengths.add(len(value))
        if len(lengths) > 1:
            message = (
                f"Lists of {' and '.join(map(str, sorted(lengths)))} items do not unfold together; make them equal."
            )
            raise where.error(Reason.ILL_TYPED_INPUT, message, "inputs")
        return surplus > 0

    def _depth(self, parameter: Parameter, value: Value, where: TaskPosition) -> int:
        """Returns the depth of nested lists around the single values, and checks the references on the way."""
        field = f"inputs.{parameter.name}"
        if isinstance(value, tuple):
            depths = {self._depth(parameter, item, where) for item in value}
            if len(depths) > 1:
                message = f"`{parameter.name}` mixes single values and lists; give one or the other."
                raise where.error(Reason.ILL_TYPED_INPUT, message, field)
            return 1 + max(depths, default=0)
        if not isinstance(value, OutputRef):
            return 0
        source = self._tasks[value.task_id]
        source_type = self._task_types[source.type]
        output = source_type.output(value.output)
        if output is None:
            output_names = [parameter.name for parameter in source_type.outputs]
            message = f"`{source.id}` ({source.type}) has no output `{value.output[:80]}`. "
            raise where.error(Reason.UNKNOWN_REFERENCE, message + did_you_mean(value.output, output_names), field)
        if not kinds.accepts(parameter.kind, output.kind):
            message = (
                f"`{parameter.name}` takes {parameter.kind.name}, but `{output.name}` of `{source.id}` is "
                f"{output.kind.name}: refer to an output of that kind, or put a task between that makes one."
            )
            raise where.error(Reason.ILL_TYPED_INPUT, message, field)
        depth = output.repeated + self._unfolded[source.id]
        if value.index is None:
            return depth
        if depth == 0:
            message = f"`{output.name}` of `{source.id}` is no list; leave `index` out."
            raise where.error(Reason.UNKNOWN_REFERENCE, message, field)
        return depth - 1
