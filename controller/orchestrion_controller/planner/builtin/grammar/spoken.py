"""Inputs whose value is words of the request itself: a question, and labels."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Parameter, TaskType
from orchestrion.values import Value
from orchestrion_controller.planner.builtin.grammar.clauses import Clause
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.sources import Source


def spoken_inputs(
    task_type: TaskType, clause: Clause, table: Sequence[Source], lexicon: Lexicon
) -> tuple[dict[str, Value], list[Source]]:
    """Binds the inputs of a task type that the clause gives in its own words.

    Returns:
        The inputs, and what is left on the table for the others.

    Raises:
        InvalidArgumentError: The clause does not have them.
    """
    inputs: dict[str, Value] = {}
    rest = list(table)
    for parameter in task_type.inputs:
        role = lexicon.role(parameter.name)
        if role == "labels" and (clause.labels or not parameter.optional):
            if not clause.labels:
                raise _missing(task_type, parameter, "name them, with commas or `or` between")
            inputs[parameter.name] = clause.labels if parameter.repeated else clause.labels[0]
        elif role == "question" and (clause.question or not parameter.optional):
            question, rest = _question(clause, rest)
            if not question:
                raise _missing(task_type, parameter, "ask it in the request")
            inputs[parameter.name] = question
    return inputs, rest


def _question(clause: Clause, table: list[Source]) -> tuple[str, list[Source]]:
    """Takes the question that is asked outright, or else what is quoted: "answer 'opening hours' from this page"."""
    given = [source for source in table if isinstance(source.value, str)]
    if clause.question or not given:
        return clause.question, table
    return str(given[0].value), [source for source in table if source is not given[0]]


def _missing(task_type: TaskType, parameter: Parameter, cure: str) -> OrchestrionError:
    message = f"`{task_type.name}` needs `{parameter.name}` ({parameter.description.rstrip('.').lower()}): {cure}."
    return Reason.MISSING_INPUT.error(message, field="messages")
