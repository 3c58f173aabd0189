"""Binds what a request says to what there is: steps become tasks, by the kinds of their inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from orchestrion.errors import InvalidArgumentError
from orchestrion.plans import ParameterKind, Task, TaskType
from orchestrion.values import ArtifactRef, Value
from orchestrion_controller.planner.builtin import wording
from orchestrion_controller.planner.builtin.grammar import chains, choosing
from orchestrion_controller.planner.builtin.grammar.amounts import Option
from orchestrion_controller.planner.builtin.grammar.clauses import Clause, Reading, Step
from orchestrion_controller.planner.builtin.grammar.drafts import Draft, judges
from orchestrion_controller.planner.builtin.grammar.finding import Finder
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.meanings import Sense
from orchestrion_controller.planner.builtin.grammar.slots import (
    Chosen,
    by_kind,
    changes,
    feeds,
    producers_first,
    slots_of,
    spread,
    with_options,
)
from orchestrion_controller.planner.builtin.grammar.sources import Source
from orchestrion_controller.planner.builtin.grammar.spoken import spoken_inputs
from orchestrion_controller.stages import PlanningRequest


class Binder:
    """Builds the tasks of one request, clause by clause."""

    def __init__(self, request: PlanningRequest, reading: Reading, lexicon: Lexicon) -> None:
        """Prepares an empty plan."""
        self._task_types = request.task_types
        self._lexicon = lexicon
        self._reading = reading
        self._draft = Draft(request.task_types, lexicon.about)
        self._finder = Finder(request, reading, self._draft, lexicon)
        self._left: list[Option] = []

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks so far; each comes after those that it refers to."""
        return tuple(self._draft.tasks)

    def bind(self, clause: Clause) -> None:
        """Adds the tasks of a clause.

        Raises:
            InvalidArgumentError: Something to work on is missing.
            FailedPreconditionError: What is asked for cannot be done to what is there.
        """
        table = self._finder.named(clause)
        meant: list[tuple[Step, Sense]] = []
        for step in clause.steps:
            referred = self._finder.referred(step, clause)
            if referred:
                table = [*table, *referred]
                continue
            at_hand = self._finder.at_hand(table)
            self._check_implied(step, clause, at_hand)
            sense = choosing.sense_of(step, clause, at_hand, self._task_types, self._lexicon)
            if self._is_there_already(step, sense, at_hand):
                self._finder.keep([source for source in at_hand if source.kind is ParameterKind.TEXT])
                continue
            meant.append((step, sense))
        own, left = choosing.options_of(meant, clause.options, self._task_types, self._lexicon)
        self._left += left
        chosen = [
            Chosen(self._task_types[sense.task_type], step, options)
            for (step, sense), options in zip(meant, own, strict=True)
        ]
        spans = sorted({each.step.span for each in chosen})
        parts = ([each for each in chosen if each.step.span == span] for span in spans)
        ordered = [each for part in parts for each in producers_first(part, self._lexicon.roles)]
        self._carry_out(ordered, table, clause)

    def close(self) -> None:
        """Checks that nothing was asked for that came to nothing.

        Raises:
            FailedPreconditionError: Something did.
        """
        types = {task.type: self._task_types[task.type] for task in self._draft.tasks}
        for option in self._left:
            if choosing.matters(option, self._task_types.values(), self._lexicon):
                raise wording.BeyondPlanner(option.words)
        for clause in self._reading.clauses:
            for name in clause.outputs:
                if not any(task_type.output(name) for task_type in types.values()):
                    raise wording.BeyondPlanner(self._reading.text[clause.start : clause.end])

    def _carry_out(self, chosen: Sequence[Chosen], table: list[Source], clause: Clause) -> None:
        first = list(table)
        for each in chosen:
            if clause.wants_versions and changes(each.task_type):
                table = list(first)
            try:
                table = self._step(each, table, clause)
            except InvalidArgumentError:
                # "How similar are the texts 'a' and 'b'": the words for reading stand for what is given already.
                if not clause.literals or not any(
                    feeds(each.task_type, other.task_type, self._lexicon.roles) for other in chosen
                ):
                    raise

    def _check_implied(self, step: Step, clause: Clause, at_hand: Sequence[Source]) -> None:
        """Lets a question or alternatives alone ask for something only where there is a text, not just a picture.

        Raises:
            FailedPreconditionError: There is none; the request asks what no text tells.
        """
        if not step.is_implicit or clause.is_textual:
            return
        texts = [source for source in at_hand if source.kind in {ParameterKind.TEXT, ParameterKind.AUDIO}]
        names_text = any(mention.kind is ParameterKind.TEXT for mention in clause.mentions)
        if not texts and not (at_hand and names_text) and not self._reading.aside:
            raise wording.BeyondPlanner(self._reading.text[clause.start : clause.end])

    def _is_there_already(self, step: Step, sense: Sense, at_hand: Sequence[Source]) -> bool:
        """Whether a step would make what is there already, and something else is done with that.

        "Read" may mean to speak, too, but not when a text file is read as one step of several; and "listen to the
        recording" needs no speech.
        """
        if sum(len(clause.steps) for clause in self._reading.clauses) < 2:
            return False
        outputs = self._task_types[sense.task_type].outputs
        slots = slots_of(self._task_types[sense.task_type], self._lexicon.roles)
        gives = outputs[0].kind if outputs else ParameterKind.UNSPECIFIED
        is_made_anew = gives.is_media and gives not in {slot.kind for slot in slots}
        if is_made_anew and at_hand and all(source.kind is gives for source in at_hand):
            return all(isinstance(source.value, ArtifactRef) for source in at_hand)
        readers = [item for name in step.task_types if chains.converts(item := self._task_types[name])]
        fits = any(source.fits(slot.kind) for item in readers for slot in slots_of(item) for source in at_hand)
        only_reads = len(readers) == len(step.task_types)
        texts = [
            source for source in at_hand if source.is_document or (only_reads and source.kind is ParameterKind.TEXT)
        ]
        return bool(readers and texts and not fits and not sense.mode)

    def _step(self, chosen: Chosen, table: list[Source], clause: Clause) -> list[Source]:
        """Adds the tasks of one step and returns what is on the table after it."""
        task_type = chosen.task_type
        if chains.converts(task_type):
            heard = self._otherwise(task_type, clause, table)
            if heard is not None:
                return heard
        spoken, table = spoken_inputs(task_type, clause, table, self._lexicon)
        bound: list[list[dict[str, Value]]] = []
        taken: list[Source] = []
        for kind, slots in by_kind(
            [slot for slot in slots_of(task_type, self._lexicon.roles) if slot.name not in spoken]
        ).items():
            sources = self._finder.sources(chosen, kind, slots, table, clause)
            bound.append(
                [dict(zip((slot.name for slot in slots), item, strict=True)) for item in spread(slots, sources)]
            )
            taken += sources
        combinations_of_inputs: list[dict[str, Value]] = [
            {name: value for part in combination for name, value in part.items()} | spoken
            for combination in product(*bound)
        ]
        wording.check_modes(task_type, chosen.options)
        position = min((source.position for source in taken), default=0)
        given: list[Source] = []
        for inputs in with_options(combinations_of_inputs, chosen.options):
            given += self._draft.given(self._draft.add(task_type, _in_order(task_type, inputs)), position)
        return self._after(task_type, clause, table, taken, given)

    def _after(
        self,
        task_type: TaskType,
        clause: Clause,
        table: Sequence[Source],
        taken: Sequence[Source],
        given: Sequence[Source],
    ) -> list[Source]:
        """Says what `it` stands for after a step, and what is left on the table."""
        used = [source.value for source in taken]
        rest = [source for source in table if source.value not in used and source.position not in _positions(taken)]
        output = task_type.outputs[0].name if task_type.outputs else ""
        if judges(task_type, self._lexicon.about):
            # What was asked about stays the subject, but an answer takes its place.
            for sources in (taken, given) if output in self._lexicon.replies else (given, taken):
                self._finder.keep(sources)
            return sorted([*rest, *taken, *given], key=lambda source: source.position)
        if changes(task_type):
            self._finder.keep(taken)
        self._finder.keep(given)
        if clause.wants_versions and changes(task_type):
            # The next version is one of the same thing.
            self._finder.keep(taken)
        return sorted([*rest, *given], key=lambda source: source.position)

    def _otherwise(self, task_type: TaskType, clause: Clause, table: Sequence[Source]) -> list[Source] | None:
        """Gets the text of something that a step does not read but another one does: "the text of this recording"."""
        wanted = slots_of(task_type)[0].kind
        at_hand = self._finder.at_hand(table)
        if not at_hand or any(source.fits(wanted) for source in at_hand):
            return None
        if any(source.kind is ParameterKind.TEXT for source in table) and len(clause.steps) > 1:
            # Another step of the clause has read it.
            return list(table)
        media = [source for source in at_hand if source.kind.is_media]
        turned, _ = self._draft.turned(media, ParameterKind.TEXT)
        if not turned:
            return None
        self._finder.keep(turned)
        return [*(source for source in table if source not in media), *turned]


def _in_order(task_type: TaskType, inputs: Mapping[str, Value]) -> dict[str, Value]:
    return {item.name: inputs[item.name] for item in task_type.inputs if item.name in inputs}


def _positions(sources: Sequence[Source]) -> set[int]:
    """Where the clause speaks of what was taken: a picture that was turned into a text is taken with it."""
    return {source.position for source in sources if source.position}
