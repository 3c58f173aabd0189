"""Plans by words, kinds and the task types' own cues: single tasks, chains, parallel branches and joins."""

from __future__ import annotations

from dataclasses import replace

from orchestrion.plans import Plan, Task
from orchestrion_controller import abilities, languages
from orchestrion_controller.planner.builtin import wording
from orchestrion_controller.planner.builtin.grammar.binding import Binder
from orchestrion_controller.planner.builtin.grammar.clauses import Clause, Reading
from orchestrion_controller.planner.builtin.grammar.followups import (
    asked_before,
    last_task_again,
    with_implied_steps,
    with_stray_options,
)
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon, lexicon_for
from orchestrion_controller.planner.builtin.grammar.reading import read
from orchestrion_controller.planner.builtin.grammar.sources import last_user_message
from orchestrion_controller.stages import PlanningRequest

_ABILITIES = "{abilities}"
"""Stands in an answer for what can be done here."""


def plan_for(request: PlanningRequest) -> Plan:
    """Turns a request into tasks, each after those that it refers to.

    What is not understood is not guessed: a request that asks for anything else is beyond the grammar, as a whole.

    Raises:
        BeyondPlanner: The request has words that are beyond the grammar.
        FailedPreconditionError: It is understood, and cannot be planned.
        InvalidArgumentError: Something to work on is missing, or an option is out of its range.
    """
    text = request.messages[last_user_message(request)].text
    lexicon = lexicon_for(tuple(request.task_types.values()))
    file_names = [artifact.file_name for artifact in request.attachments]
    reading = read(text, lexicon, file_names, follows_up=bool(request.history))
    if reading.answer:
        if _ABILITIES in reading.answer:
            can_do = abilities.abilities(request.on_offer, languages.detect(text), request.attachments)
            return Plan((), "\n".join(can_do))
        return Plan((), reading.answer)
    if reading.beyond:
        raise wording.BeyondPlanner(reading.beyond)
    reading = with_stray_options(reading, request.task_types)
    if not any(clause.steps for clause in reading.clauses):
        again = _again(request, reading)
        if again:
            return Plan(again)
        reading = _in_context(request, reading, lexicon)
    reading = with_implied_steps(reading, lexicon)
    # "Make that bigger" speaks of nothing bigger that is there: where that leaves nothing to do, it is to be done.
    tasks = _bound(request, reading, lexicon) or _bound(request, _nothing_is_there(reading), lexicon)
    if not tasks:
        raise wording.BeyondPlanner(text)
    return Plan(tasks)


def _bound(request: PlanningRequest, reading: Reading, lexicon: Lexicon) -> tuple[Task, ...]:
    binder = Binder(request, reading, lexicon)
    for clause in reading.clauses:
        binder.bind(clause)
    binder.close()
    return binder.tasks


def _nothing_is_there(reading: Reading) -> Reading:
    """Takes every step for one that is asked for, none for what was made before ("the summary")."""
    clauses = (
        replace(clause, steps=tuple(replace(step, is_definite=False) for step in clause.steps))
        for clause in reading.clauses
    )
    return replace(reading, clauses=tuple(clauses))


def _again(request: PlanningRequest, reading: Reading) -> tuple[Task, ...]:
    """Repeats what was done last in another way, unless the request is about something else."""
    names_other = any(clause.mentions or clause.literals for clause in reading.clauses)
    return () if request.attachments or names_other else last_task_again(request, reading)


def _in_context(request: PlanningRequest, reading: Reading, lexicon: Lexicon) -> Reading:
    """Understands a request without a cue from the turns before it, or from what is attached.

    Raises:
        BeyondPlanner: It names nothing that can be done here.
        FailedPreconditionError: It does not say what to do.
    """
    whole = Clause()
    for clause in reading.clauses:
        whole = whole.joined(clause)
    is_change = whole.options and request.attachments and not whole.repeats
    if not is_change and (whole.has_object or whole.repeats):
        before = asked_before(request.history, whole, lambda text: read(text, lexicon))
        if before:
            return before
    if whole.options:
        return reading
    if reading.text.strip():
        raise wording.BeyondPlanner(reading.text)
    raise wording.not_planned("The request does not say what to do.")
