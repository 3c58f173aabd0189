"""Follows JSON in a reply that may be a plan: what its tasks are, where they close, and what is wrong with its text."""

from __future__ import annotations

from collections import deque
from typing import Final

from orchestrion.values import JsonData
from orchestrion_controller.planner.llm.notation import refusals
from orchestrion_controller.planner.llm.notation.spelling import letters
from orchestrion_controller.planner.llm.notation.statements import begins_task, is_task
from orchestrion_controller.planner.llm.notation.steps import (
    Alone,
    Broken,
    Element,
    NoPlan,
    Step,
    Unfinished,
    Unreadable,
    Whole,
)
from orchestrion_controller.planner.llm.notation.structure import (
    Closed,
    Frame,
    JsonStructure,
    MalformedError,
    TooDeepError,
    parsed,
)
from orchestrion_controller.planner.llm.notation.tokens import OTHER, JsonToken, Tokenizer

_TASKS: Final = "tasks"
_FENCE: Final = "`"
_TAG: Final = "<"


class PlanCandidate:
    """JSON that may be a plan, from its first bracket on."""

    def __init__(self, text: str) -> None:
        """Begins with the text from the first bracket on."""
        self.rest = ""
        """Once it has ended, the text after it; of what is no plan, the text after its first bracket."""
        self.tokens = Tokenizer(text)
        self._structure = JsonStructure()
        self._plan: Frame | None = None
        """The plan's object, where it has one."""
        self._tasks: Frame | None = None
        """The list of tasks, as soon as it is clear that this is one."""
        self._skipped = 0
        """The brackets that are open in a task whose text is no JSON; 0 where none is."""
        self._steps: deque[Step] = deque()
        self._is_over = False

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to tell."""
        return self._is_over and not self._steps

    @property
    def is_plan(self) -> bool:
        """Whether it is clear that it is a plan."""
        return self._tasks is not None

    def step(self, *, final: bool, cut: bool) -> Step | None:
        """Reads on until something is to be told; None where the text ends before that.

        Args:
            final: Whether nothing will be added to the text.
            cut: Whether the text was cut off.
        """
        while not self._steps and not self._is_over:
            token = self.tokens.next(final=final)
            if token is not None:
                self._take(token)
            elif final:
                self._end(cut=cut)
            else:
                break
        if self._tasks is not None and not self._is_over:
            self.tokens.forget()
        return self._steps.popleft() if self._steps else None

    def _take(self, token: JsonToken) -> None:
        if self._skipped:
            self._skip(token)
            return
        try:
            closed = self._structure.take(token)
        except MalformedError as error:
            self._refuse(token, error)
            return
        if token.kind == "[":
            self._look_for_tasks()
        for value in closed:
            self._look_at(value)

    def _look_for_tasks(self) -> None:
        """An object of which `tasks` is a list is a plan, wherever it stands; a second such list goes on with it."""
        outer, inner = self._structure.frames[-2:] if len(self._structure.frames) > 1 else (None, None)
        if outer is None or outer.key is None or letters(outer.key) != _TASKS:
            return
        if self._tasks is None or outer is self._plan:
            self._plan, self._tasks = outer, inner

    def _look_at(self, closed: Closed) -> None:
        """Looks at a value that is whole."""
        if self._is_over:
            return
        frames = self._structure.frames
        if self._tasks is None and frames and closed.parent is frames[0] and isinstance(frames[0].value, list):
            # The first element of a bare list says whether it is one of tasks.
            if is_task(closed.value):
                self._tasks = frames[0]
            else:
                self._stop(NoPlan(), self.tokens.text[1:])
                return
        if self._tasks is None:
            if closed.parent is None:
                self._decide(closed.value)
        elif closed.parent is self._tasks:
            self._steps.append(Element(closed.value))
        elif self._plan is not None and closed.value is self._plan.value:
            self._stop(Whole(self._plan.value if isinstance(self._plan.value, dict) else {}))
        elif self._plan is None and closed.value is self._tasks.value:
            self._stop(Whole({}))

    def _decide(self, value: JsonData) -> None:
        """Decides what an object is that closed without a list of tasks."""
        members = {letters(key): item for key, item in value.items()} if isinstance(value, dict) else {}
        if _TASKS in members or refusals.is_plan(members):
            self._steps += map(Element, _elements(members.get(_TASKS)))
            self._stop(Whole(value))
        elif is_task(value):
            self._stop(Alone(value))
        else:
            self._stop(NoPlan(), self.tokens.text[1:])

    def _refuse(self, token: JsonToken, error: MalformedError) -> None:
        """Ends what is no JSON; in a list of tasks, only the task in which it stands is lost."""
        message = str(error)
        if self._tasks is None:
            self._stop(NoPlan(), self.tokens.rest if isinstance(error, TooDeepError) else self.tokens.text[1:])
        elif token.kind == OTHER and token.text == _FENCE and self._structure.is_between:
            # The end of the fence around the plan.
            self._close_all()
        elif self._tasks in self._structure.frames[:-1] and token.text != _TAG:
            frames = self._structure.frames
            self._skipped = len(frames) - 1 - frames.index(self._tasks)
            del frames[len(frames) - self._skipped :]
            self._steps.append(Unreadable(message))
            self._skip(token)
        else:
            self._stop(Broken(message), (token.text if token.kind == OTHER else "") + self.tokens.rest)

    def _skip(self, token: JsonToken) -> None:
        """Passes over the rest of a task."""
        self._skipped += (token.kind in "{[") - (token.kind in "}]")

    def _end(self, *, cut: bool) -> None:
        """Ends with the text: what only lacks closing brackets is whole."""
        if not cut and not self._skipped and not self.tokens.rest and self._structure.is_between:
            self._close_all()
        elif self._tasks is None and not begins_task(self._structure.names):
            self._stop(NoPlan(), self.tokens.text[1:])
        else:
            self._stop(Unfinished())

    def _close_all(self) -> None:
        for closed in self._structure.close_all():
            self._look_at(closed)

    def _stop(self, step: Step, rest: str | None = None) -> None:
        self._steps.append(step)
        self._is_over = True
        self.rest = self.tokens.rest if rest is None else rest


def _elements(tasks: JsonData) -> list[JsonData]:
    """Lists what is no list: a text of JSON, tasks by their ids, or a single task."""
    if isinstance(tasks, str):
        tasks = parsed(tasks) or tasks
    if isinstance(tasks, dict) and not is_task(tasks) and all(isinstance(item, dict) for item in tasks.values()):
        return [{"id": task_id, **item} for task_id, item in tasks.items()]
    if tasks is None or isinstance(tasks, list):
        return tasks or []
    return [tasks]
