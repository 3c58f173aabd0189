"""Reads a plan out of a stream of text: each task the moment its object closes and all it refers to is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Task, TaskType
from orchestrion.refusals import NotDone
from orchestrion.values import JsonData
from orchestrion_controller.planner.llm.notation import steps
from orchestrion_controller.planner.llm.notation.candidates import PlanCandidate
from orchestrion_controller.planner.llm.notation.draft import WrittenPlan
from orchestrion_controller.planner.llm.notation.names import PlanNames
from orchestrion_controller.planner.llm.notation.thoughts import MarkKind, end_of_thoughts, next_mark

_CLOSERS: Final = re.compile(r"[\s,}\]]*")


class PlanReader:
    """Takes the text of a reply piece by piece; reasoning, prose, code fences and what follows are skipped."""

    def __init__(self, task_types: Mapping[str, TaskType], names: PlanNames) -> None:
        """Prepares for one reply.

        Args:
            task_types: What tasks may be of, by name.
            names: The files and texts that have names.
        """
        self.draft = 0
        """Which plan of the reply counts. When it has grown, `tasks` are all that count; none before do."""
        self.has_plan = False
        """Whether anything that looks like a plan was there; else the reply is prose."""
        self._task_types = task_types
        self._names = names
        self._current = WrittenPlan(task_types, names)
        self._whole: WrittenPlan | None = None
        """The last plan that was written to its end."""
        self._text = ""
        """What is still to be read outside of JSON."""
        self._closing: re.Pattern[str] | None = None
        """What ends the thoughts that the text is in."""
        self._candidate: PlanCandidate | None = None
        self._author: PlanCandidate | None = None
        """What wrote the plan that counts."""
        self._cut = False
        self._is_bare = False
        """Whether the plan that counts is of tasks that stand in the text one by one."""
        self._tail: str | None = None
        """The brackets and commas since a plan closed, as long as nothing else came."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks that can be read, of the plan that counts."""
        return tuple(self._current.tasks)

    @property
    def faults(self) -> list[OrchestrionError]:
        """All that could not be read of it, each with its `field`, and its `task_id` where it is a task's."""
        return self._current.faults

    @property
    def no_task_reason(self) -> str:
        """Why the request needs no expert, once it has been read."""
        return self._current.no_task_reason

    @property
    def not_done(self) -> tuple[NotDone, ...]:
        """The parts of the request that the plan leaves out, once they have been read."""
        return self._current.not_done

    @property
    def needed(self) -> Mapping[NotDone, str]:
        """The names of the task types that would do such parts, as they were written, by part."""
        return self._current.needed

    @property
    def closed(self) -> bool:
        """Whether the plan that counts is whole."""
        return self._current.is_whole

    def feed(self, text: str) -> list[Task]:
        """Takes a piece and returns the tasks that can be read since, in the order in which they could be."""
        before = self.draft
        tasks = self._read(text, final=False)
        return tasks if self.draft == before else list(self.tasks)

    def finish(self, *, cut: bool = False) -> None:
        """Ends the reply: what is missing is a fault, but for closing brackets at its very end.

        Args:
            cut: Whether the endpoint said that the reply was cut off.
        """
        self._cut = cut
        self._read("", final=True)
        current = self._current
        if not current.is_closed:
            current.close({})
            current.is_whole = self._is_bare and not cut
        if current.is_whole or (self._whole and not self._whole.is_empty and self._fall_back(self._whole)):
            return
        if not self.has_plan:
            message = 'The reply holds no plan: write one JSON object that begins with {"tasks":[.'
        elif cut:
            message = (
                f"The plan was cut off after {current.count} tasks, because it grew too long: write a shorter one."
            )
        else:
            message = f"The plan breaks off after {current.count} tasks: write it whole."
        current.add_fault(Reason.PLAN_INVALID, message, "tasks")

    def _fall_back(self, whole: WrittenPlan) -> bool:
        """Has a plan count again that was whole, since the one after it is not."""
        self._current = whole
        self.draft += 1
        return True

    def _read(self, text: str, *, final: bool) -> list[Task]:
        tasks: list[Task] = []
        if self._candidate is not None:
            self._candidate.tokens.feed(text)
        else:
            self._text += text
        while True:
            if self._candidate is not None:
                if not self._read_candidate(self._candidate, tasks, final=final):
                    return tasks
            elif self._closing is not None:
                place, ended = end_of_thoughts(self._text, self._closing)
                self._text = self._text[place:]
                if not ended:
                    return tasks
                self._closing = None
            elif not self._read_prose(final=final):
                return tasks

    def _read_prose(self, *, final: bool) -> bool:
        """Goes on to the next mark; returns whether there is one."""
        mark = next_mark(self._text, final=final)
        self._pass_over(self._text[: mark.start])
        if mark.kind is MarkKind.NONE:
            self._text = self._text[mark.start :]
            return False
        if mark.kind is MarkKind.JSON:
            self._candidate = PlanCandidate(self._text[mark.start :])
            self._text = ""
            return True
        if mark.kind is MarkKind.CLOSING:
            self._begin(WrittenPlan(self._task_types, self._names))
            self._whole, self.has_plan = None, False
        self._closing = mark.closing
        self._text = self._text[mark.end :]
        return True

    def _pass_over(self, prose: str) -> None:
        """Looks whether a plan's text goes on after its brackets closed."""
        if self._tail is None:
            return
        match = _CLOSERS.match(prose)
        self._tail += match[0] if match else ""
        if match and match.end() < len(prose):
            if "," in self._tail and prose[match.end()] in "\"'":
                message = "The brackets do not match: the plan is closed before its end. Write it whole."
                self._current.add_fault(Reason.PLAN_INVALID, message, "tasks")
            self._tail = None

    def _read_candidate(self, candidate: PlanCandidate, tasks: list[Task], *, final: bool) -> bool:
        """Reads on in what may be a plan; returns whether it ended."""
        while True:
            step = candidate.step(final=final, cut=self._cut)
            if step is None:
                return False
            self.has_plan = self.has_plan or candidate.is_plan
            match step:
                case steps.Element(data=data) if self._is_written_by(candidate) or not _is_elision(data):
                    tasks += self._draft_of(candidate).add(data)
                case steps.Unreadable(message=message):
                    self._draft_of(candidate).add_unreadable(message)
                case steps.Alone(data=data):
                    tasks += self._take_alone(data)
                case steps.Whole(members=members):
                    tasks += self._close(candidate, members)
                case steps.Broken(message=message) if self._is_written_by(candidate) or self._current.is_empty:
                    self._draft_of(candidate).add_fault(
                        Reason.PLAN_INVALID, f"The plan is no JSON: {message}.", "tasks"
                    )
                case steps.Unfinished():
                    self._leave_unfinished(candidate)
            if candidate.ended:
                self._text, self._candidate = candidate.rest, None
                return True

    def _is_written_by(self, candidate: PlanCandidate) -> bool:
        """Whether a candidate has begun to write the plan that counts."""
        return candidate is self._author

    def _draft_of(self, candidate: PlanCandidate) -> WrittenPlan:
        """Returns the draft that a candidate writes, which counts from its first word on."""
        if candidate is not self._author:
            self._author = candidate
            self._begin(WrittenPlan(self._task_types, self._names))
        return self._current

    def _leave_unfinished(self, candidate: PlanCandidate) -> None:
        """Notes that a plan breaks off; a whole one before it stays in force."""
        self.has_plan = True
        if self._current.is_empty:
            self._draft_of(candidate)
        self._is_bare = False

    def _begin(self, draft: WrittenPlan) -> None:
        """Has a plan count from now on."""
        if not self._current.is_empty:
            self.draft += 1
        self._current, self._is_bare, self._tail = draft, False, None

    def _take_alone(self, data: JsonData) -> list[Task]:
        """Takes a task that stands in the text by itself: part of a plan, unless a whole one stands before it."""
        self.has_plan = True
        if self._current.is_whole and self._tail is None:
            return []
        if self._current.is_empty or (self._is_bare and self._current.has(data)):
            self._begin(WrittenPlan(self._task_types, self._names))
            self._is_bare = True
        return self._current.add(data)

    def _close(self, candidate: PlanCandidate, members: Mapping[str, JsonData]) -> list[Task]:
        """Ends a plan; one that says nothing leaves the one before it in force."""
        self.has_plan = True
        if candidate is not self._author:
            draft = WrittenPlan(self._task_types, self._names)
            draft.close(members)
            if draft.is_empty and not self._current.is_empty:
                return []
            self._begin(draft)
            tasks: list[Task] = []
        else:
            tasks = self._current.close(members)
        self._whole, self._tail = self._current, ""
        return tasks


def _is_elision(data: JsonData) -> bool:
    """Whether a list of tasks begins with dots: then somebody tells the form of a plan."""
    return isinstance(data, str) and not data.strip(".")
