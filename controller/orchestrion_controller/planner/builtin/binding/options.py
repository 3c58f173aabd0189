"""The options of steps: what the words for them come to, and the texts that stand in a request as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrion.plans import Parameter, ParameterKind
from orchestrion.values import Value
from orchestrion_controller.languages import function_words, voices
from orchestrion_controller.planner import option_values
from orchestrion_controller.planner.asides import Aside
from orchestrion_controller.planner.builtin.binding import looked_for
from orchestrion_controller.planner.builtin.binding.looked_for import LookedFor
from orchestrion_controller.planner.builtin.reading.readings import Reading
from orchestrion_controller.planner.builtin.reading.segments import Segment
from orchestrion_controller.planner.builtin.reading.steps import Step
from orchestrion_controller.planner.option_values import Words
from orchestrion_controller.planner.spoken import Spoken
from orchestrion_controller.plans import quantities
from orchestrion_controller.plans.offers import Option

_FOR_A_MODEL = frozenset({"prompt", "question", "instruction", "negative_prompt", "system"})
"""Inputs that tell a model what to do."""
_PROSE = _FOR_A_MODEL | {"text"}
"""Inputs whose words reach a model as they stand."""
_PITCH = "pitch"


class Options:
    """Reads the options of one request's steps."""

    def __init__(self, reading: Reading, spoken: Spoken, asked_in: str) -> None:
        """Keeps what a request says, and the tag of its language."""
        self._text = spoken.text
        self._reading = reading
        self._spoken = spoken
        self._asked_in = asked_in
        self.looked_for = LookedFor(reading, spoken, asked_in)
        """What its detectors look for."""
        self._changes = {id(segment): change for segment, change in reading.changes}
        self.free = [item for item in spoken.quotations if not _is_claimed(item, reading)]
        """Texts that stand in the request as they are, and that no words for an option have."""
        self.unread: list[Segment] = []
        """Words for an option that give no value of it."""
        self._of: dict[int, dict[str, list[Value]]] = {}

    def of(self, step: Step) -> dict[str, list[Value]]:
        """Reads the options of a step, once; words that give none are kept as unread."""
        if id(step) not in self._of:
            self._of[id(step)] = self._read(step)
        return dict(self._of[id(step)])

    def _read(self, step: Step) -> dict[str, list[Value]]:
        result: dict[str, list[Value]] = {}
        claimed = [item for item in step.options if not self._is_free(item)]
        for parameter, segments in by_parameter(claimed).items():
            if parameter.kind is ParameterKind.TEXT and not parameter.repeated and parameter.name in _PROSE:
                result[parameter.name] = self._prose(segments)
                continue
            if parameter.kind is ParameterKind.NUMBER:
                numbers = self._numbers(parameter, segments, step)
                result |= numbers
                self.unread += [] if numbers else segments
                continue
            for segment in segments:
                if parameter.repeated and self._names_nothing(segment):
                    continue
                value = option_values.value(parameter, self._said([segment]))
                if parameter.name == option_values.VOICE and (pitch := self._pitch(segment, step)) is not None:
                    result.setdefault(_PITCH, [pitch])
                    if value is None:
                        continue
                if (
                    isinstance(value, str)
                    and parameter.name == looked_for.LABELS
                    and looked_for.detects(step.task_type)
                ):
                    classes = [*result.get(parameter.name, []), *self.looked_for.classes(segment, value)]
                    result[parameter.name] = list(dict.fromkeys(classes))
                    continue
                if value is None:
                    self.unread.append(segment)
                elif value not in result.setdefault(parameter.name, []):
                    result[parameter.name].append(value)
        if looked_for.detects(step.task_type):
            result[looked_for.LABELS] = self.looked_for.complete(step, result.get(looked_for.LABELS, []))
        result |= self._in_prose(step, result)
        return {name: values_so_far for name, values_so_far in result.items() if values_so_far}

    def _pitch(self, segment: Segment, step: Step) -> Value | None:
        """How high words for a voice want it, where the task type can do that: "in a deeper voice"."""
        parameter = step.task_type.input(_PITCH)
        change = voices.pitch(self._words(segment))
        if parameter is None or change is None:
            return None
        said = self._changes.get(id(segment), "")
        return quantities.number(parameter, [], said if said.startswith(change) else change)

    def _numbers(self, parameter: Parameter, segments: Sequence[Segment], step: Step) -> dict[str, list[Value]]:
        """Reads words for a number: those that stand apart as one ("Speed … up by 50 %"), or as their amounts say.

        Two amounts in a row are for two numbers that are alike, where the task type has such: "thresholds 50 and 150".
        """
        said = self._said(segments)
        each = [quantities.number(parameter, [amount], said.change) for amount in said.amounts]
        several: list[Value] = [number for number in dict.fromkeys(each) if number is not None]
        alike = [item for item in step.task_type.inputs if _limits(item) == _limits(parameter)]
        if len(several) > 1 and len(several) == len(alike):
            return {item.name: [number] for item, number in zip(alike, several, strict=True)}
        if len(several) > 1 and all(self._said([segment]).amounts for segment in segments) and len(segments) > 1:
            return {parameter.name: several}
        one = quantities.number(parameter, said.amounts, said.change)
        return {} if one is None else {parameter.name: [one]}

    def _is_free(self, segment: Segment) -> bool:
        return any(item.start < segment.end and segment.start < item.end for item in self.free)

    def _names_nothing(self, segment: Segment) -> bool:
        return function_words.only(self._words(segment), self._asked_in)

    def _in_prose(self, step: Step, options: Mapping[str, Sequence[Value]]) -> dict[str, list[Value]]:
        """Amounts in the words for a text that are of another option's unit: "20 seconds of calm piano music"."""
        spans = [(item.start, item.end) for item in step.options]
        inside = [item for item in self._spoken.amounts if item.unit and _inside(item.start, item.end, spans)]
        result: dict[str, list[Value]] = {}
        for parameter in step.task_type.inputs:
            own = [item for item in inside if item.unit == quantities.scale(parameter)]
            if parameter.kind is ParameterKind.NUMBER and parameter.name not in options and len(own) == 1:
                number = quantities.number(parameter, own)
                if number is not None:
                    result[parameter.name] = [number]
        return result

    def _prose(self, segments: Sequence[Segment]) -> list[Value]:
        """Joins the words for a text that is given to a model as it stands; several in quotation marks are several."""
        quoted = [(item.start, item.end) for item in self._spoken.quotations]
        if all(any(start <= item.start and item.end <= end for start, end in quoted) for item in segments):
            return [option_values.text(self._words(item)) for item in segments]
        between = self._text[segments[0].end : segments[-1].start]
        others = [item for item in self._reading.segments if segments[0].end <= item.start < segments[-1].start]
        if len(segments) == 1 or not between.strip() or all(item in segments for item in others):
            return [option_values.text(self._text[segments[0].start : segments[-1].end])]
        return [", ".join(option_values.text(self._words(item)) for item in segments)]

    def _said(self, segments: Sequence[Segment]) -> Words:
        """What words say: how they change an option, and the amounts and names of languages among them."""
        spans = [(segment.start, segment.end) for segment in segments]
        amounts = tuple(item for item in self._spoken.amounts if _inside(item.start, item.end, spans))
        # What is beside an amount says best whether it goes up or down: "play it … twice as fast".
        beside = [item for item in segments if any(_inside(a.start, a.end, [(item.start, item.end)]) for a in amounts)]
        changes = [self._changes.get(id(segment), "") for segment in beside or segments]
        return Words(
            " ".join(self._words(segment) for segment in segments),
            max(changes, key=len, default=""),
            amounts,
            tuple(item for item in self._spoken.languages if _inside(item.start, item.end, spans)),
        )

    def _words(self, segment: Segment) -> str:
        return self._text[segment.start : segment.end]


