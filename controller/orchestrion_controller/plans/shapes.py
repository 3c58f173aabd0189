"""Kinds and shapes of what tasks give each other: whether a reference fits the input that it stands in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Parameter, Task, TaskType
from orchestrion.values import OutputRef, Value
from orchestrion_controller.plans import graph, kinds
from orchestrion_controller.plans.faults import PlanHints, TaskPosition, did_you_mean


class Shapes:
    """Checks the references of tasks, each task once all that it refers to has been checked."""

    def __init__(self, task_types: Mapping[str, TaskType], hints: PlanHints) -> None:
        """Prepares for the tasks of one plan.

        Args:
            task_types: What tasks may be of, by name.
            hints: What errors say about mending.
        """
        self._task_types = task_types
        self._hints = hints
        self._tasks: dict[str, tuple[Task, TaskPosition]] = {}
        self._unfolded: dict[str, bool] = {}
        """Whether a task unfolds into several calls; a task is not here before all that it refers to is."""
        self._waiting: dict[str, list[str]] = {}
        """The tasks that wait for one to be settled, by its id."""
        self._open_counts: dict[str, int] = {}
        """For how many others a task waits, by its id."""

    def add(self, task: Task, where: TaskPosition) -> list[OrchestrionError]:
        """Takes a task; returns what is wrong with it, and with those that waited for it.

        Args:
            task: The task, with those of its inputs that have no other fault.
            where: Its place.
        """
        self._tasks[task.id] = task, where
        faults: list[OrchestrionError] = []
        unsettled = [one for one in graph.dependencies(task) if one not in self._unfolded]
        self._open_counts[task.id] = len(unsettled)
        for one in unsettled:
            self._waiting.setdefault(one, []).append(task.id)
        queue = [] if unsettled else [task.id]
        while queue:
            task_id = queue.pop()
            faults += self._settle(task_id)
            for waiting in self._waiting.pop(task_id, ()):
                self._open_counts[waiting] -= 1
                if not self._open_counts[waiting]:
                    queue.append(waiting)
        return faults

    def close(self, settled: Collection[str] = ()) -> Iterator[OrchestrionError]:
        """Yields what is wrong with the tasks that still wait, apart from what they wait for.

        Args:
            settled: Tasks of which enough is said.
        """
        waiting = [task_id for task_id in self._tasks if task_id not in self._unfolded and task_id not in settled]
        for task_id in waiting:
            yield from self._settle(task_id)

    def _settle(self, task_id: str) -> list[OrchestrionError]:
        """Checks kinds and shapes of a task's inputs, and whether a list makes it unfold."""
        task, where = self._tasks[task_id]
        task_type = self._task_types.get(task.type)
        faults: list[OrchestrionError] = []
        surplus = 0
        lengths: set[int] = set()
        for name, value in task.inputs.items():
            parameter = task_type.input(name) if task_type else None
            if parameter is None:
                continue
            try:
                depth = self._surplus(parameter, value, where)
            except OrchestrionError as fault:
                faults.append(fault)
                continue
            surplus = max(surplus, depth)
            if depth > 0 and isinstance(value, tuple):
                lengths.add(len(value))
        if len(lengths) > 1:
            message = (
                f"Lists of {' and '.join(map(str, sorted(lengths)))} items do not unfold together; make them equal."
            )
            faults.append(where.error(Reason.ILL_TYPED_INPUT, message, "inputs"))
        self._unfolded[task.id] = surplus > 0
        return faults

    def _surplus(self, parameter: Parameter, value: Value, where: TaskPosition) -> int:
        """Returns how much deeper the lists of a value are than its input's: 1 makes the task unfold."""
        name, field = parameter.name, f"inputs.{parameter.name}"
        depth = self._depth(parameter, value, where)
        if depth is None:
            return 0
        if depth < parameter.repeated:
            raise where.error(Reason.ILL_TYPED_INPUT, f"`{name}` takes a list: {self._hints.several}.", field)
        if depth > parameter.repeated + 1:
            message = f"`{name}` is a list of lists; give a flat list, or {self._hints.item}."
            raise where.error(Reason.ILL_TYPED_INPUT, message, field)
        return depth - parameter.repeated

    def _depth(self, parameter: Parameter, value: Value, where: TaskPosition) -> int | None:
        """Returns the depth of nested lists around the single values, and checks the references on the way.

        None where it depends on a task of which nothing is certain.
        """
        field = f"inputs.{parameter.name}"
        if isinstance(value, tuple):
            depths = {self._depth(parameter, item, where) for item in value}
            if None in depths:
                return None
            if len(depths) > 1:
                message = f"`{parameter.name}` mixes single values and lists; give one or the other."
                raise where.error(Reason.ILL_TYPED_INPUT, message, field)
            return 1 + max((depth for depth in depths if depth is not None), default=0)
        if not isinstance(value, OutputRef):
            return 0
        source = self._tasks[value.task_id][0] if value.task_id in self._tasks else None
        source_type = self._task_types.get(source.type) if source else None
        if source is None or source_type is None:
            return None
        output = source_type.output(value.output)
        if output is None:
            output_names = [parameter.name for parameter in source_type.outputs]
            message = f"`{source.id}` ({source.type}) has no output `{value.output[:80]}`. "
            raise where.error(Reason.UNKNOWN_REFERENCE, message + did_you_mean(value.output, output_names), field)
        if not kinds.accepts(parameter.kind, output.kind):
            cure = self._hints.between(source_type, output, parameter, self._task_types)
            message = (
                f"`{parameter.name}` takes {parameter.kind.name}, but `{output.name}` of `{source.id}` is "
                f"{output.kind.name}: {cure}."
            )
            raise where.error(Reason.ILL_TYPED_INPUT, message, field)
        depth = output.repeated + self._unfolded.get(source.id, False)
        if value.index is None:
            return depth
        if depth == 0:
            message = f"`{output.name}` of `{source.id}` is no list; {self._hints.whole_output}."
            raise where.error(Reason.UNKNOWN_REFERENCE, message, field)
        return depth - 1
