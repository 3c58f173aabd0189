"""The planner that needs no language model: two readers, one that understands or refuses, and one that estimates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from orchestrion import task_types
from orchestrion.errors import OrchestrionError
from orchestrion.events import PlanFinished, TaskPlanned
from orchestrion.plans import Plan
from orchestrion.refusals import NotDone
from orchestrion_controller import languages, refusals
from orchestrion_controller.planner.builtin import wording
from orchestrion_controller.planner.builtin.grammar.lexicon import lexicon_for
from orchestrion_controller.planner.builtin.grammar.planning import plan_for
from orchestrion_controller.planner.builtin.grammar.slots import slots_of
from orchestrion_controller.planner.builtin.grammar.sources import last_user_message
from orchestrion_controller.planner.builtin.grammar.words import tokens
from orchestrion_controller.planner.builtin.learned.reader import Reader, Understanding
from orchestrion_controller.plans.rules import PlanChecker
from orchestrion_controller.stages import PlanItem, PlanningRequest


@dataclass(frozen=True, slots=True)
class _Draft:
    """A plan, and how sure of it its reader is."""

    plan: Plan
    confidence: float | None = None
    doubts: tuple[str, ...] = ()
    not_done: tuple[NotDone, ...] = ()


class BuiltinPlanner:
    """Plans single tasks, chains, parallel branches and joins on free wording, from the task types' data alone.

    For our own task types the grammar decides: it understands a request as a whole, options and earlier turns included,
    or refuses it, and skips no part that it does not understand. Any other library of task types is read by the learned
    reader where the grammar does not understand all of a request; it reports how sure it is, and what it doubts.
    """

    name = wording.NAME
    runs_partial = False

    def __init__(self) -> None:
        """Reads words and weights, so that the first request does not wait for them."""
        lexicon_for(())
        self._own = task_types.load()
        self._reader = Reader()

    async def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
        """Plans a request.

        Raises:
            FailedPreconditionError: The request is understood, and cannot be planned.
            InvalidArgumentError: Something to work on is missing, or an option is out of its range.
        """
        artifacts = {name: artifact for turn in request.history for name, artifact in turn.artifacts.items()}
        checker = PlanChecker(request.task_types, request.attachments, artifacts)
        # On a thread: it computes for milliseconds, in which the event loop serves other runs.
        draft = await asyncio.to_thread(self._draft, request)
        for task in draft.plan.tasks:
            yield TaskPlanned(checker.add(task))
        plan = draft.plan if draft.not_done else checker.close(draft.plan.no_task_reason)
        yield PlanFinished(plan, draft.confidence, draft.doubts, draft.not_done)

    def _draft(self, request: PlanningRequest) -> _Draft:
        """Plans, or names the words that are beyond it; errors as `plan`."""
        try:
            return self._planned(request)
        except wording.BeyondPlanner as beyond:
            return _Draft(Plan(()), not_done=(_not_done(request, beyond.words),))

    def _planned(self, request: PlanningRequest) -> _Draft:
        """Plans with the grammar or else with the learned reader."""
        is_own = not request.replaced or all(self._own.get(name) == item for name, item in request.task_types.items())
        # The grammar binds what a task type cannot do without; to one that can do without anything it binds nothing.
        if is_own or all(slots_of(task_type) for task_type in request.task_types.values()):
            try:
                plan = plan_for(request)
            except (OrchestrionError, wording.BeyondPlanner):
                if is_own:
                    raise
            else:
                # A courtesy may be one of our own; among others' tools there may be one for it.
                if plan.tasks or is_own:
                    return _Draft(plan)
        understood = self._reader.understand(request)
        if not understood.types:
            text = request.messages[last_user_message(request)].text
            raise wording.BeyondPlanner(text)
        return _Draft(Plan(self._reader.bind(request, understood)), understood.confidence, _doubts(understood))


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


def _doubts(understood: Understanding) -> tuple[str, ...]:
    return (
        *(f"`{name}` may not be wanted ({1 - probability:.0%})." for name, probability in understood.doubtful),
        *(f"`{name}` may be wanted, too ({probability:.0%})." for name, probability in understood.left_out),
    )
