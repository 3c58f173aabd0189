"""Worked examples for the planning language model: requests with the plans that are right for them."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Final

import yaml

from orchestrion import task_types as own_task_types
from orchestrion.plans import Plan, TaskType
from orchestrion.refusals import NotDone
from orchestrion.runs import Artifact
from orchestrion.values import JsonObject, references
from orchestrion_controller.identity_cache import IdentityCache
from orchestrion_controller.planner.llm.chain_example import chain_request
from orchestrion_controller.planner.llm.notation import PlanNames, PlanReader, written
from orchestrion_controller.planner.llm.relevance import Likeness, words
from orchestrion_controller.plans.kinds import kind_of_media_type, reads_as_text

MOST_EXAMPLES: Final = 3
"""Examples that a prompt shows."""

_SAME_FILES: Final = 2.0
_FOLLOWS_UP: Final = 3.0


@dataclass(frozen=True, slots=True)
class Example:
    """A request and its plan."""

    request: str
    files: tuple[str, ...]
    """The media types of its attachments."""
    earlier: tuple[str, ...]
    """What earlier turns left: media types, and texts in quotation marks."""
    plan: Plan
    not_done: tuple[NotDone, ...] = ()
    """What of the request the plan leaves out."""
    derived: frozenset[str] = frozenset()
    """The ids of tasks whose texts are not the request's own words."""
    names: PlanNames = field(default_factory=PlanNames)
    """What its files and texts are called."""

    def uses_only(self, task_types: Mapping[str, TaskType]) -> bool:
        """Whether its plan needs only what these task types have: inputs, and choices."""
        for task in self.plan.tasks:
            task_type = task_types.get(task.type)
            inputs = {parameter.name: parameter for parameter in task_type.inputs} if task_type else {}
            for name, value in task.inputs.items():
                if name not in inputs or (inputs[name].choices and value not in inputs[name].choices):
                    return False
        return True

    def shown(self) -> str:
        """Formats it for the prompt."""
        named = [f"${index}: {file}" for index, file in enumerate(self.files, start=1)]
        named += [f"$earlier.{index}: {what}" for index, what in enumerate(self.earlier, start=1)]
        files = f" [{'] ['.join(named)}]" if named else ""
        return f"Request: {self.request}{files}\n{written(self.plan, self.names, self.not_done)}"


@functools.cache
def library() -> tuple[Example, ...]:
    """Reads the examples that the package brings."""
    text = resources.files(__package__).joinpath("examples.yaml").read_text("utf-8")
    return tuple(_example(item, own_task_types.load()) for item in yaml.safe_load(text))


def chosen(
    text: str, media_types: Sequence[str], task_types: Mapping[str, TaskType], *, follows_up: bool
) -> tuple[Example, ...]:
    """Chooses the examples that are most like a request, of those whose task types are all available; the best last.

    One of them has a task that takes what another one gives, even where none of the package's own examples fits, and
    one leaves out a part of its request.

    Args:
        text: The text of the request.
        media_types: Those of its files.
        task_types: The task types that a plan may use, by name.
        follows_up: Whether there are earlier turns.
    """
    ranked = _ranked(text, media_types, task_types, follows_up=follows_up)
    best = ranked[:1]
    for has_form in (_chains, _leaves_out):
        if not any(map(has_form, best)):
            best += [example for example in ranked if has_form(example)][:1]
    best += [example for example in ranked if example not in best][: MOST_EXAMPLES - len(best)]
    best.sort(key=ranked.index)
    if not any(map(_chains, best)) and (request := chain_request(tuple(task_types.values()))):
        best = [*best[: MOST_EXAMPLES - 1], _example(request, task_types)]
    return tuple(reversed(best))


def _ranked(
    text: str, media_types: Sequence[str], task_types: Mapping[str, TaskType], *, follows_up: bool
) -> list[Example]:
    """Lists the examples that can be shown, the most fitting first."""
    offered, likeness = _showable.get((task_types, follows_up), lambda: _what_can_be_shown(task_types, follows_up))
    files = sorted(_sort_of_file(media_type) for media_type in media_types)
    scored: list[tuple[float, Example]] = []
    for example, score in zip(offered, likeness.scores(words(text)), strict=True):
        same_files = files == sorted(_sort_of_file(file) for file in example.files)
        continues = follows_up and bool(example.earlier)
        scored.append((score + _SAME_FILES * same_files + _FOLLOWS_UP * continues, example))
    return [example for _, example in sorted(scored, key=lambda pair: -pair[0])]


_showable: Final[IdentityCache[tuple[Sequence[Example], Likeness]]] = IdentityCache()


def _what_can_be_shown(task_types: Mapping[str, TaskType], follows_up: bool) -> tuple[Sequence[Example], Likeness]:
    offered = [
        example for example in library() if example.uses_only(task_types) and (follows_up or not example.earlier)
    ]
    return offered, Likeness([_words_of(example.request) for example in offered])


def _chains(example: Example) -> bool:
    values = (value for task in example.plan.tasks for value in task.inputs.values())
    return any(True for value in values for _ in references(value))


def _leaves_out(example: Example) -> bool:
    return bool(example.not_done)


@functools.cache
def _words_of(request: str) -> frozenset[str]:
    return words(request)


def _sort_of_file(media_type: str) -> str:
    return "text" if reads_as_text(media_type) else kind_of_media_type(media_type).name


def _example(item: JsonObject, task_types: Mapping[str, TaskType]) -> Example:
    earlier = {f"earlier.{index}": what for index, what in enumerate(item.get("earlier", ()), start=1)}
    texts = {name: what for name, what in earlier.items() if "/" not in what or " " in what}
    files = [*item.get("files", ()), *(what for name, what in earlier.items() if name not in texts)]
    artifacts = [Artifact(f"artifacts/{index:064x}", file, "", 1) for index, file in enumerate(files)]
    attached = len(item.get("files", ()))
    names = PlanNames(
        artifacts[:attached],
        dict(zip((name for name in earlier if name not in texts), artifacts[attached:], strict=True)),
        texts,
    )
    reader = PlanReader(task_types, names)
    plan = {name: item[name] for name in ("tasks", "not_done", "no_task_reason") if name in item}
    reader.feed(json.dumps(plan))
    reader.finish()
    for fault in reader.faults:
        raise fault
    return Example(
        request=item["request"],
        files=tuple(item.get("files", ())),
        earlier=tuple(f"“{what}”" if name in texts else what for name, what in earlier.items()),
        plan=Plan(reader.tasks, "" if reader.not_done else reader.no_task_reason),
        not_done=reader.not_done,
        derived=frozenset(task["id"] for task in item["tasks"] if "derived" in task),
        names=names,
    )
