"""What each step works on: outputs of its sources by kind, then what the request gives, letter by letter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from orchestrion.plans import Parameter, ParameterKind, Task, TaskType
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller.planner.builtin import wording
from orchestrion_controller.planner.builtin.grammar import entries
from orchestrion_controller.planner.builtin.learned import phrases
from orchestrion_controller.planner.builtin.learned.graph import AFTER, Graph
from orchestrion_controller.planner.builtin.learned.marking import Aside
from orchestrion_controller.plans.kinds import accepts, kind_of_media_type, reads_as_text

_ROLE_WORDS: Final = {
    "question": frozenset({"question", "query"}),
    "instruction": frozenset({"instruction", "prompt", "edit", "description", "style", "change"}),
    "language": frozenset({"language", "locale"}),
}
_TEXT_NAMES: Final = frozenset({"text", "texts", "content", "sentence", "paragraph", "article", "document", "message"})
"""Names of inputs that are texts to work on."""

_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]*\w)")


class Arguments:
    """Binds the inputs of a request's steps."""

    def __init__(
        self, text: str, asides: Sequence[Aside], attachments: Sequence[Artifact], task_types: Mapping[str, TaskType]
    ) -> None:
        """Prepares the binding of one request's values.

        Args:
            text: The request.
            asides: What is set aside in it: files, quotations.
            attachments: The artifacts that a plan may call `attachments/{n}`; here they go in by their names.
            task_types: All task types, for errors that say what could be attached.
        """
        self._text = text
        self._asides = asides
        self._attachments = attachments
        self._task_types = task_types
        self._taken: set[int] = set()

    def bind(self, graph: Graph, types: Sequence[TaskType]) -> tuple[Task, ...]:
        """Makes the tasks of a graph.

        Args:
            graph: The steps, each after its sources.
            types: The task type of each step.

        Raises:
            InvalidArgumentError: An input that a step cannot do without is not there.
        """
        positions = [step.position for step in graph.steps]
        regions = phrases.regions(self._text, positions)
        counts: dict[str, int] = {}
        ids: list[str] = []
        for task_type in types:
            counts[task_type.name] = counts.get(task_type.name, 0) + 1
            ids.append(f"{task_type.name}-{counts[task_type.name]}"[-64:])
        tasks: list[Task] = []
        for number, task_type in enumerate(types):
            inputs = _references(task_type, [(ids[source], types[source]) for source in graph.sources[number]])
            for parameter in task_type.inputs:
                if parameter.name not in inputs:
                    value = self._argument(parameter, task_type, inputs, regions[number])
                    if value is not None:
                        inputs[parameter.name] = value
            self._check(task_type, inputs)
            ordered = {item.name: inputs[item.name] for item in task_type.inputs if item.name in inputs}
            tasks.append(Task(ids[number], task_type.name, ordered))
        return tuple(tasks)

    def _argument(
        self, parameter: Parameter, task_type: TaskType, inputs: Mapping[str, Value], region: phrases.Region
    ) -> Value | None:
        """Finds the request's value for one input; None where it has none."""
        if parameter.name == AFTER and parameter.optional:
            return None
        if parameter.kind.is_media:
            fed = {_kind(task_type, name) for name, value in inputs.items() if isinstance(value, OutputRef)}
            return None if parameter.kind in fed and parameter.optional else self._file(parameter.kind, region)
        if parameter.choices:
            return _choice(parameter, self._around(region))
        if parameter.kind is ParameterKind.NUMBER:
            numbers = _NUMBER.findall(self._plain(region)) if not parameter.optional else []
            return float(numbers[0]) if len(numbers) == 1 else None
        if parameter.kind is not ParameterKind.TEXT:
            return None
        return self._words(parameter, task_type, inputs, region)

    def _words(
        self, parameter: Parameter, task_type: TaskType, inputs: Mapping[str, Value], region: phrases.Region
    ) -> Value | None:
        role = _role(parameter)
        if role == "language":
            match = _languages().search(self._around(region))
            return match.group() if match else None
        if role == "question":
            quoted = self._quotation(region, ("[question]",)) or self._quotation(region, ("[text]", "[phrase]"))
            return quoted or phrases.question(self._text, region) or None
        if role == "instruction":
            return self._quotation(region, ("[text]", "[phrase]")) or phrases.sentence_at(self._text, region.start)
        is_fed = any(isinstance(value, OutputRef) for value in inputs.values())
        quoted = self._quotation(region, ("[text]", "[phrase]", "[question]"))
        if quoted is not None:
            return quoted
        if is_fed:
            # What another step gives is what this one works on; the request itself is not given a second time.
            return None
        return (
            phrases.subject(self._text, region, self._asides) or self._text_file() or self._whole(parameter, task_type)
        )

    def _whole(self, parameter: Parameter, task_type: TaskType) -> Value | None:
        """Takes the request itself, where a step works on a text and nothing else is there.

        An input that may be left out and is no text to work on, such as a place or a date, is left out.
        """
        is_worked_on = len(task_type.inputs) == 1 or bool(_TEXT_NAMES & _words_of(parameter.name))
        if parameter.optional and (not is_worked_on or any(item.kind.is_media for item in task_type.inputs)):
            return None
        return self._text.strip() or None

    def _quotation(self, region: phrases.Region, marks: Sequence[str]) -> str | None:
        """Takes the quotation nearest to the words for a step, those after them first; each goes to one input.

        What comes after the words for the next step is for that one.
        """
        fitting = [
            (number, item)
            for number, item in enumerate(self._asides)
            if item.mark in marks and number not in self._taken and item.start < region.end
        ]
        inside = [pair for pair in fitting if pair[1].start >= region.start]
        sentence = [pair for pair in fitting if self._same_sentence(pair[1].start, region.start)]
        before = [pair for pair in fitting if pair[1].start < region.start]
        for pairs in (inside, sentence, before[-1:] if not inside else []):
            if pairs:
                number, item = pairs[0]
                self._taken.add(number)
                return item.text
        return None

    def _same_sentence(self, one: int, other: int) -> bool:
        return phrases.sentence_at(self._text, one) == phrases.sentence_at(self._text, other)

    def _file(self, kind: ParameterKind, region: phrases.Region) -> ArtifactRef | None:
        """Takes the file of a kind that is named nearest to a step, else the only or the first that is attached."""
        fitting = [item for item in self._attachments if accepts(kind, kind_of_media_type(item.media_type))]
        by_name = {item.file_name.lower(): item for item in fitting if item.file_name}
        named = [item for item in self._asides if item.is_file and item.text.lower() in by_name]
        inside = [item for item in named if region.start <= item.start < region.end]
        before = [item for item in named if item.start < region.start]
        for nearest in inside[:1] or before[-1:] or named[:1]:
            return ArtifactRef(by_name[nearest.text.lower()].name)
        return ArtifactRef(fitting[0].name) if fitting else None

    def _text_file(self) -> ArtifactRef | None:
        files = [item for item in self._attachments if reads_as_text(item.media_type)]
        return ArtifactRef(files[0].name) if files else None

    def _plain(self, region: phrases.Region) -> str:
        return self._text[region.start : region.end]

    def _around(self, region: phrases.Region) -> str:
        """The words for a step, and before them those of its sentence."""
        return f"{self._plain(region)} {phrases.sentence_at(self._text, region.start)}"

    def _check(self, task_type: TaskType, inputs: Mapping[str, Value]) -> None:
        for parameter in task_type.inputs:
            if parameter.optional or parameter.name in inputs:
                continue
            if parameter.choices:
                wording.check_modes(task_type, inputs)
            raise wording.missing(self._task_types, task_type, parameter.kind, needed=1, have=0, field="messages")


