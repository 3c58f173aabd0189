"""Clauses that belong together: what one lacks, its neighbour has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrion_controller.planner.builtin.grammar.clauses import Clause
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon


def merged(clauses: Sequence[Clause], lexicon: Lexicon) -> list[Clause]:
    """Joins clauses with their neighbours.

    Joined are parts that only add something ("…, slowly"), questions and the words that name their text, and steps that
    share one object ("blur and sharpen this picture").
    """
    found: list[Clause] = []
    for clause in clauses:
        before = found[-1] if found else None
        if before is None or _changes_a_thing(before, clause, lexicon):
            found.append(clause)
        elif clause.follows_comma and clause.is_bare and before.steps and not clause.labels:
            # "…, out loud" is said of the same thing in the same breath.
            span = before.steps[-1].span
            found[-1] = before.joined(replace(clause, steps=tuple(replace(step, span=span) for step in clause.steps)))
        elif _completes(before, clause, lexicon):
            found[-1] = _completed(before, clause, lexicon)
        elif _goes_on(before, clause):
            found.append(_with_steps_of(before, clause, lexicon))
        elif _only_adds(before, clause) or not before.steps or _shares_object(before, clause):
            found[-1] = before.joined(clause)
        else:
            found.append(clause)
    return found


def _goes_on(before: Clause, clause: Clause) -> bool:
    """Whether a clause says the same of another thing, in another way: "a.mp3 louder and b.mp3 slower"."""
    names = bool(clause.literals) or any(mention.file_name or mention.ordinal for mention in clause.mentions)
    had = bool(before.literals) or any(mention.file_name or mention.ordinal for mention in before.mentions)
    return bool(before.steps and not clause.steps and clause.options and names and had and before.options)


def _with_steps_of(before: Clause, clause: Clause, lexicon: Lexicon) -> Clause:
    """Repeats the steps of the clause before, where they have the options; else the options tell the step."""
    names = {name for option in clause.options for name, _ in option.choices}
    takers = {task_type for name in names for task_type in lexicon.takers.get(name, ())}
    steps = tuple(step for step in before.steps if step.task_types & takers)
    return replace(clause, steps=steps)


def _only_adds(before: Clause, clause: Clause) -> bool:
    if clause.repeats and not clause.steps:
        return False
    if not clause.steps:
        return True
    said = dict(choice for option in before.options for choice in option.choices)
    is_new = not before.tells_fault and any(
        said.get(name, value) != value for option in clause.options for name, value in option.choices
    )
    senses = {step.senses for step in before.steps}
    # "It's too blurry, can you make it sharper?" asks once.
    return (
        not (clause.mentions or clause.literals or clause.question or clause.labels or clause.names_result or is_new)
        and {step.senses for step in clause.steps} <= senses
    )


def _changes_a_thing(before: Clause, clause: Clause, lexicon: Lexicon) -> bool:
    """Whether options alone ask for something that the step before does not do: "transcribe it and make it slower"."""
    names = {name for option in clause.options for name, _ in option.choices}
    takers = {task_type for name in names for task_type in lexicon.takers.get(name, ())}
    said = {task_type for step in before.steps for task_type in step.task_types}
    return bool(before.steps and not clause.steps and clause.has_pronoun and takers and not takers & said)


def _shares_object(before: Clause, clause: Clause) -> bool:
    """Whether two steps are about what only the second names: "enlarge and sharpen the photo"."""
    asked = before.question or before.labels or before.outputs or any(step.is_implicit for step in before.steps)
    return bool(
        before.is_bare and not before.has_object and not asked and (clause.mentions or clause.literals) and clause.steps
    )


def _completes(before: Clause, clause: Clause, lexicon: Lexicon) -> bool:
    """Whether one has the question, or the labels, and the other the words that ask for an answer."""
    for role in ("question", "labels"):
        types = lexicon.by_role[role]
        given = [bool(part.question if role == "question" else part.labels) for part in (before, clause)]
        asking = [
            any(step.task_types <= types and not step.is_implicit for step in part.steps) for part in (before, clause)
        ]
        waits = (asking[0] and not given[0], asking[1] and not given[1])
        if (waits[0] and given[1] and not asking[1]) or (waits[1] and given[0] and not asking[0]):
            return True
    return False


def _completed(before: Clause, clause: Clause, lexicon: Lexicon) -> Clause:
    types = lexicon.by_role["question"] | lexicon.by_role["labels"]
    explicit = [
        step for part in (before, clause) for step in part.steps if step.task_types <= types and not step.is_implicit
    ]
    others = [step for part in (before, clause) for step in part.steps if step not in explicit and not step.is_implicit]
    return replace(before.joined(clause), steps=tuple(dict.fromkeys([*explicit, *others])))
