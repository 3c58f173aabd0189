"""The tasks of a reading: each step once for each thing that it works on, and the steps left unsaid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from orchestrion.plans import Parameter, ParameterKind, Task, TaskType
from orchestrion.runs import Artifact
from orchestrion.values import OutputRef, Value
from orchestrion_controller.languages import function_words
from orchestrion_controller.planner.builtin.binding import missing, values
from orchestrion_controller.planner.builtin.binding.objects import Objects
from orchestrion_controller.planner.builtin.binding.spoken import Spoken
from orchestrion_controller.planner.builtin.binding.surroundings import Feed, Surroundings, feed_of
from orchestrion_controller.planner.builtin.binding.values import Words
from orchestrion_controller.planner.builtin.reading.marking import Aside
from orchestrion_controller.planner.builtin.reading.offers import Option
from orchestrion_controller.planner.builtin.reading.reader import Reading
from orchestrion_controller.planner.builtin.reading.segments import Segment
from orchestrion_controller.planner.builtin.reading.steps import Step
from orchestrion_controller.plans import conversions

Options: TypeAlias = Mapping[str, Sequence[Value]]
"""The values of a step's options by the names of their inputs; several are several tasks, or one list."""


@dataclass(slots=True)
class Draft:
    """Tasks so far, and the words that came to nothing."""

    tasks: list[Task] = field(default_factory=list)
    unread: list[Segment] = field(default_factory=list)
    """Words for an option that give no value of it."""
    unused: list[Aside] = field(default_factory=list)
    """Texts in quotation marks that no task works on."""

    def add(self, task_type: TaskType, inputs: Mapping[str, Value]) -> str:
        """Adds a task, or finds the same one; returns its id."""
        ordered = {item.name: inputs[item.name] for item in task_type.inputs if item.name in inputs}
        for task in self.tasks:
            if task.type == task_type.name and dict(task.inputs) == ordered:
                return task.id
        number = sum(task.type == task_type.name for task in self.tasks) + 1
        task = Task(f"{task_type.name}-{number}"[-64:], task_type.name, ordered)
        self.tasks.append(task)
        return task.id


