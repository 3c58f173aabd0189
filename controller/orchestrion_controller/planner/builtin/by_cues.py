"""Requests as the grammar reads them, by the cues of task types: what the reader was shown too little of so far.

These are requests that go on with an earlier turn (of 49 the reader plans 11 as they are meant, the grammar all) and
those for task types that plug-ins bring.
"""

from __future__ import annotations

from orchestrion.errors import OrchestrionError
from orchestrion.plans import Plan
from orchestrion.refusals import NotDone
from orchestrion_controller import languages, refusals
from orchestrion_controller.planner.builtin import wording
from orchestrion_controller.planner.builtin.grammar.lexicon import lexicon_for
from orchestrion_controller.planner.builtin.grammar.planning import plan_for
from orchestrion_controller.planner.builtin.grammar.slots import slots_of
from orchestrion_controller.planner.builtin.grammar.sources import last_user_message
from orchestrion_controller.planner.builtin.grammar.words import tokens
from orchestrion_controller.stages import PlanningRequest

__all__ = ["plan", "slots_of", "whole"]


def whole(request: PlanningRequest) -> Plan | None:
    """Plans a request that the grammar understands as a whole; None for others."""
    try:
        return plan_for(request)
    except (OrchestrionError, wording.BeyondPlanner):
        return None


def plan(request: PlanningRequest) -> tuple[Plan, tuple[NotDone, ...]]:
    """Plans a request, or names the words that are beyond the grammar.

    Raises:
        InvalidArgumentError: Something to work on is missing, or an option is out of its range.
    """
    try:
        return plan_for(request), ()
    except wording.BeyondPlanner as beyond:
        return Plan(()), (_not_done(request, beyond.words),)


def _not_done(request: PlanningRequest, words: str) -> NotDone:
    """Says why words are not done: for want of an expert of the task type that they ask for, or of such a task type."""
    text = request.messages[last_user_message(request)].text
    language = languages.detect(text)
    lexicon = lexicon_for(tuple(request.defined.values()))
    for mark in lexicon.senses.find(tokens(words)):
        task_type = request.defined.get(mark.value.task_type)
        if task_type is not None and task_type.name not in request.on_offer:
            return refusals.no_expert(words, task_type, request.cures.find(task_type.name), language)
    return refusals.nothing_does(words, language)
