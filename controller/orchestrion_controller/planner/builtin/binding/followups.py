"""What was done in the turn before, done again: on other files, or with other options ("once more, but slower")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrion.plans import Task, TaskType
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller.planner.builtin.binding.options import by_parameter, is_content
from orchestrion_controller.planner.builtin.binding.tasks import Draft, TaskMaker
from orchestrion_controller.planner.builtin.reading.reader import Reading
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
    options = {name: choices[0] for step, _ in others for name, choices in maker.options.of(step).items()}
    files = around.own_files or maker.told_apart(reading.of_role("file"))
    if repeats and (files or texts or not options):
        return on_others(around, files, texts, options)
    return with_options(around, options) if options and not around.own_files else ()


def with_options(around: Surroundings, options: Mapping[str, Value]) -> tuple[Task, ...]:
    """Repeats the last tasks of the turn before that have some options, with those; none where no task has.

    What they worked on is taken as it was; a medium that was changed is changed further.
    """
    turn = around.request.history[-1] if around.request.history else None
    tasks = turn.plan.tasks if turn and turn.plan else ()
    for last in reversed(tasks):
        task_type = around.task_types.get(last.type)
        own = {item.name: options[item.name] for item in task_type.inputs if item.name in options} if task_type else {}
        if turn and task_type and own:
            draft = Draft()
            for task in tasks:
                if task.type == last.type:
                    draft.add(task_type, _again(turn, task, task_type, own))
            return tuple(draft.tasks)
    return ()


def was_done(around: Surroundings, step: Step) -> bool:
    """Whether the turn before did the same: "make that twice as big" is not about taking the colours out."""
    turn = around.request.history[-1] if around.request.history else None
    return any(
        task.type == step.task_type.name
        and all(task.inputs.get(name) == choice for name, choice in step.ability.choices)
        for task in (turn.plan.tasks if turn and turn.plan else ())
    )


def says_how(step: Step, objects: Sequence[Segment]) -> bool:
    """Whether words only say how: "in three sentences", "and slower"; "say it in French" is about what was made."""
    arguments = by_parameter(step.options)
    return not objects and not (step.words and (not arguments or any(map(is_content, arguments))))


def on_others(
    around: Surroundings, files: Sequence[Artifact], texts: Sequence[Value], options: Mapping[str, Value]
) -> tuple[Task, ...]:
    """Repeats the tasks of the turn before on other files or texts, each in place of those of its kind.

    Without any it repeats all of them on the same.
    """
    turn = around.request.history[-1] if around.request.history else None
    tasks = turn.plan.tasks if turn and turn.plan else ()
    draft = Draft()
    ids: dict[str, list[str]] = {}
    for task in tasks:
        task_type = around.task_types.get(task.type)
        if turn is None or task_type is None:
            return ()
        sets: list[dict[str, Value]] = [{}]
        is_other = not (files or texts)
        for parameter in task_type.inputs:
            if parameter.name not in task.inputs:
                continue
            value = task.inputs[parameter.name]
            choices: list[Value] = [value]
            if texts and is_content(parameter):
                choices, is_other = list(texts), True
            elif isinstance(value, OutputRef) and value.task_id in ids:
                choices = [OutputRef(number, value.output, value.index) for number in ids[value.task_id]]
                is_other = True
            elif files and any(isinstance(item, ArtifactRef) for item in items(value)):
                choices = [
                    ArtifactRef(item.name)
                    for item in files
                    if accepts(parameter.kind, kind_of_media_type(item.media_type)) or reads_as_text(item.media_type)
                ]
                if not choices:
                    return ()
                is_other = True
            sets = [{**inputs, parameter.name: choice} for inputs in sets for choice in choices]
        if is_other:
            own = {item.name: options[item.name] for item in task_type.inputs if item.name in options}
            ids[task.id] = list(dict.fromkeys(draft.add(task_type, {**inputs, **own}) for inputs in sets))
    return tuple(draft.tasks)


def _again(turn: PastTurn, task: Task, task_type: TaskType, own: Mapping[str, Value]) -> dict[str, Value]:
    inputs = {name: resolved(turn, value) for name, value in task.inputs.items()}
    result = turn.results.get(task.id)
    output = task_type.outputs[0] if task_type.outputs else None
    slot = next((item.name for item in task_type.inputs if output and item.kind is output.kind), None)
    if output and output.kind.is_media and slot and result and output.name in result.outputs:
        kept = {item.name for item in task_type.inputs if not item.optional}
        inputs = {name: value for name, value in inputs.items() if name in kept}
        inputs[slot] = result.outputs[output.name]
    return {
        item.name: value
        for item in task_type.inputs
        if (value := own.get(item.name, inputs.get(item.name))) is not None
    }
