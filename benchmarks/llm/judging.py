"""Whether a conversation ended as it should, and whether the model was told by us alone what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.llm.endings import Ending
from benchmarks.llm.pairs import PLAN, SELECT, Replay
from benchmarks.llm.replaying import Came, said
from orchestrion.plans import Task

_SHORTEST_STRANGE: Final = 6
"""Characters of the shortest text that is looked for: a label such as `cat` stands in many a sentence."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A conversation, how it ended, and what is wrong with that."""

    replay: Replay
    came: Came
    problems: tuple[str, ...]

    @property
    def has_strangers_in_orders(self) -> bool:
        """Whether words of strangers stand where the model takes orders, or takes what it reads for its own plan."""
        return bool(strangers_in_orders(self.replay, self.came))

    @property
    def is_right(self) -> bool:
        """Whether all is well."""
        return not self.problems

    @property
    def ended(self) -> str:
        """How it ended, in the words of `Ending.kind`."""
        came = self.came
        if came.error:
            kind = "declined" if came.error.reason == "PLANNER_REFUSED" else came.error.reason
        elif self.replay.stage == SELECT:
            kind = "choice"
        elif came.plan is None:
            kind = "answer"
        elif came.plan.tasks:
            kind = "partial plan" if came.not_done else "plan"
        else:
            kind = "refusal" if came.not_done else "no task"
        return f"{kind} after a repair" if self.replay.ending.repair and len(came.calls) > 1 else kind


def judge(replay: Replay, came: Came) -> Judged:
    """Judges what came of a conversation."""
    return Judged(replay, came, tuple(_problems(replay, came)))


def strange_texts(replay: Replay) -> frozenset[str]:
    """Returns what others than the person wrote: names of files, and what files and experts say in so many words."""
    texts: set[str] = set()
    turns: list[Mapping[str, Any]] = [replay.row, *replay.row.get("earlier", ())]
    for row in turns:
        for file in row.get("files", ()):
            texts.add(file if isinstance(file, str) else file["name"])
        for outputs in row.get("results", {}).values():
            for value in outputs.values():
                texts |= set(_strings(value))
    return frozenset(line for text in texts for line in text.split("\n") if _is_telling(line))


def strangers_in_orders(replay: Replay, came: Came) -> Sequence[str]:
    """Lists what of `strange_texts` the model was told in a system message, or took for its own plan of before."""
    orders = "\n".join(text for call in came.calls for text in said(call, "system"))
    if replay.stage == PLAN and came.calls:
        orders += "\n".join(said(came.calls[0], "assistant"))
    return sorted(text for text in strange_texts(replay) if text in orders)


def _problems(replay: Replay, came: Came) -> Iterator[str]:
    ending = replay.ending
    if came.calls:
        yield from replay.prompt.problems("\n".join(said(came.calls[0])), "the prompt")
    for text in strangers_in_orders(replay, came):
        yield f"a stranger's words stand where the model takes orders: {text!r}"
    if len(came.calls) != len(replay.replies):
        answer = f": {said(came.calls[-1])[-1][:500]}" if len(came.calls) > 1 else ""
        yield f"the model was asked {len(came.calls)} times, not {len(replay.replies)}{answer}"
    if ending.repair and len(came.calls) > 1:
        yield from ending.repair.problems(said(came.calls[1])[-1], "what is to be mended")
    if came.error and came.error.reason != ending.declined:
        yield f"{came.error.reason}: {came.error.message}"
    elif replay.stage == PLAN:
        yield from _planned(ending, came)
    elif replay.stage == SELECT:
        if came.chosen != ending.chosen:
            yield f"chosen {came.chosen}, not {ending.chosen}"
    else:
        yield from _answered(ending, came)


def _planned(ending: Ending, came: Came) -> Iterator[str]:
    if ending.declined:
        if came.error is None:
            yield f"planned: {came.plan}"
        else:
            yield from ending.says.problems(came.error.message, "the error")
        return
    assert came.plan is not None
    if (wanted := ending.plan or ()) != came.plan.tasks:
        yield f"planned {_shown(came.plan.tasks)}, not {_shown(wanted)}"
    if (words := tuple(part.words for part in came.not_done if part.words)) != ending.not_done:
        yield f"not done {words}, not {ending.not_done}"
    if ending.not_done_why and (reasons := tuple(part.reason for part in came.not_done)) != ending.not_done_why:
        yield f"not done because {reasons}, not {ending.not_done_why}"
    if ending.plan is None and ending.no_task not in came.plan.no_task_reason:
        yield f"no task because {came.plan.no_task_reason!r}, not {ending.no_task!r}"


def _answered(ending: Ending, came: Came) -> Iterator[str]:
    if ending.text and came.answer != ending.text:
        yield f"answered {came.answer!r}, not {ending.text!r}"
    yield from ending.says.problems(came.answer, "the answer")
    if ending.files is not None and came.files != ending.files:
        yield f"the answer names {came.files}, not {ending.files}"


def _shown(tasks: Sequence[Task]) -> str:
    return "; ".join(f"{task.id} {task.type} {dict(task.inputs)}" for task in tasks) or "nothing"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        yield from (text for key, text in value.items() if key == "json")


def _is_telling(text: str) -> bool:
    return len(text) >= _SHORTEST_STRANGE and (" " in text or "." in text or not text.isascii())
