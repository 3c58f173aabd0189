"""The tasks of a reading: each step once for each thing that it works on, and the steps left unsaid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrion.errors import Reason
from orchestrion.plans import Parameter, ParameterKind, Task, TaskType
from orchestrion.runs import Artifact
from orchestrion.values import OutputRef, Value
from orchestrion_controller import refusals
from orchestrion_controller.planner import option_values
from orchestrion_controller.planner.asides import Aside
from orchestrion_controller.planner.builtin.binding.objects import Objects
from orchestrion_controller.planner.builtin.binding.options import Options, by_parameter, is_content, is_worked_on
from orchestrion_controller.planner.builtin.reading.readings import Reading
from orchestrion_controller.planner.builtin.reading.segments import Segment
from orchestrion_controller.planner.builtin.reading.steps import Step
from orchestrion_controller.planner.spoken import Spoken
from orchestrion_controller.planner.surroundings import Feed, Surroundings, feed_of
from orchestrion_controller.plans import conversions

_LABEL: Final = "label"
"""The output of what sorts things: what it said of one is not what it is asked about next."""


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
        self.options = Options(reading, spoken, asked_in)
        self._asked_in = asked_in
        self._reading = reading
        self._around = surroundings
        self._objects = Objects(surroundings.files, spoken, surroundings.field, asked_in)
        self._draft = Draft()

    def make(self) -> Draft:
        """Makes the tasks.

        Raises:
            InvalidArgumentError: Something to work on is missing, or fewer files are there than the words speak of.
        """
        products: list[list[Feed]] = []
        for number, step in enumerate(self._reading.steps):
            options = self.options.of(step)
            feeds = [feed for source in self._reading.sources[number] for feed in products[source]]
            objects = self._reading.objects[number]
            same = [n for n, other in enumerate(self._reading.steps[:number]) if other.ability == step.ability]
            if same and not (options or feeds or objects):
                # "Compare A with B, how close are they?" asks once.
                products.append(products[same[-1]])
                continue
            products.append(self._make_step(step, options, feeds, objects))
        self._draft.unread = self.options.unread
        self._draft.unused = self.options.free
        return self._draft

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
            if item.name not in {*own, *option_values.LANGUAGES}
            and not item.choices
            and (not item.optional or item.kind.is_media)
        ]
        is_about = bool(feeds or (objects and (self._around.files or self._around.request.history)))
        if not open_inputs and is_about:
            # Words and what the step is about cannot both be its only input: the words are told as not done.
            open_inputs = [
                item for item in task_type.inputs if item.name in own and not item.optional and not item.choices
            ][:1]
            for item in open_inputs:
                del own[item.name]
                self.options.unread += by_parameter(step.options).get(item, step.options)
        if is_about or not all(item.optional for item in open_inputs):
            own |= self._fed(task_type, open_inputs, feeds, objects)
        made = [self._draft.add(task_type, inputs) for inputs in combined(task_type, own)]
        return [Feed(OutputRef(task_id, output.name), output.kind) for task_id in made for output in task_type.outputs]

    def _fed(
        self, task_type: TaskType, open_inputs: Sequence[Parameter], feeds: Sequence[Feed], objects: Sequence[Segment]
    ) -> dict[str, list[Value]]:
        """Gives the inputs of a step that no words gave what feeds them."""
        result: dict[str, list[Value]] = {}
        for kind in dict.fromkeys(item.kind for item in open_inputs):
            inputs = [item for item in open_inputs if item.kind is kind]
            least = len([item for item in inputs if not item.optional])
            chosen = self._feeds(kind, feeds, objects, least, but=_LABEL if task_type.output(_LABEL) else "")
            if not chosen:
                first = next((item for item in inputs if not item.optional), None)
                if first is not None:
                    reason = refusals.lack(first, self._asked_in)
                    raise Reason.MISSING_INPUT.error(reason, field=self._around.field if kind.is_media else "messages")
                continue
            required = [item for item in inputs if not item.optional]
            if len(chosen) < len(required):
                reason = refusals.lack(required[0], self._asked_in, count=len(required), attached=len(chosen))
                raise Reason.MISSING_INPUT.error(reason, field=self._around.field)
            if len(inputs) > 1 and len(chosen) > 1:
                # Two inputs of a kind take one each: two texts that are compared, a recording and a voice.
                for item, value in zip(inputs, chosen, strict=False):
                    result[item.name] = [value]
            else:
                result[inputs[0].name] = chosen
        return result

    def _feeds(
        self, kind: ParameterKind, feeds: Sequence[Feed], objects: Sequence[Segment], least: int, *, but: str
    ) -> list[Value]:
        """Finds what fits: what earlier steps made, files that the words mean, what was before, files at all."""
        made = self._converted(_principal(feeds, kind), kind)
        if len(made) >= least and made:
            return made
        if kind is ParameterKind.TEXT and self.options.free:
            return [*made, *self._quoted(least - len(made))]
        before: list[Feed] = []
        if not self._around.own_files and not made and not self.told_apart(objects):
            before = self._before(kind, but)
        files = [] if before else self._files(kind, objects, least - len(made))
        further = self._converted(before or [feed_of(item) for item in files], kind)
        if kind is ParameterKind.TEXT and not further:
            # "Is 'I like it' positive, and how similar is it to …": the text that was spoken of last.
            further = self._spoken_of()[: max(least - len(made), 0)]
        return [*made, *(value for value in further if value not in made)]

    def _spoken_of(self) -> list[Value]:
        """Lists the texts in the request that the latest task works on."""
        task = self._draft.tasks[-1] if self._draft.tasks else None
        inputs = self._around.task_types[task.type].inputs if task else ()
        return [
            value
            for item in inputs
            if task and is_worked_on(item) and isinstance(value := task.inputs.get(item.name), str)
        ]

    def _before(self, kind: ParameterKind, but: str) -> list[Feed]:
        """Finds what earlier turns left: what fits as it is, results before files, then what can be turned into it."""
        around = self._around
        return (
            around.earlier(lambda feed: feed.fits(kind), but)
            or [feed for item in around.files if (feed := feed_of(item)).fits(kind)]
            or around.earlier(lambda feed: self._can_become(feed.kind, kind), but)
        )

    def told_apart(self, objects: Sequence[Segment]) -> list[Artifact]:
        """Lists the files that words tell from the others."""
        files = self._around.files
        telling = [segment for segment in objects if self._objects.says_which(segment, files)]
        return list(dict.fromkeys(item for segment in telling for item in self._objects.meant(segment, files)))

    def _quoted(self, least: int) -> list[Value]:
        """Takes texts that stand in the request: as many as are lacking, all where one step alone can work on them."""
        count = len(self.options.free) if len(self._reading.steps) == 1 else max(least, 1)
        taken, self.options.free = self.options.free[:count], self.options.free[count:]
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


def _spread(task_type: TaskType, options: dict[str, list[Value]]) -> None:
    """Gives each text that a step must have its own of several that words gave for one of them."""
    alike = [item.name for item in task_type.inputs if is_content(item)]
    chosen = [value for name in alike for value in options.get(name, ())]
    if len(alike) == len(chosen) > len([name for name in alike if name in options]):
        options |= {name: [value] for name, value in zip(alike, chosen, strict=True)}


def combined(task_type: TaskType, values_of: Mapping[str, Sequence[Value]]) -> list[dict[str, Value]]:
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
