"""What the steps of an estimate work on, in others' libraries: outputs by kind, then what the request gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from orchestrion.errors import Reason
from orchestrion.plans import Parameter, ParameterKind, Task, TaskType
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller import refusals
from orchestrion_controller.languages import Language, amounts, language_names
from orchestrion_controller.planner.asides import Aside, asides
from orchestrion_controller.planner.builtin.reading.features import SENTENCE_END
from orchestrion_controller.planner.builtin.reading.graph import AFTER, Graph
from orchestrion_controller.planner.surroundings import Surroundings
from orchestrion_controller.plans.kinds import accepts, kind_of_media_type, reads_as_text

_QUOTED: Final = frozenset({"[question]", "[text]", "[phrase]"})
_QUESTIONS: Final = frozenset({"question", "query"})


class EstimatedTasks:
    """Binds the inputs of a request's steps."""

    def __init__(self, around: Surroundings, languages: Sequence[Language]) -> None:
        """Prepares the binding of one request's values."""
        self._around = around
        self._languages = languages
        self._text = around.text
        self._files = around.files
        self._asides = asides(self._text, [artifact.file_name for artifact in self._files])
        self._taken: set[int] = set()

    def make(self, graph: Graph, types: Sequence[TaskType]) -> tuple[Task, ...]:
        """Makes the tasks of a graph.

        Args:
            graph: The steps, each after its sources.
            types: The task type of each step.

        Raises:
            InvalidArgumentError: An input that a step cannot do without is not there.
        """
        ends = [
            min((other.position for other in graph.steps if other.position > step.position), default=len(self._text))
            for step in graph.steps
        ]
        counts: dict[str, int] = {}
        ids: list[str] = []
        for task_type in types:
            counts[task_type.name] = counts.get(task_type.name, 0) + 1
            ids.append(f"{task_type.name}-{counts[task_type.name]}"[-64:])
        tasks: list[Task] = []
        for number, task_type in enumerate(types):
            inputs = _references(task_type, [(ids[source], types[source]) for source in graph.sources[number]])
            region = (graph.steps[number].position, ends[number])
            for parameter in task_type.inputs:
                if parameter.name not in inputs:
                    value = self._argument(parameter, task_type, inputs, region)
                    if value is not None:
                        inputs[parameter.name] = value
            for parameter in task_type.inputs:
                if not parameter.optional and parameter.name not in inputs:
                    reason = refusals.lack(parameter, self._languages[0].tag)
                    raise Reason.MISSING_INPUT.error(f"`{task_type.name}`: {reason}", field=self._around.field)
            ordered = {item.name: inputs[item.name] for item in task_type.inputs if item.name in inputs}
            tasks.append(Task(ids[number], task_type.name, ordered))
        return tuple(tasks)

    def _argument(
        self, parameter: Parameter, task_type: TaskType, inputs: Mapping[str, Value], region: tuple[int, int]
    ) -> Value | None:
        """Finds the request's value for one input; None where it has none."""
        if parameter.name == AFTER and parameter.optional:
            return None
        if parameter.kind.is_media:
            fed = {_kind(task_type, name) for name, value in inputs.items() if isinstance(value, OutputRef)}
            return None if parameter.kind in fed and parameter.optional else self._file(parameter.kind, region)
        words = self._text[region[0] : region[1]]
        if parameter.choices:
            lowered = self._text.lower()
            return next((choice for choice in parameter.choices if choice.lower() in lowered), None)
        if parameter.kind is ParameterKind.NUMBER:
            read = amounts.read(words, self._languages) if not parameter.optional else ()
            return read[0].value if len(read) == 1 else None
        if parameter.kind is not ParameterKind.TEXT:
            return None
        if "language" in parameter.name.lower():
            names = language_names.read(words) or language_names.read(self._text)
            return self._text[names[0].start : names[0].end] if names else None
        return self._quotation(region) or self._whole(parameter, task_type, inputs, region)

    def _whole(
        self, parameter: Parameter, task_type: TaskType, inputs: Mapping[str, Value], region: tuple[int, int]
    ) -> Value | None:
        """Takes a text file, or the request itself, where a step works on a text and nothing else is there.

        A question is the sentence that asks for the step: what comes before it may tell of the files alone.
        """
        if any(isinstance(value, OutputRef) for value in inputs.values()):
            # What another step gives is what this one works on; the request itself is not given a second time.
            return None
        file = next((item for item in self._files if reads_as_text(item.media_type)), None)
        if file is not None:
            return ArtifactRef(file.name)
        takes_media = any(item.kind.is_media for item in task_type.inputs)
        if parameter.optional and (takes_media or len(task_type.inputs) > 1):
            return None
        if parameter.name in _QUESTIONS:
            before = [end.end() for end in SENTENCE_END.finditer(self._text) if end.end() <= region[0]]
            after = SENTENCE_END.search(self._text, max(region[0], 0))
            return self._text[max(before, default=0) : after.end() if after else len(self._text)].strip()
        return self._text.strip() or None

    def _quotation(self, region: tuple[int, int]) -> str | None:
        """Takes the quotation nearest to the words for a step, those after them first; each goes to one input."""
        fitting = [
            (number, item)
            for number, item in enumerate(self._asides)
            if item.mark in _QUOTED and number not in self._taken and item.start < region[1]
        ]
        inside = [pair for pair in fitting if pair[1].start >= region[0]]
        for number, item in (inside or fitting[-1:])[:1]:
            self._taken.add(number)
            return item.text
        return None

    def _file(self, kind: ParameterKind, region: tuple[int, int]) -> ArtifactRef | None:
        """Takes the file of a kind that is named nearest to a step, else the only or the first that is attached."""
        fitting = [item for item in self._files if accepts(kind, kind_of_media_type(item.media_type))]
        by_name: dict[str, Artifact] = {item.file_name.lower(): item for item in fitting if item.file_name}
        named: list[Aside] = [item for item in self._asides if item.is_file and item.text.lower() in by_name]
        inside = [item for item in named if region[0] <= item.start < region[1]]
        before = [item for item in named if item.start < region[0]]
        for nearest in inside[:1] or before[-1:] or named[:1]:
            return ArtifactRef(by_name[nearest.text.lower()].name)
        return ArtifactRef(fitting[0].name) if fitting else None


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