class TaskMaker:
    """Makes the tasks of one request."""

    def __init__(self, reading: Reading, surroundings: Surroundings, spoken: Spoken, asked_in: str) -> None:
        """Keeps what a request says, what there is beside it, and the tag of its language."""
        self._asked_in = asked_in
        self._text = surroundings.text
        self._reading = reading
        self._around = surroundings
        self._values = spoken
        self._objects = Objects(surroundings.files, spoken, surroundings.field)
        self._changes = {id(segment): change for segment, change in reading.changes}
        self._draft = Draft()
        self._free = [item for item in spoken.quotations if not _is_claimed(item, reading)]
        """Texts that stand in the request as they are, and that no words for an option have."""

    def make(self) -> Draft:
        """Makes the tasks.

        Raises:
            InvalidArgumentError: Something to work on is missing, or fewer files are there than the words speak of.
        """
        products: list[list[Feed]] = []
        for number, step in enumerate(self._reading.steps):
            options = self.options_of(step)
            feeds = [feed for source in self._reading.sources[number] for feed in products[source]]
            products.append(self._make_step(step, options, feeds, self._reading.objects[number]))
        self._draft.unused = self._free
        return self._draft

    def options_of(self, step: Step) -> dict[str, list[Value]]:
        """Reads the options of a step; words that give none are kept as unread."""
        result: dict[str, list[Value]] = {}
        claimed = [item for item in step.options if not self._is_free(item)]
        for parameter, segments in _by_parameter(claimed).items():
            if parameter.kind is ParameterKind.TEXT and not parameter.repeated and parameter.name in _PROSE:
                result[parameter.name] = self._prose(segments)
                continue
            if parameter.kind is ParameterKind.NUMBER:
                numbers = self._numbers(parameter, segments, step)
                result |= numbers
                self._draft.unread += [] if numbers else segments
                continue
            for segment in segments:
                if parameter.repeated and self._names_nothing(segment):
                    continue
                value = values.value(parameter, self._said([segment]))
                if value is None:
                    self._draft.unread.append(segment)
                elif value not in result.setdefault(parameter.name, []):
                    result[parameter.name].append(value)
        result |= self._in_prose(step, result)
        return {name: values_so_far for name, values_so_far in result.items() if values_so_far}

    def _numbers(self, parameter: Parameter, segments: Sequence[Segment], step: Step) -> dict[str, list[Value]]:
        """Reads words for a number: those that stand apart as one ("Speed … up by 50 %"), or as their amounts say.

        Two amounts in a row are for two numbers that are alike, where the task type has such: "thresholds 50 and 150".
        """
        said = self._said(segments)
        each = [values.number(parameter, Words(said.text, said.change, (amount,))) for amount in said.amounts]
        several = [number for number in dict.fromkeys(each) if number is not None]
        alike = [item for item in step.task_type.inputs if _limits(item) == _limits(parameter)]
        if len(several) > 1 and len(several) == len(alike):
            return {item.name: [number] for item, number in zip(alike, several, strict=True)}
        if len(several) > 1 and all(self._said([segment]).amounts for segment in segments) and len(segments) > 1:
            return {parameter.name: several}
        one = values.number(parameter, said)
        return {} if one is None else {parameter.name: [one]}

    def _is_free(self, segment: Segment) -> bool:
        return any(item.start < segment.end and segment.start < item.end for item in self._free)

    def _names_nothing(self, segment: Segment) -> bool:
        return function_words.only(self._words(segment), self._asked_in)

    def _in_prose(self, step: Step, options: Mapping[str, Sequence[Value]]) -> dict[str, list[Value]]:
        """Amounts in the words for a text that are of another option's unit: "20 seconds of calm piano music"."""
        spans = [(item.start, item.end) for item in step.options]
        inside = [item for item in self._values.amounts if item.unit and _inside(item.start, item.end, spans)]
        result: dict[str, list[Value]] = {}
        for parameter in step.task_type.inputs:
            own = [item for item in inside if item.unit == values.scale(parameter)]
            if parameter.kind is ParameterKind.NUMBER and parameter.name not in options and len(own) == 1:
                number = values.number(parameter, Words(self._text[own[0].start : own[0].end], "", own))
                if number is not None:
                    result[parameter.name] = [number]
        return result

    def _make_step(
        self, step: Step, options: dict[str, list[Value]], feeds: Sequence[Feed], objects: Sequence[Segment]
    ) -> list[Feed]:
        """Makes a step's tasks; returns what they give."""
        task_type = step.task_type
        own = dict(options)
        for parameter in task_type.inputs:
            choice = dict(step.ability.choices).get(parameter.name)
            if choice:
                own[parameter.name] = [choice]
        _spread(task_type, own)
        open_inputs = [
            item
            for item in task_type.inputs
            if item.name not in {*own, *values.LANGUAGES}
            and not item.choices
            and (not item.optional or item.kind.is_media)
        ]
        is_about = bool(feeds or (objects and self._around.files))
        if not open_inputs and is_about:
            # Words and what the step is about cannot both be its only input: the words are told as not done.
            open_inputs = [
                item for item in task_type.inputs if item.name in own and not item.optional and not item.choices
            ][:1]
            for item in open_inputs:
                del own[item.name]
                self._draft.unread += _by_parameter(step.options)[item]
        if is_about or not all(item.optional for item in open_inputs):
            own |= self._fed(task_type, open_inputs, feeds, objects)
        made = [self._draft.add(task_type, inputs) for inputs in _combined(task_type, own)]
        return [Feed(OutputRef(task_id, output.name), output.kind) for task_id in made for output in task_type.outputs]

    def _fed(
        self, task_type: TaskType, open_inputs: Sequence[Parameter], feeds: Sequence[Feed], objects: Sequence[Segment]
    ) -> dict[str, list[Value]]:
        """Gives the inputs of a step that no words gave what feeds them."""
        result: dict[str, list[Value]] = {}
        for kind in dict.fromkeys(item.kind for item in open_inputs):
            inputs = [item for item in open_inputs if item.kind is kind]
            chosen = self._feeds(kind, feeds, objects, len([item for item in inputs if not item.optional]))
            if not chosen:
                first = next((item for item in inputs if not item.optional), None)
                if first is not None:
                    raise missing.error(task_type, first, kind, self._around)
                continue
            if len(inputs) > 1 and len(chosen) > 1:
                # Two inputs of a kind take one each: two texts that are compared, a recording and a voice.
                for item, value in zip(inputs, chosen, strict=False):
                    result[item.name] = [value]
            else:
                result[inputs[0].name] = chosen
        return result

    def _feeds(self, kind: ParameterKind, feeds: Sequence[Feed], objects: Sequence[Segment], least: int) -> list[Value]:
        """Finds what fits: what earlier steps made, files that the words mean, files at all, then what was before."""
        made = self._converted(_principal(feeds, kind), kind)
        if len(made) >= least and made:
            return made
        if kind is ParameterKind.TEXT and self._free:
            return [*made, *self._quoted(least - len(made))]
        files = self._files(kind, objects, least - len(made))
        if files:
            return [*made, *self._converted([feed_of(item) for item in files], kind)]
        if made:
            return made
        return self._converted(self._around.earlier(kind, self._can_become), kind)

    def _quoted(self, least: int) -> list[Value]:
        """Takes texts that stand in the request: as many as are lacking, all where one step alone can work on them."""
        count = len(self._free) if len(self._reading.steps) == 1 else max(least, 1)
        taken, self._free = self._free[:count], self._free[count:]
        return [item.text for item in taken]

    def _files(self, kind: ParameterKind, objects: Sequence[Segment], least: int) -> list[Artifact]:
        fitting = [item for item in self._around.files if feed_of(item).fits(kind)]
        convertible = [
            item for item in self._around.files if item in fitting or self._can_become(feed_of(item).kind, kind)
        ]
        chosen: list[Artifact] = []
        for segment in objects:
            pool = fitting if fitting and not self._objects.says_which(segment, convertible) else convertible
            chosen += [item for item in self._objects.meant(segment, pool) if item not in chosen]
        return chosen or (fitting if len(fitting) >= max(least, 1) else convertible)

    def _converted(self, feeds: Sequence[Feed], kind: ParameterKind) -> list[Value]:
        """Turns values into a kind, by steps that nobody asked for in words."""
        result: list[Value] = []
        for feed in feeds:
            if feed.fits(kind):
                result.append(feed.value)
                continue
            links = conversions.chain(self._around.task_types.values(), feed.kind, kind)
            value = feed.value
            for link in links or ():
                value = OutputRef(self._draft.add(link.task_type, {link.input.name: value}), link.output.name)
            if links:
                result.append(value)
        return result

    def _can_become(self, source: ParameterKind, target: ParameterKind) -> bool:
        return conversions.chain(self._around.task_types.values(), source, target) is not None

    def _prose(self, segments: Sequence[Segment]) -> list[Value]:
        """Joins the words for a text that is given to a model as it stands; several in quotation marks are several."""
        quoted = [(item.start, item.end) for item in self._values.quotations]
        if all(any(start <= item.start and item.end <= end for start, end in quoted) for item in segments):
            return [values.text(self._words(item)) for item in segments]
        between = self._text[segments[0].end : segments[-1].start]
        others = [item for item in self._reading.segments if segments[0].end <= item.start < segments[-1].start]
        if len(segments) == 1 or not between.strip() or all(item in segments for item in others):
            return [values.text(self._text[segments[0].start : segments[-1].end])]
        return [", ".join(values.text(self._words(item)) for item in segments)]

    def _said(self, segments: Sequence[Segment]) -> Words:
        """What words say: how they change an option, and the amounts and names of languages among them."""
        changes = [self._changes.get(id(segment), "") for segment in segments]
        spans = [(segment.start, segment.end) for segment in segments]
        return Words(
            " ".join(self._words(segment) for segment in segments),
            max(changes, key=len, default=""),
            tuple(item for item in self._values.amounts if _inside(item.start, item.end, spans)),
            tuple(item for item in self._values.languages if _inside(item.start, item.end, spans)),
        )

    def _words(self, segment: Segment) -> str:
        return self._text[segment.start : segment.end]


