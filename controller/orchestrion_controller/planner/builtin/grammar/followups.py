"""Requests that only make sense after an earlier turn, or on what is attached: "now slower", "and the second?"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from orchestrion.plans import Task, TaskType
from orchestrion.values import Value
from orchestrion_controller.planner.builtin.grammar import senses
from orchestrion_controller.planner.builtin.grammar.amounts import Option
from orchestrion_controller.planner.builtin.grammar.choosing import takes
from orchestrion_controller.planner.builtin.grammar.clauses import Clause, Reading, Step
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.slots import changes
from orchestrion_controller.planner.builtin.grammar.sources import resolved
from orchestrion_controller.stages import PastTurn, PlanningRequest


def with_stray_options(reading: Reading, task_types: Mapping[str, TaskType]) -> Reading:
    """Gives an option that no step of its clause has ("Slowly, please: …") to all steps that have it."""

    def has(clause: Clause, option: Option) -> bool:
        types = [task_types[sense.task_type] for step in clause.steps for sense in step.senses]
        return any(takes(task_type, name, value) for task_type in types for name, value in option.choices)

    stray = [option for clause in reading.clauses for option in clause.options if not has(clause, option)]
    given = [option for option in stray if any(has(clause, option) for clause in reading.clauses)]
    clauses = [
        replace(
            clause,
            options=(
                *(option for option in clause.options if option not in given),
                *(option for option in given if has(clause, option)),
            ),
        )
        for clause in reading.clauses
    ]
    return replace(reading, clauses=tuple(clauses))


def with_implied_steps(reading: Reading, lexicon: Lexicon) -> Reading:
    """Makes a step of a clause that has options alone: "make it slower" is what has a speed and takes what is there."""
    clauses = []
    for clause in reading.clauses:
        names = [name for option in clause.options for name, _ in option.choices]
        takers = {task_type for name in names for task_type in lexicon.takers.get(name, ())}
        if not clause.steps and takers:
            implied = Step(senses.of(takers), 0, clause.start, clause.end)
            clauses.append(replace(clause, steps=(implied,)))
        else:
            clauses.append(clause)
    return replace(reading, clauses=tuple(clauses))


def last_task_again(request: PlanningRequest, reading: Reading) -> tuple[Task, ...]:
    """Repeats the last tasks of the turn before that have the options given: "now slower"."""
    given = [option for clause in reading.clauses for option in clause.options]
    options = [choice for option in given for choice in option.choices]
    # "Now with thresholds 10 and 40" does the same anew, "now louder" goes on from what was made.
    is_anew = bool(given) and all(option.is_named for option in given)
    outputs = {name for clause in reading.clauses for name in clause.outputs}
    turn = request.history[-1] if request.history else None
    tasks = turn.plan.tasks if turn and turn.plan else ()
    for last in reversed(tasks):
        task_type = request.task_types.get(last.type)
        own = {name: value for name, value in options if task_type and takes(task_type, name, value)}
        if turn and task_type and (own or any(task_type.output(name) for name in outputs)):
            again = [_again(turn, task, task_type, own, is_anew=is_anew) for task in tasks if task.type == last.type]
            return tuple(
                Task(f"{task_type.name}-{number}"[-64:], task_type.name, inputs)
                for number, inputs in enumerate(again, 1)
            )
    return ()


def _again(
    turn: PastTurn, task: Task, task_type: TaskType, own: Mapping[str, Value], *, is_anew: bool
) -> dict[str, Value]:
    """Takes the inputs of a task that is repeated; a medium that was changed is changed further."""
    inputs = {name: resolved(turn, value) for name, value in task.inputs.items()}
    result = turn.results.get(task.id)
    output = task_type.outputs[0] if task_type.outputs else None
    goes_on = not is_anew and output is not None and output.kind.is_media and changes(task_type)
    if goes_on and output and result and output.name in result.outputs:
        kept = {item.name for item in task_type.inputs if not item.optional}
        inputs = {name: value for name, value in inputs.items() if name in kept}
        slot = next(item.name for item in task_type.inputs if item.kind is output.kind)
        inputs[slot] = result.outputs[output.name]
    return {
        item.name: value
        for item in task_type.inputs
        if (value := own.get(item.name, inputs.get(item.name))) is not None
    }


def asked_before(history: Iterable[PastTurn], now: Clause, read: Callable[[str], Reading]) -> Reading | None:
    """Finds what was asked last, put to what is named now: "and what about the second one?"."""
    for turn in reversed(tuple(history)):
        text = " ".join(message.text for message in turn.messages[-1:])
        before = read(text)
        if any(clause.steps for clause in before.clauses) and not before.beyond:
            return replace(before, clauses=tuple(_put_to(before.clauses, now)), aside="")
    return None


def _put_to(clauses: tuple[Clause, ...], now: Clause) -> list[Clause]:
    """Replaces what clauses are about, and the options that are given anew."""
    names = {name for option in now.options for name, _ in option.choices}
    about = [bool(clause.mentions or clause.literals) for clause in clauses]
    if not any(about):
        about[0] = True
    return [
        replace(
            clause,
            mentions=now.mentions if is_about and (now.mentions or now.literals) else clause.mentions,
            literals=now.literals if is_about and (now.mentions or now.literals) else clause.literals,
            options=(
                *(option for option in clause.options if not names & {name for name, _ in option.choices}),
                *now.options,
            ),
        )
        for clause, is_about in zip(clauses, about, strict=True)
    ]
