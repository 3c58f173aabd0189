"""Reads a plan out of a stream of text: each task the moment its object closes."""

from __future__ import annotations

import re
from typing import Any, Final, TypeAlias

import ijson
from google.protobuf import json_format
from ijson.common import ObjectBuilder

from orchestrion._codec import codec
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Task
from orchestrion.v1 import plans_pb2

_START: Final = re.compile(r'\{\s*"(?:tasks|noTaskReason|no_task_reason)"')
_REASON_FIELDS: Final = frozenset({"noTaskReason", "no_task_reason"})


_Untyped: TypeAlias = Any  # ijson comes without types.


class PlanReader:
    """Takes the text of a reply piece by piece; reasoning, prose, code fences and what follows are skipped."""

    def __init__(self) -> None:
        """Prepares for one reply."""
        self.no_task_reason = ""
        """Why the request needs no expert, once it has been read."""
        self.closed = False
        """Whether the plan's object is whole."""
        self._before = ""
        self._events: _Untyped = ijson.sendable_list()
        self._parser: _Untyped = None
        self._task: _Untyped = None
        self._count = 0

    def feed(self, text: str) -> list[Task]:
        """Takes a piece and returns the tasks that closed in it.

        Raises:
            InvalidArgumentError: The text is no JSON, or a task has not the form of one.
        """
        if self.closed:
            return []
        if self._parser is None:
            self._before += text
            start = _START.search(self._before, self._after_thoughts())
            if start is None:
                return []
            text = self._before[start.start() :]
            self._parser = ijson.parse_coro(self._events, use_float=True)
        failure: Exception | None = None
        try:
            self._parser.send(text.encode(errors="surrogatepass"))
        except (ijson.JSONError, ValueError) as error:
            failure = error
        tasks = self._take()
        # After the plan anything may follow.
        if failure and not self.closed:
            raise self._error(f"The plan is no JSON: {str(failure).splitlines()[0]}.", "plan") from failure
        return tasks

    def finish(self) -> None:
        """Ends the reply.

        Raises:
            InvalidArgumentError: There was no plan, or not the whole of one.
        """
        if self._parser is None:
            message = 'The reply holds no plan: write one JSON object that begins with {"tasks":'
            raise self._error(message + ".", "plan")
        if not self.closed:
            raise self._error(f"The plan breaks off after {self._count} tasks: write it whole.", "plan")

    def _after_thoughts(self) -> int:
        """Returns where the plan can begin: some models write their reasoning first, and plans in it are drafts."""
        if not self._before.lstrip().startswith("<think>"):
            return 0
        end = self._before.find("</think>")
        return len(self._before) if end < 0 else end

    def _take(self) -> list[Task]:
        tasks: list[Task] = []
        for prefix, event, value in self._events:
            if prefix == "" and event == "end_map":
                self.closed = True
                break
            if prefix == "tasks.item" and event == "start_map":
                self._task = ObjectBuilder()
            if self._task is not None:
                self._task.event(event, value)
                if prefix == "tasks.item" and event == "end_map":
                    tasks.append(self._decoded(self._task.value))
                    self._task = None
                    self._count += 1
            elif prefix == "tasks.item" or (prefix == "tasks" and event not in {"start_array", "end_array"}):
                raise self._error("`tasks` is a list of objects with id, type and inputs.", "plan.tasks")
            elif prefix in _REASON_FIELDS and event == "string":
                self.no_task_reason = value
        del self._events[:]
        return tasks

    def _decoded(self, data: dict[str, object]) -> Task:
        """Reads one task. Null stands for an input that is left out, since strict schemas have no other way."""
        inputs = data.get("inputs")
        if isinstance(inputs, dict):
            data["inputs"] = {name: value for name, value in inputs.items() if value is not None}
        try:
            return codec.decode(json_format.ParseDict(data, plans_pb2.Task()), Task)
        except (json_format.ParseError, OrchestrionError, RecursionError) as error:
            where = f"plan.tasks[{self._count}]"
            named = re.sub(r"\borchestrion\.v1\.", "", str(error).splitlines()[0])
            how = 'An input is an object such as {"text": "…"}, {"artifact": "attachments/1"} or {"output": {…}}.'
            raise self._error(f"Task {self._count + 1} has not the form of one: {named[:300]} {how}", where) from error

    def _error(self, message: str, field: str) -> OrchestrionError:
        return Reason.PLAN_INVALID.error(message.encode(errors="replace").decode(), field=field)
