"""The stage Select: tasks one by one as they are planned, by rank, or all of a plan at once under either policy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from orchestrion.errors import Reason
from orchestrion.events import Stage, TaskAssigned
from orchestrion.experts import Assignment, SelectionPolicy
from orchestrion.plans import Task
from orchestrion_controller.executor.attempts import Assigned
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.pipeline.stage_scope import StageScope, stage_scope
from orchestrion_controller.plans.graph import dependencies
from orchestrion_controller.runs.log import RunLog
from orchestrion_controller.selector.demand import Circumstances, Demand
from orchestrion_controller.selector.llm.chooser import MOST_TASKS, Answer, LLMChooser
from orchestrion_controller.selector.llm.prompt import Question
from orchestrion_controller.selector.selector import Selector


class Selecting:
    """Assigns tasks, and tells it in a run's log."""

    def __init__(self, selector: Selector, chooser: LLMChooser | None, metrics: ControllerMetrics) -> None:
        """Keeps the collaborators.

        Args:
            selector: Ranks.
            chooser: Chooses under policy LLM; None where no language model is configured.
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
            message = "policy: no language model is configured; set OPENAI_BASE_URL or OPENAI_API_KEY for the "
            raise Reason.NOT_CONFIGURED.error(f"{message}controller, or choose by RANK.", field="policy")
        return policy

    def one(self, task: Task, known: Circumstances, scope: StageScope) -> Assigned:
        """Assigns a task by rank, in an open stage."""
        return self._told(task, self._selector.assign(task, known), known, scope)

    async def all(
        self, log: RunLog, tasks: Sequence[Task], known: Circumstances, policy: SelectionPolicy
    ) -> Sequence[Assigned]:
        """Assigns all tasks of a plan, in a stage of its own."""
        chooser = self._chooser if self.check_policy(policy) is SelectionPolicy.LLM and tasks else None
        if chooser is None:
            with stage_scope(log, Stage.SELECT, self._metrics, "rank") as scope:
                return [self.one(task, known, scope) async for task in _unhurried(tasks)]
        with stage_scope(log, Stage.SELECT, self._metrics, chooser.name) as scope:
            questions = [
                Question(Demand.of(task, known), self._selector.shortlist(task, known))
                async for task in _unhurried(tasks[:MOST_TASKS])
            ]
            answer = await chooser.choose(questions, known)
            scope.take(answer.usage)
            asked = {question.demand.task.id: question for question in questions}
            return [
                self._told(task, self._chosen(task, asked.get(task.id), answer, known), known, scope)
                async for task in _unhurried(tasks)
            ]

    def _chosen(self, task: Task, question: Question | None, answer: Answer, known: Circumstances) -> Assignment:
        """Follows the language model where it chose one of the candidates, and rank where it did not."""
        if answer.problem:
            return self._by_rank(task, known, answer.problem)
        if question is None or task.id not in answer.asked:
            return self._by_rank(task, known, "the language model was not asked, for want of room")
        choice = answer.choices.get(task.id)
        if choice is None or not choice.expert_id:
            return self._by_rank(task, known, "the language model named none")
        if choice.expert_id not in question.expert_ids:
            return self._by_rank(
                task, known, f"the language model named {choice.expert_id[:64]!r}, which is no candidate"
            )
        # Which host is best may have changed since, not least by the tasks before this one.
        place = self._selector.place(task, choice.expert_id, known)
        if place is None:
            return self._by_rank(task, known, f"{choice.expert_id}, which the language model chose, is gone")
        candidates = [
            place if item.offer.expert.id == choice.expert_id else item.candidate for item in question.candidates
        ]
        where = f"{place.expert_id} on {place.host.removeprefix('hosts/')}"
        why = f": {choice.reason}" if choice.reason else " without a reason."
        reason = f"{where}, chosen by the language model among {len(candidates)}{why}"
        return Assignment(task.id, place.host, place.expert_id, reason, tuple(candidates))

    def _by_rank(self, task: Task, known: Circumstances, problem: str) -> Assignment:
        assignment = self._selector.assign(task, known)
        return replace(assignment, reason=f"{assignment.reason} Chosen by rank: {problem}.")

    def _told(self, task: Task, assignment: Assignment, known: Circumstances, scope: StageScope) -> Assigned:
        if not dependencies(task):
            # What waits for other tasks is no load yet.
            self._selector.promise(assignment)
        scope.take(TaskAssigned(assignment))
        return Assigned(task, assignment, known=known)


async def _unhurried(tasks: Sequence[Task]) -> AsyncIterator[Task]:
    """Yields tasks, and lets others have their turn between them: a choice takes up to some milliseconds."""
    for task in tasks:
        yield task
        await asyncio.sleep(0)
