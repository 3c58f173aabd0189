"""Requests that go on with an earlier turn, as the grammar reads them.

The reader was shown too few of them so far: of 49 it plans 11 as they are meant, the grammar nearly all.
"""

from __future__ import annotations

from orchestrion.plans import Plan
from orchestrion.refusals import NotDone
from orchestrion_controller import languages, refusals
from orchestrion_controller.planner.builtin import wording
from orchestrion_controller.planner.builtin.grammar.lexicon import lexicon_for
from orchestrion_controller.planner.builtin.grammar.planning import plan_for
from orchestrion_controller.planner.builtin.grammar.sources import last_user_message
from orchestrion_controller.planner.builtin.grammar.words import tokens
from orchestrion_controller.stages import PlanningRequest


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
