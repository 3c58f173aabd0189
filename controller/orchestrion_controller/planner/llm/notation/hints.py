"""What errors say about mending a plan to the language model that wrote it: by meaning, and in its own notation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from orchestrion.errors import OrchestrionError
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.runs import Artifact
from orchestrion_controller.planner.llm.notation.names import PlanNames
from orchestrion_controller.planner.llm.relevance import Likeness, words
from orchestrion_controller.plans.conversions import chain
from orchestrion_controller.plans.faults import PlanHints
from orchestrion_controller.plans.kinds import accepts, kind_of_media_type, listed, takes
from orchestrion_controller.plans.offers import words_of

_MOST: Final = 3
"""How many task types, and files, a hint names."""
_MOST_LISTED: Final = 20
"""How many task types it lists where none is like one that there is not."""
_NOT_DONE: Final = "What no task type does belongs into `not_done`."
_WRITTEN: Final = {
    ParameterKind.TEXT: '"…"',
    ParameterKind.NUMBER: "1.5, without quotation marks",
    ParameterKind.BOOLEAN: "true or false",
    ParameterKind.JSON: "as the data itself",
}
_PLACE: Final = re.compile(r"plan\.tasks\[[0-9]+\]\.inputs\.(.+)")


class ModelHints(PlanHints):
    """Hints for a language model."""

    item = "take one item of an output by its number, as in `$read.text.0`"
    whole_output = "leave the number out"
    several = 'write ["…", "…"], also for a single one'
    reason_field = "no_task_reason"

    def __init__(self, names: PlanNames) -> None:
        """Prepares for one plan.

        Args:
            names: The files and texts that have names.
        """
        self._names = names

    def task_type(self, name: str, task_types: Mapping[str, TaskType]) -> str:
        """Names the task types that are most like the one that there is not, by what they do."""
        likeness = Likeness([_words_of(task_type) for task_type in task_types.values()])
        scores = likeness.scores(words(words_of(name)))
        scored = sorted(zip(scores, task_types, strict=True), key=lambda pair: -pair[0])
        alike = [other for score, other in scored[:_MOST] if score > 0]
        if alike:
            return f"Most like it in what they do: {listed(alike)}. {_NOT_DONE}"
        if len(task_types) <= _MOST_LISTED:
            return f"There is: {listed(list(task_types))}. {_NOT_DONE}"
        return f"None of the {len(task_types)} that there are is like it. {_NOT_DONE}"

    def value(self, parameter: Parameter) -> str:
        """Says how a value of an input is written; for a file, which there are."""
        if parameter.choices:
            return f"as one of {listed(parameter.choices)}"
        if not parameter.kind.is_media:
            return _WRITTEN.get(parameter.kind, "as the data itself")
        output = f"an output such as `$id.{parameter.kind.name.lower()}`"
        files = self._files(parameter)
        return f"as a file, {files}, or {output}" if files else f"as {output}: the request has no such file"

    def missing(self, parameter: Parameter, task_types: Mapping[str, TaskType]) -> str:
        """Says what can be given: a file, a value, and the task types that make one."""
        if parameter.choices or parameter.kind in {ParameterKind.NUMBER, ParameterKind.BOOLEAN}:
            return f"write it {self.value(parameter)}"
        made = self._made_of_files(parameter, task_types)
        if parameter.kind is ParameterKind.TEXT:
            files = self._files(parameter)
            return f'give a text, "…"{f", a text file, {files}," if files else ""} or an output that is one{made}'
        return f"give it {self.value(parameter)}{made}"

    def instead_of(self, artifact: Artifact, parameter: Parameter, task_types: Mapping[str, TaskType]) -> str:
        """Says which task makes of a file what an input takes."""
        if parameter.choices:
            return f"write {self.value(parameter)}"
        kind = kind_of_media_type(artifact.media_type)
        made = _converted(kind, parameter, task_types)
        return made or f"give it {self.value(parameter)}; nothing here makes {parameter.kind.name} of {kind.name}"

    def between(
        self, source: TaskType, output: Parameter, parameter: Parameter, task_types: Mapping[str, TaskType]
    ) -> str:
        """Says which output of the same task fits, or which task makes of this one what an input takes."""
        fitting = [other.name for other in source.outputs if accepts(parameter.kind, other.kind)]
        if fitting:
            return f"refer to its output {listed(fitting)}"
        made = _converted(output.kind, parameter, task_types)
        kinds = f"nothing here makes {parameter.kind.name} of {output.kind.name}"
        return made or f"refer to an output of that kind; {kinds}"

    def no_attachment(self, name: str, count: int) -> str:
        """Says which files there are."""
        del count
        return self.no_artifact(name)

    def no_artifact(self, name: str) -> str:
        """Says which files there are."""
        return f"There is no file {name[:90]!r}. The files are: {self._shown(self._names.artifacts)}."

    def _files(self, parameter: Parameter) -> str:
        fitting = {name: entry for name, entry in self._names.artifacts.items() if takes(parameter, entry.media_type)}
        return self._shown(fitting) if fitting else ""

    def _shown(self, artifacts: Mapping[str, Artifact]) -> str:
        file_names = {f"`${name}`": entry.file_name for name, entry in artifacts.items()}
        shown = [f"{name} ({file_name})" if file_name else name for name, file_name in file_names.items()]
        more = f" and {len(shown) - _MOST} more" if len(shown) > _MOST else ""
        return ", ".join(shown[:_MOST]) + more if shown else "none"

    def _made_of_files(self, parameter: Parameter, task_types: Mapping[str, TaskType]) -> str:
        """Says which task types make what is wanted, those first that make it of a file of the request."""
        converting = {
            link.task_type.name: f"`{link.task_type.name}` makes one of `${name}`"
            for name, entry in self._names.artifacts.items()
            for link in (chain(task_types.values(), kind_of_media_type(entry.media_type), parameter.kind) or ())[-1:]
        }
        if converting:
            return "; " + ", ".join(list(converting.values())[:_MOST])
        makers = [
            task_type.name
            for task_type in task_types.values()
            if any(accepts(parameter.kind, output.kind) for output in task_type.outputs[:1])
        ]
        return f"; such outputs have {listed(makers, _MOST)}" if makers else ""


def fault_lines(faults: Iterable[OrchestrionError]) -> str:
    """Lists faults for the author of a plan: a line each, with the task's id and its input, nothing twice."""
    return "\n".join(dict.fromkeys(f"- {_place(fault)}{fault.message}" for fault in faults))


def _place(fault: OrchestrionError) -> str:
    task_id = fault.metadata.get("task_id", "")
    name = _PLACE.fullmatch(fault.field or "")
    places = [*([f"task `{task_id}`"] if task_id else []), *([f"input `{name[1]}`"] if name else [])]
    return f"{', '.join(places)}: " if places else ""


def _converted(kind: ParameterKind, parameter: Parameter, task_types: Mapping[str, TaskType]) -> str:
    """Says which task, or tasks one after the other, make of one kind what an input takes; empty where none do."""
    links = chain(task_types.values(), kind, parameter.kind)
    if not links:
        return ""
    steps = " and then ".join(f"`{link.task_type.name}`" for link in links)
    return f"put {steps} before it, and refer to the output `{links[-1].output.name}`"


def _words_of(task_type: TaskType) -> frozenset[str]:
    choices = (choice for parameter in task_type.inputs for choice in parameter.choices)
    return words(" ".join([words_of(task_type.name), task_type.description, *task_type.cues, *choices]))
