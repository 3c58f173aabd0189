"""Binds what a request says to what there is: steps become tasks, by the kinds of their inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from orchestrion.errors import InvalidArgumentError, OrchestrionError, Reason
from orchestrion.plans import Parameter, ParameterKind, Task, TaskType
from orchestrion.values import OutputRef, Value
from orchestrion_controller.planner.builtin import chains
from orchestrion_controller.planner.builtin.literals import pieces, unquoted
from orchestrion_controller.planner.builtin.reading import Clause, Step
from orchestrion_controller.planner.builtin.slots import by_kind, feeds, producers_first, slots_of, spread, with_options
from orchestrion_controller.planner.builtin.sources import Attachments, Source, from_history, noun
from orchestrion_controller.plans.kinds import accepts
from orchestrion_controller.stages import PastTurn


class Binder:
    """Builds the tasks of one request, clause by clause."""

    def __init__(
        self, task_types: Mapping[str, TaskType], attachments: Attachments, history: Sequence[PastTurn], singles: int
    ) -> None:
        """Prepares an empty plan.

        Args:
            task_types: What tasks may be of, by name.
            attachments: What is attached.
            history: Earlier turns, the oldest first.
            singles: How often the request speaks of one attachment without saying which.
        """
        self._task_types = task_types
        self._attachments = attachments
        self._history = history
        self._singles = singles
        self._tasks: list[Task] = []
        self._made: list[list[Source]] = []
        """What each step took or gave, the last at the end: what `it` and `them` can stand for."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks so far; each comes after those that it refers to."""
        return tuple(self._tasks)

    def bind(self, clause: Clause) -> None:
        """Adds the tasks of a clause.

        Raises:
            InvalidArgumentError: Something to work on is missing.
        """
        table = [Source(literal.text, ParameterKind.TEXT, literal.position) for literal in clause.literals]
        for mention in clause.mentions:
            named = self._attachments.named(mention, self._singles)
            table += [source for source in named if source.value not in {other.value for other in table}]
        table.sort(key=lambda source: source.position)
        if clause.literals:
            self._made.append([source for source in table if source.kind is ParameterKind.TEXT])
        chosen = [self._choose(step, table, clause) for step in clause.steps]
        for task_type in producers_first(chosen):
            try:
                table = self._step(task_type, table, clause)
            except InvalidArgumentError:
                # "How similar are the texts 'a' and 'b'": the words for reading stand for what is given already.
                if not clause.literals or not any(feeds(task_type, other) for other in chosen):
                    raise

    def _choose(self, step: Step, table: Sequence[Source], clause: Clause) -> TaskType:
        """Takes of several task types the one whose options are given, or whose input lies at hand."""
        types = [self._task_types[name] for name in step.task_types]
        at_hand = table or (self._made[-1] if self._made else []) or self._attachments.all()
        kinds = {source.kind for source in at_hand}

        def rank(task_type: TaskType) -> tuple[bool, bool]:
            has_option = any(task_type.input(name) for name in clause.options)
            return has_option, any(accepts(slot.kind, kind) for slot in slots_of(task_type) for kind in kinds)

        return max(types, key=rank)

    def _step(self, task_type: TaskType, table: list[Source], clause: Clause) -> list[Source]:
        """Adds the tasks of one step and returns what is on the table after it."""
        bound: list[list[dict[str, Value]]] = []
        taken: list[Source] = []
        for kind, slots in by_kind(slots_of(task_type)).items():
            sources = self._sources(task_type, kind, slots, table, clause)
            bound.append(
                [dict(zip((slot.name for slot in slots), item, strict=True)) for item in spread(slots, sources)]
            )
            taken += sources
        combinations_of_inputs = [
            {name: value for part in combination for name, value in part.items()} for combination in product(*bound)
        ]
        position = min((source.position for source in taken), default=0)
        given: list[Source] = []
        for inputs in with_options(combinations_of_inputs, task_type, clause.options):
            given += self._outputs(self._add(task_type, inputs), position)
        self._made.append(given)
        used = [source.value for source in taken]
        rest = [source for source in table if source.value not in used and source.position not in _positions(taken)]
        return sorted(rest + given, key=lambda source: source.position)

    def _sources(
        self,
        task_type: TaskType,
        kind: ParameterKind,
        slots: Sequence[Parameter],
        table: Sequence[Source],
        clause: Clause,
    ) -> list[Source]:
        """Finds what a step works on: what the clause names, then what was made, attached, written, or left earlier.

        Raises:
            InvalidArgumentError: There is not enough.
        """
        needed = 2 if len(slots) > 1 or slots[0].repeated else 1
        direct = [source for source in table if accepts(kind, source.kind)]
        found = direct if len(direct) >= needed else self._turned(table, kind)
        if needed > 1 and len(found) == 1 and isinstance(found[0].value, str):
            found = pieces(found[0], len(slots), slots[0].repeated) or found
        if len(found) < needed:
            more = self._more(kind, needed - len(found), found, clause)
            found = [*more, *found]
        if len(found) < needed:
            raise self._missing(task_type, kind, needed, len(found))
        return found

    def _missing(self, task_type: TaskType, kind: ParameterKind, needed: int, have: int) -> OrchestrionError:
        """Says what to attach: what has the kind, or can be turned into it."""
        media = [other for other in ParameterKind if other.is_media]
        cures = [f"attach {noun(other)}" for other in media if chains.find(self._types(), other, kind) is not None]
        if kind is ParameterKind.TEXT:
            cures.append("put the text in quotation marks")
        what = (
            noun(kind) if needed == 1 else f"{needed} {noun(kind, plural=True)}, and the request has {have or 'none'}"
        )
        message = f"`{task_type.name}` needs {what}: {' or '.join(cures) or 'no task type here gives it'}."
        return Reason.MISSING_INPUT.error(message, field=self._attachments.field)

    def _more(self, kind: ParameterKind, count: int, found: Sequence[Source], clause: Clause) -> list[Source]:
        """Finds what a clause takes for granted."""
        have = {source.value for source in found}
        for group in reversed(self._made):
            fitting = [source for source in group if accepts(kind, source.kind) and source.value not in have]
            if len(fitting) >= count:
                return fitting
        attached = self._turned(self._attachments.all(), kind)
        fitting = [source for source in attached if source.value not in have]
        if len(fitting) >= count:
            return fitting
        if kind is ParameterKind.TEXT and not found and not clause.has_pronoun and not clause.mentions:
            text = unquoted(clause, self._task_types.values())
            if text:
                given = Source(text, kind)
                return [given] if count == 1 else pieces(given, count, repeated=False)
        left = from_history(self._history, kind)
        if left:
            return left
        media = [source for other in ParameterKind if other.is_media for source in from_history(self._history, other)]
        return self._turned(media, kind)

    def _turned(self, sources: Iterable[Source], kind: ParameterKind) -> list[Source]:
        """Turns sources into a kind, adding the tasks that this takes; drops those that cannot be turned."""
        turned: list[Source] = []
        steps: list[Source] = []
        for source in sources:
            chain = chains.find(self._types(), source.kind, kind)
            if chain is None:
                continue
            current = source
            for link in chain:
                task = self._add(link.task_type, {link.input.name: current.value})
                current = Source(OutputRef(task.id, link.output.name), link.output.kind, source.position)
                steps.append(current)
            turned.append(current)
        if steps:
            self._made.append(steps)
        return turned

    def _types(self) -> tuple[TaskType, ...]:
        return tuple(self._task_types.values())

    def _add(self, task_type: TaskType, inputs: Mapping[str, Value]) -> Task:
        """Adds a task, unless the same is there already."""
        same = next((task for task in self._tasks if task.type == task_type.name and task.inputs == inputs), None)
        if same:
            return same
        count = sum(task.type == task_type.name for task in self._tasks)
        task = Task(f"{task_type.name}-{count + 1}"[-64:], task_type.name, dict(inputs))
        self._tasks.append(task)
        return task

    def _outputs(self, task: Task, position: int) -> list[Source]:
        principal = self._task_types[task.type].outputs[:1]
        return [Source(OutputRef(task.id, output.name), output.kind, position) for output in principal]


def _positions(sources: Sequence[Source]) -> set[int]:
    """Where the clause speaks of what was taken: a picture that was turned into a text is taken with it."""
    return {source.position for source in sources if source.position}
