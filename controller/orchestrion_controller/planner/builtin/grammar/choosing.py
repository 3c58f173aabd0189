"""Which of several task types a step means, and which options are its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from orchestrion.plans import TaskType
from orchestrion_controller.planner.builtin.grammar import chains
from orchestrion_controller.planner.builtin.grammar.amounts import Option
from orchestrion_controller.planner.builtin.grammar.clauses import Clause, Step
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.meanings import Sense
from orchestrion_controller.planner.builtin.grammar.slots import slots_of
from orchestrion_controller.planner.builtin.grammar.sources import Source


def sense_of(
    step: Step, clause: Clause, at_hand: Sequence[Source], task_types: Mapping[str, TaskType], lexicon: Lexicon
) -> Sense:
    """Takes of several senses the one whose input lies at hand, or whose options are given, or that can be reached."""
    kinds = {source.kind for source in at_hand} or {mention.kind for mention in clause.mentions if mention.kind}
    types = tuple(task_types.values())
    # Words that are the cue itself do not tell which of its senses is meant.
    apart = [option for option in clause.options if not step.start <= option.position < step.end]

    def rank(sense: Sense) -> tuple[bool, ...]:
        task_type = task_types[sense.task_type]
        slots = slots_of(task_type, lexicon.roles)
        given = any(takes(task_type, name, value) for option in apart for name, value in option.choices)
        wanted = {slot.kind for slot in slots}
        direct = bool(wanted & kinds)
        reached = any(chains.find(types, kind, slot) is not None for kind in kinds for slot in wanted)
        # Of two that fit equally little, the one that wants no picture or sound that nobody gave.
        complete = not any(kind.is_media for kind in wanted - kinds)
        return given and (direct or reached), direct, reached, complete

    return max(step.senses, key=rank)


def options_of(
    chosen: Sequence[tuple[Step, Sense]],
    options: Sequence[Option],
    task_types: Mapping[str, TaskType],
    lexicon: Lexicon,
) -> tuple[list[dict[str, tuple[str | float, ...]]], list[Option]]:
    """Gives each option to the first step that has it, and its mode to each step.

    Returns:
        The options of each step, and those that no step has.
    """
    found: list[dict[str, tuple[str | float, ...]]] = [
        {sense.mode[0]: (sense.mode[1],)} if sense.mode else {} for _, sense in chosen
    ]
    left: list[Option] = []
    asked_for = {sense.mode[1] for _, sense in chosen if sense.mode}
    for option in options:
        if any(name in asked_for for name, _ in option.choices):
            # "Is it in Spanish or in Portuguese?" asks for the language, and gives none.
            continue
        for (_, sense), own in zip(chosen, found, strict=True):
            task_type = task_types[sense.task_type]
            choice = next(((name, value) for name, value in option.choices if takes(task_type, name, value)), None)
            if choice is None or (sense.mode and choice[0] == sense.mode[0]):
                continue
            name, value = choice
            implied = lexicon.implied.get(name)
            only = (implied[1],) if implied and task_type.input(implied[0]) else ()
            if implied and only and own.setdefault(implied[0], only) != only:
                continue
            if value not in own.get(name, ()):
                own[name] = (*own.get(name, ()), value)
            break
        else:
            left.append(option)
    return found, left


def takes(task_type: TaskType, name: str, value: str | float) -> bool:
    """Whether a task type has an input, and the value among its choices where it has any."""
    parameter = task_type.input(name)
    return parameter is not None and (not parameter.choices or value in parameter.choices)


def matters(option: Option, task_types: Collection[TaskType], lexicon: Lexicon) -> bool:
    """Whether something would be missing if an option came to nothing: "in German" would, "quickly" would not."""
    is_choice = any(
        (parameter := task_type.input(name)) and value in parameter.choices
        for name, value in option.choices
        for task_type in task_types
    )
    return not is_choice and not any(name in lexicon.idle_options for name, _ in option.choices)