def _references(task_type: TaskType, sources: Sequence[tuple[str, TaskType]]) -> dict[str, Value]:
    """Gives each source's output to the first input that takes it and is free, media before texts.

    Where steps only follow each other in time, it goes to the input that says what came before, and to no other.
    """
    inputs: dict[str, Value] = {}
    after = task_type.input(AFTER)
    if after is not None:
        last = next(((task_id, source) for task_id, source in reversed(sources) if source.outputs), None)
        return {AFTER: OutputRef(last[0], last[1].outputs[0].name)} if last else {}
    for task_id, source in sources:
        pairs = [
            (output.kind.is_media, -place, item.name, output.name)
            for place, item in enumerate(task_type.inputs)
            for output in source.outputs
            if item.name not in inputs and not item.choices and accepts(item.kind, output.kind)
        ]
        if pairs:
            # Of equals the input that comes first and the output that comes first.
            best = max(pairs, key=lambda pair: pair[:2])
            inputs[best[2]] = OutputRef(task_id, best[3])
    return inputs


def _kind(task_type: TaskType, name: str) -> ParameterKind:
    parameter = task_type.input(name)
    return parameter.kind if parameter else ParameterKind.UNSPECIFIED


def _role(parameter: Parameter) -> str:
    words = _words_of(parameter.name)
    return next((role for role, names in _ROLE_WORDS.items() if words & names), "")


def _words_of(name: str) -> set[str]:
    return set(re.split(r"[\W_]+", name.lower()))


@cache
def _languages() -> re.Pattern[str]:
    """Names of languages: those that the grammar has."""
    names = {name for names in entries.data()["languages"]["names"].values() for name in names}
    longest_first = sorted(map(re.escape, names), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(longest_first)})\b", re.IGNORECASE)


def _choice(parameter: Parameter, text: str) -> str | None:
    """Takes the choice that the words for a step name."""
    lowered = text.lower()
    return next(
        (choice for choice in parameter.choices if re.search(rf"\b{re.escape(choice.lower())}\b", lowered)), None
    )