_PROSE = frozenset({"prompt", "question", "instruction", "text", "negative_prompt", "system"})
"""Inputs whose words reach a model as they stand."""


def _is_claimed(quotation: Aside, reading: Reading) -> bool:
    """Whether words for an option have a text, and not among others while a text to work on is lacking."""
    for step in reading.steps:
        for segment in step.options:
            if not (segment.start < quotation.end and quotation.start < segment.end):
                continue
            own = segment.label.parameter if isinstance(segment.label, Option) else None
            has = {item.label.parameter.name for item in step.options if isinstance(item.label, Option)}
            lacks = any(_is_content(item) and item.name not in has for item in step.task_type.inputs)
            others = [item for item in step.options if item.label == segment.label and item is not segment]
            is_whole = segment.start >= quotation.start and segment.end <= quotation.end
            return not (lacks and others and is_whole and own and quotation.mark == "[text]")
    return any(item.start < quotation.end and quotation.start < item.end for item in reading.of_role("unmet"))


def _is_content(parameter: Parameter) -> bool:
    """Whether an input is a text that a step must have."""
    is_given = parameter.optional or parameter.repeated or parameter.choices or parameter.name in values.LANGUAGES
    return parameter.kind is ParameterKind.TEXT and not is_given


def _spread(task_type: TaskType, options: dict[str, list[Value]]) -> None:
    """Gives each text that a step must have its own of several that words gave for one of them."""
    alike = [item.name for item in task_type.inputs if _is_content(item)]
    chosen = [value for name in alike for value in options.get(name, ())]
    if len(alike) == len(chosen) > len([name for name in alike if name in options]):
        options |= {name: [value] for name, value in zip(alike, chosen, strict=True)}


