"""What was done in the turn before, done again: on other files, or with other options ("once more, but slower")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrion.plans import Parameter, Task, TaskType
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller.planner.builtin.binding.options import by_parameter, is_content
from orchestrion_controller.planner.builtin.binding.tasks import Draft, TaskMaker, combined
from orchestrion_controller.planner.builtin.reading.readings import Reading
from orchestrion_controller.planner.builtin.reading.segments import Segment
from orchestrion_controller.planner.builtin.reading.steps import Step
from orchestrion_controller.planner.surroundings import Surroundings, items, resolved
from orchestrion_controller.plans.kinds import accepts, kind_of_media_type, reads_as_text
from orchestrion_controller.stages import PastTurn


def again(around: Surroundings, reading: Reading, maker: TaskMaker) -> tuple[Task, ...]:
    """Repeats the turn before, where a request asks for that or says no more than how; no tasks where it does not."""
    repeats = bool(reading.of_role("again"))
    # A text to do the same with is that whatever it was taken for: "and this one: the sun shines".
    texts: list[Value] = [item.text for item in maker.options.free]
    others = []
    for step, objects in zip(reading.steps, reading.objects, strict=True):
        if repeats and not step.words and all(map(is_content, by_parameter(step.options))):
            texts += [value for values in maker.options.of(step).values() for value in values]
        else:
            others.append((step, objects))
    if reading.of_role("unmet") or not all(was_done(around, step) for step, _ in others):
        return ()
    if not repeats and not all(says_how(step, objects) for step, objects in others):
        return ()
    options = {name: values for step, _ in others for name, values in maker.options.of(step).items()}
    if not repeats and (around.own_files or not options):
        return ()
    files = around.own_files or maker.told_apart(reading.of_role("file"))
    if files or texts or not options:
        return on_others(around, files, texts, options)
    return with_options(around, options)


def with_options(around: Surroundings, options: Mapping[str, Sequence[Value]]) -> tuple[Task, ...]:
    """Repeats the last tasks of the turn before that have some options, with those; none where no task has.

    What they worked on is taken as it was; a medium that was changed is changed further.
    """
    for last in reversed(around.done):
        task_type = around.task_types.get(last.type)
        own = _own(task_type, options) if task_type else {}
        if task_type and own:
            draft = Draft()
            for task in around.done:
                if task.type == last.type:
                    _add(draft, task_type, _further(around.request.history[-1], task, task_type) | own)
            return tuple(draft.tasks)
    return ()


def was_done(around: Surroundings, step: Step) -> bool:
    """Whether the turn before did the same: "make that twice as big" is not about taking the colours out."""
    return any(
        task.type == step.task_type.name
        and all(task.inputs.get(name) == choice for name, choice in step.ability.choices)
        for task in around.done
    )


def says_how(step: Step, objects: Sequence[Segment]) -> bool:
    """Whether words only say how: "in three sentences", "and slower"; "say it in French" is about what was made."""
    arguments = by_parameter(step.options)
    return not objects and not (step.words and (not arguments or any(map(is_content, arguments))))


def on_others(
    around: Surroundings,
    files: Sequence[Artifact],
    texts: Sequence[Value],
    options: Mapping[str, Sequence[Value]],
) -> tuple[Task, ...]:
    """Repeats the tasks of the turn before on other files or texts, each in place of those of its kind.

    Without any it repeats all of them on the same.
    """
    draft = Draft()
    ids: dict[str, list[str]] = {}
    for task in around.done:
        task_type = around.task_types.get(task.type)
        if task_type is None:
            return ()
        inputs: dict[str, Sequence[Value]] = {}
        is_other = not (files or texts)
        for parameter in task_type.inputs:
            value = task.inputs.get(parameter.name)
            if value is None:
                continue
            inputs[parameter.name] = items(value) if parameter.repeated else [value]
            if texts and is_content(parameter):
                inputs[parameter.name] = texts
            elif isinstance(value, OutputRef) and value.task_id in ids:
                made = ids[value.task_id]
                inputs[parameter.name] = [OutputRef(number, value.output, value.index) for number in made]
            elif files and any(isinstance(item, ArtifactRef) for item in items(value)):
                inputs[parameter.name] = [ArtifactRef(item.name) for item in files if _takes(parameter, item)]
                if not inputs[parameter.name]:
                    return ()
            else:
                continue
            is_other = True
        if is_other:
            ids[task.id] = _add(draft, task_type, inputs | _own(task_type, options))
    return tuple(draft.tasks)


def _takes(parameter: Parameter, file: Artifact) -> bool:
    return accepts(parameter.kind, kind_of_media_type(file.media_type)) or reads_as_text(file.media_type)


def _own(task_type: TaskType, options: Mapping[str, Sequence[Value]]) -> dict[str, Sequence[Value]]:
    return {item.name: options[item.name] for item in task_type.inputs if item.name in options}


def _add(draft: Draft, task_type: TaskType, inputs: Mapping[str, Sequence[Value]]) -> list[str]:
    """Adds a task for each value; returns their ids."""
    return list(dict.fromkeys(draft.add(task_type, each) for each in combined(task_type, inputs)))


def _further(turn: PastTurn, task: Task, task_type: TaskType) -> dict[str, Sequence[Value]]:
    """What a task is to be repeated on: a medium that it changed, as it is now, else what it worked on."""
    inputs = {name: resolved(turn, value) for name, value in task.inputs.items()}
    result = turn.results.get(task.id)
    output = task_type.outputs[0] if task_type.outputs else None
    slot = next((item.name for item in task_type.inputs if output and item.kind is output.kind), None)
    if output and output.kind.is_media and slot and result and output.name in result.outputs:
        kept = {item.name for item in task_type.inputs if not item.optional}
        inputs = {name: value for name, value in inputs.items() if name in kept}
        inputs[slot] = result.outputs[output.name]
    return {name: items(value) for name, value in inputs.items()}
