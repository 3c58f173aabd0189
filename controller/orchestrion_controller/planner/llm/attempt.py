"""One reply of the planning language model, read and checked as it comes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from orchestrion.errors import InvalidArgumentError, NotFoundError, OrchestrionError, Reason
from orchestrion.plans import Plan, Task
from orchestrion.refusals import NotDone
from orchestrion.runs import Role
from orchestrion_controller.language_model import Ended
from orchestrion_controller.languages.messages import message
from orchestrion_controller.limits import TaskTypeLimits
from orchestrion_controller.planner.llm import originals, text_languages
from orchestrion_controller.planner.llm.duplicates import EqualTasks
from orchestrion_controller.planner.llm.literals import LiteralCheck
from orchestrion_controller.planner.llm.notation import ModelHints, PlanReader
from orchestrion_controller.planner.llm.prompt import Material, PlanPromptExtent
from orchestrion_controller.planner.llm.task_ids import TaskIds
from orchestrion_controller.plans.rules import PlanChecker
from orchestrion_controller.stages import Usage

_EMPTY: Final = (
    "The plan has no tasks: say in `no_task_reason` why none is needed, or list in `not_done` what cannot be done."
)


class Attempt:
    """A reply, as far as it was read: its valid tasks, and all that is wrong with it."""

    def __init__(self, shown: Material, most_tasks: int, *, is_repair: bool) -> None:
        """Prepares for one reply.

        Args:
            shown: What the model was shown; its plan is checked against the same.
            most_tasks: How many tasks the plan may have.
            is_repair: Whether it mends an earlier one: what was questioned then and is repeated is accepted.
        """
        self.usage = Usage(llm_call_count=1)
        self.extent: PlanPromptExtent | None = None
        """How much of what there is the model was shown."""
        self.plan: Plan | None = None
        """The plan, once all of it is valid."""
        self.faults: list[OrchestrionError] = []
        """All that is wrong with the plan that counts."""
        self._failure: OrchestrionError | None = None
        self._shown = shown
        self._most_tasks = most_tasks
        self._is_repair = is_repair
        self._pieces: list[str] = []
        request = shown.request
        said = [message.text for message in request.messages if message.role is not Role.ASSISTANT]
        self._said = "\n".join(said)
        self._literals = LiteralCheck(said, shown.names.texts)
        self._reader = PlanReader(request.on_offer, shown.names)
        self._begin()

    def _begin(self) -> None:
        """Begins a draft; a model may write several, of which the last counts."""
        request = self._shown.request
        self._draft = self._reader.draft
        earlier = self._shown.names.earlier_artifacts.values()
        artifacts = {item.name: item for item in earlier}
        hints = ModelHints(self._shown.names)
        self._checker = PlanChecker(request.on_offer, request.attachments, artifacts, hints)
        self._ids = TaskIds(request.on_offer)
        self._equal = EqualTasks(request.on_offer)
        self._tasks: list[Task] = []
        self._taken = 0
        self.faults = []

    @property
    def reply(self) -> str:
        """What the model wrote."""
        return "".join(self._pieces)

    @property
    def error(self) -> OrchestrionError:
        """Why there is no plan."""
        nothing = Reason.PLAN_INVALID.error("The reply holds no plan.", field="plan")
        return self._failure or (_all_of(self.faults) if self.faults else nothing)

    @property
    def is_invalid(self) -> bool:
        """Whether the model answered, and its plan breaks a rule."""
        return self.plan is None and isinstance(self.error, InvalidArgumentError | NotFoundError)

    @property
    def is_prose(self) -> bool:
        """Whether the model answered in words alone."""
        return bool(self.reply.strip()) and not self._reader.has_plan

    @property
    def broke_off(self) -> bool:
        """Whether the stream broke off, which says nothing about the plan."""
        reason = self._failure.reason if self._failure else ""
        return reason == Reason.LLM_BROKE_OFF.name or (reason == Reason.LLM_TIMED_OUT.name and bool(self._pieces))

    def not_done(self, language: str) -> tuple[NotDone, ...]:
        """Returns what the plan does not do of the request.

        Args:
            language: The language of the request, for what could be done and has no expert here.
        """
        by_name = {item.name: item for item in self._shown.absent}
        parts = []
        for part in self._reader.not_done:
            written = NotDone(self._as_written(part.words), _sentence(part.reason))
            absent = by_name.get(self._reader.needed.get(part, ""))
            parts.append(absent.part(written, self._shown.request, language) if absent else written)
        return tuple(parts)

    def _as_written(self, words: str) -> str:
        """Returns words as the request has them, where they differ from it in case and spaces alone."""
        spaced = r"\s+".join(re.escape(word) for word in words.split())
        match = re.search(spaced, self._said, re.IGNORECASE) if spaced else None
        return match[0] if match else words

    def doubts(self, language: str) -> tuple[str, ...]:
        """Returns what the person should hear of how it was planned: a short context shows not all task types.

        Args:
            language: The language of the request.
        """
        count, shown = len(self._shown.tools), self.extent.task_types if self.extent else 0
        is_whole = not self.extent or shown >= count
        return () if is_whole else (message(language, "short_context", shown=str(shown), count=str(count)),)

    def feed(self, piece: str) -> list[Task]:
        """Takes a piece of the reply and returns the tasks that are to be started: none of a later draft."""
        self._pieces.append(piece)
        checked = self._take(self._reader.feed(piece))
        return [] if self.faults or self._reader.faults or self._draft else checked

    def _take(self, tasks: Sequence[Task]) -> list[Task]:
        """Checks the tasks that were read, and returns those that are valid."""
        if self._reader.draft != self._draft:
            self._begin()
            tasks = self._reader.tasks
        self._taken += len(tasks)
        return [checked for task in tasks if (checked := self._checked(task)) is not None]

    def end(self, ended: Ended | None) -> None:
        """Ends the reply and checks the plan as a whole.

        Raises:
            UnavailableError: The reply broke off.
        """
        if ended and not ended.finish_reason and not self._reader.closed:
            text = f"The language model's reply broke off after {len(self._tasks)} tasks. Try again."
            raise Reason.LLM_BROKE_OFF.error(text)
        self._reader.finish(cut=ended is not None and ended.finish_reason == "length")
        self._take(self._reader.tasks[self._taken :])
        self.faults += self._reader.faults
        if not self._reader.has_plan:
            return
        for fault in self._reader.faults:
            # What refers to a task that cannot be read refers to something.
            self._checker.excuse(fault.metadata.get("task_id", ""))
        reason = "" if self._tasks else self._reader.no_task_reason or _reasons(self._reader.not_done)
        if reason or self._tasks:
            self.faults += self._checker.closing_faults(reason)
        elif not self.faults:
            self.faults.append(Reason.PLAN_INVALID.error(_EMPTY, field="plan"))
        if not self.faults:
            self.plan = Plan(self._checker.tasks, reason)

    def fail(self, error: OrchestrionError) -> None:
        """Records that there is no whole reply."""
        self._failure = error

    def _checked(self, task: Task) -> Task | None:
        index = len(self._tasks)
        if index > self._most_tasks:
            # Enough is said of a plan that is too long: what else it has is counted.
            self._tasks.append(task)
            return None
        task, unclear = self._ids.take(task)
        merged = self._equal.take(task)
        if merged is None:
            return None
        request = self._shown.request
        if index >= self._most_tasks:
            if index == self._most_tasks:
                text = f"The plan has more than {self._most_tasks} tasks: give lists to fewer tasks."
                self.faults.append(Reason.PLAN_INVALID.error(text, field="plan.tasks"))
            self._tasks.append(merged)
            return None
        if broken := [*([unclear] if unclear else []), *self._checker.faults(merged)]:
            self.faults += broken
            self._tasks.append(merged)
            return None
        checked = self._checker.tasks[-1]
        task_type = request.on_offer[checked.type]
        if not self._is_repair:
            questions = (
                self._literals.question(checked, task_type, index),
                originals.question(checked, self._tasks, request.on_offer, index),
                text_languages.check(checked, task_type, request.limits.get(checked.type, TaskTypeLimits()), index),
            )
            self.faults += [question for question in questions if question]
        self._tasks.append(checked)
        return checked


def _sentence(text: str) -> str:
    """Makes a sentence of a few words; other scripts than ours end theirs in their own way."""
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return f"{text}." if text and text[-1].isalnum() and text[-1].isascii() else text


def _reasons(parts: Sequence[NotDone]) -> str:
    return " ".join(part.reason or part.words for part in parts)


def _all_of(faults: list[OrchestrionError]) -> OrchestrionError:
    """Puts all faults into the words of one error, with the reason and the place of the first."""
    first = faults[0]
    if len(faults) == 1:
        return first
    error = Reason[first.reason].error(" ".join(fault.message for fault in faults), dict(first.metadata))
    error.__cause__ = first
    return error