def by_parameter(options: Sequence[Segment]) -> dict[Parameter, list[Segment]]:
    """Sorts words for options by the inputs that they give."""
    result: dict[Parameter, list[Segment]] = {}
    for segment in sorted(options, key=lambda item: item.start):
        if isinstance(segment.label, Option):
            result.setdefault(segment.label.parameter, []).append(segment)
    return result


def is_content(parameter: Parameter) -> bool:
    """Whether an input is a text that a step must have."""
    is_given = (
        parameter.optional or parameter.repeated or parameter.choices or parameter.name in option_values.LANGUAGES
    )
    return parameter.kind is ParameterKind.TEXT and not is_given


def is_worked_on(parameter: Parameter) -> bool:
    """Whether it is one that is worked on, and does not say what is to be done."""
    return is_content(parameter) and parameter.name not in _FOR_A_MODEL


def _is_claimed(quotation: Aside, reading: Reading) -> bool:
    """Whether words for an option have a text, and not among others while a text to work on is lacking."""
    for step in reading.steps:
        for segment in step.options:
            if not (segment.start < quotation.end and quotation.start < segment.end):
                continue
            own = segment.label.parameter if isinstance(segment.label, Option) else None
            has = {item.label.parameter.name for item in step.options if isinstance(item.label, Option)}
            lacks = any(is_content(item) and item.name not in has for item in step.task_type.inputs)
            others = [item for item in step.options if item.label == segment.label and item is not segment]
            is_whole = segment.start >= quotation.start and segment.end <= quotation.end
            return not (lacks and others and is_whole and own and quotation.mark == "[text]")
    unmet = [
        item for item in reading.of_role("unmet") if _inside(item.start, item.end, [(quotation.start, quotation.end)])
    ]
    return any(item.start < quotation.start or quotation.end < item.end for item in unmet)


def _limits(parameter: Parameter) -> tuple[object, ...]:
    """What numbers that are alike have in common."""
    return parameter.kind, parameter.minimum, parameter.maximum, quantities.scale(parameter)


def _inside(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < last and first < end for first, last in spans)
