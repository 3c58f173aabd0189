"""Reads what a plan says about the parts of a request that it does not do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from orchestrion.refusals import NotDone
from orchestrion.values import JsonData
from orchestrion_controller.planner.llm.notation.spelling import letters
from orchestrion_controller.planner.llm.notation.structure import Twice

_REASON: Final = "notaskreason"
_NOT_DONE: Final = "notdone"
_WORDS: Final = ("words", "part", "text", "request")
_WHY: Final = ("why", "reason", "because")
_TYPE: Final = ("type", "tasktype", "needs")


def is_plan(members: Mapping[str, JsonData]) -> bool:
    """Whether an object without a list of tasks says of itself that it is a plan."""
    return bool({_REASON, _NOT_DONE} & set(map(letters, members)))


def no_task_reason(members: Mapping[str, JsonData]) -> str:
    """Returns why the request needs no task; empty where the plan does not say."""
    written = _member(members, (_REASON,))
    return " ".join(filter(None, map(_clean, written.values if isinstance(written, Twice) else (written,))))


def not_done(members: Mapping[str, JsonData]) -> tuple[NotDone, ...]:
    """Returns the parts that the plan leaves out, with the reasons."""
    listed = _member(members, (_NOT_DONE,))
    lists = listed.values if isinstance(listed, Twice) else (listed,)
    parts = (_part(item) for items in lists for item in (items if isinstance(items, list) else [items]))
    return tuple(part for part in parts if part.words or part.reason)


def needed(members: Mapping[str, JsonData]) -> Mapping[NotDone, str]:
    """Returns the names of the task types that would do such parts, of those parts that name one."""
    listed = _member(members, (_NOT_DONE,))
    items = listed if isinstance(listed, list) else [listed]
    named = {_part(item): _clean(_member(item, _TYPE)) for item in items if isinstance(item, dict)}
    return {part: name for part, name in named.items() if name}


def _part(item: JsonData) -> NotDone:
    if isinstance(item, dict):
        return NotDone(words=_clean(_member(item, _WORDS)), reason=_clean(_member(item, _WHY)))
    return NotDone(reason=_clean(item))


def _member(members: Mapping[str, JsonData], names: Iterable[str]) -> JsonData:
    return next((value for name in names for key, value in members.items() if letters(key) == name), None)


def _clean(value: JsonData) -> str:
    """Returns a text that protobuf can encode; empty for anything else."""
    return value.strip().encode(errors="replace").decode() if isinstance(value, str) else ""
