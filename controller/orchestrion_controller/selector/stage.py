"""The stage Select: tasks one by one as they are planned, by rank, or all of a plan at once under either policy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

from orchestrion.errors import Reason
from orchestrion.events import Stage, TaskAssigned
from orchestrion.experts import Assignment, SelectionPolicy
from orchestrion.plans import Task
from orchestrion_controller.dispatch import AssignedTask, SelectionContext
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.plans.graph import dependencies
from orchestrion_controller.selector.llm.chooser import MOST_TASKS, Choices, LLMChooser
from orchestrion_controller.selector.llm.prompt import ChoiceQuestion
from orchestrion_controller.selector.requirements import TaskRequirements
from orchestrion_controller.selector.selector import Selector
from orchestrion_controller.stage_scope import EventLog, StageScope, stage_scope
from orchestrion_controller.stages import Usage

_FEWEST_CANDIDATES: Final = 2
"""So many make a choice."""


class SelectStage:
    """Assigns tasks, and logs the assignments to a run."""

    def __init__(self, selector: Selector, chooser: LLMChooser | None, metrics: ControllerMetrics) -> None:
        """Keeps the collaborators.

        Args:
            selector: Ranks.
            chooser: Chooses under policy `llm`; None where no language model is configured.
            metrics: Where the stage is counted.
        """
        self._selector = selector
        self._chooser = chooser
        self._metrics = metrics

    def check_policy(self, policy: SelectionPolicy) -> SelectionPolicy:
        """Returns a policy that can be followed.

        Raises:
            FailedPreconditionError: It is LLM, and no language model is configured.
        """
        if policy is SelectionPolicy.LLM and self._chooser is None:
            message = "policy: no language model is configured; set OPENAI_BASE_URL, OPENAI_API_KEY or llm_expert for "
            raise Reason.NOT_CONFIGURED.error(f"{message}the controller, or choose by RANK.", field="policy")
        return policy

    async def one(self, task: Task, context: SelectionContext, scope: StageScope) -> AssignedTask:
        """Assigns a task by rank, in an open stage."""
        await self._selector.prepare(task, context)
        return self._log(task, self._selector.assign(task, context), context, scope)

    async def all(
        self, log: EventLog, tasks: Sequence[Task], context: SelectionContext, policy: SelectionPolicy
    ) -> Sequence[AssignedTask]:
        """Assigns all tasks of a plan, in a stage of its own."""
        chooser = self._chooser if self.check_policy(policy) is SelectionPolicy.LLM and tasks else None
        if chooser is None:
            with stage_scope(log, Stage.SELECT, self._metrics, "rank") as scope:
                return [await self.one(task, context, scope) async for task in _yielding(tasks)]
        with stage_scope(log, Stage.SELECT, self._metrics, chooser.name) as scope:
            for task in tasks:
                await self._selector.prepare(task, context)
            questions = [
                ChoiceQuestion(TaskRequirements(task, context), self._selector.shortlist(task, context))
                async for task in _yielding(tasks[:MOST_TASKS])
            ]
            # Where there is one candidate, there is nothing to ask.
            open_questions = [question for question in questions if len(question.candidates) >= _FEWEST_CANDIDATES]
            choices = await chooser.choose(open_questions, context) if open_questions else Choices(Usage())
            scope.take(choices.usage)
            by_task = {question.requirements.task.id: question for question in questions}
            return [
                self._log(task, self._chosen(task, by_task.get(task.id), choices, context), context, scope)
                async for task in _yielding(tasks)
            ]

    def _chosen(
        self, task: Task, question: ChoiceQuestion | None, choices: Choices, context: SelectionContext
    ) -> Assignment:
        """Follows the language model where it chose one of the candidates, and rank where it did not."""
        if question is not None and len(question.candidates) < _FEWEST_CANDIDATES:
            return self._selector.assign(task, context)
        if choices.problem:
            return self._by_rank(task, context, "no_reply", choices.problem)
        if question is None or task.id not in choices.task_ids:
            return self._by_rank(task, context, "no_room", "the language model was not asked, for want of room")
        choice = choices.by_task.get(task.id)
        if choice is None or not choice.expert_id:
            return self._by_rank(task, context, "unnamed", "the language model named none")
        if choice.expert_id not in question.expert_ids:
            return self._by_rank(
                task,
                context,
                "no_candidate",
                f"the language model named {choice.expert_id[:64]!r}, which is no candidate",
            )
        # The assignments before this one may have changed which host is best.
        best = self._selector.best_replica(task, choice.expert_id, context)
        if best is None:
            return self._by_rank(task, context, "gone", f"{choice.expert_id}, which the language model chose, is gone")
        candidates = [
            best if item.replica.expert.id == choice.expert_id else item.candidate for item in question.candidates
        ]
        where = f"{best.expert_id} on {best.host.removeprefix('hosts/')}"
        why = f": {choice.reason}" if choice.reason else " without a reason."
        reason = f"{where}, chosen by the language model among {len(candidates)}{why}"
        return Assignment(task.id, best.host, best.expert_id, reason, tuple(candidates))

    def _by_rank(self, task: Task, context: SelectionContext, kind: str, problem: str) -> Assignment:
        self._metrics.selection_fallbacks.labels(kind).inc()
        assignment = self._selector.assign(task, context)
        return replace(assignment, reason=f"{assignment.reason} Chosen by rank: {problem}.")

    def _log(self, task: Task, assignment: Assignment, context: SelectionContext, scope: StageScope) -> AssignedTask:
        if not dependencies(task):
            # What waits for other tasks is no load yet.
            self._selector.count_assignment(assignment)
        chosen = (assignment.host, assignment.expert_id)
        ranked = ((candidate.host, candidate.expert_id) for candidate in assignment.candidates)
        rank = next((place for place, candidate in enumerate(ranked, 1) if candidate == chosen), None)
        self._metrics.selections.labels(str(rank or "other")).inc()
        scope.take(TaskAssigned(assignment))
        return AssignedTask(task, assignment, context=context)


async def _yielding(tasks: Sequence[Task]) -> AsyncIterator[Task]:
    """Iterates over tasks and yields to the event loop between them: a choice takes up to some milliseconds."""
    for task in tasks:
        yield task
        await asyncio.sleep(0)