def _limits(parameter: Parameter) -> tuple[object, ...]:
    """What numbers that are alike have in common."""
    return parameter.kind, parameter.minimum, parameter.maximum, values.scale(parameter)


def _inside(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < last and first < end for first, last in spans)


def _by_parameter(options: Sequence[Segment]) -> dict[Parameter, list[Segment]]:
    result: dict[Parameter, list[Segment]] = {}
    for segment in sorted(options, key=lambda item: item.start):
        if isinstance(segment.label, Option):
            result.setdefault(segment.label.parameter, []).append(segment)
    return result


def _combined(task_type: TaskType, values_of: Options) -> list[dict[str, Value]]:
    """Makes one set of inputs for each value; a list where an input takes one."""
    result: list[dict[str, Value]] = [{}]
    for parameter in task_type.inputs:
        chosen = values_of.get(parameter.name)
        if not chosen:
            continue
        if parameter.repeated:
            result = [{**inputs, parameter.name: tuple(chosen)} for inputs in result]
        else:
            result = [{**inputs, parameter.name: value} for value in chosen for inputs in result]
    return result


def _principal(feeds: Sequence[Feed], kind: ParameterKind) -> list[Feed]:
    """Of each task that feeds a step the output that fits best: as it is before converted, the first before others."""
    by_task: dict[str, list[Feed]] = {}
    for feed in feeds:
        if isinstance(feed.value, OutputRef):
            by_task.setdefault(feed.value.task_id, []).append(feed)
    return [next((feed for feed in row if feed.fits(kind)), row[0]) for row in by_task.values()]
