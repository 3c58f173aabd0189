"""Worked examples for the planning language model: requests with the plans that are right for them."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final

import yaml
from google.protobuf import json_format

from orchestrion._codec import codec
from orchestrion.plans import Plan, TaskType
from orchestrion.v1 import plans_pb2
from orchestrion.values import JsonObject
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
    derived: frozenset[str]
    """The ids of tasks whose texts are not the request's own words."""

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
        named = [f"attachments/{index}: {file}" for index, file in enumerate(self.files, start=1)]
        named += [f"earlier/{index}: {what}" for index, what in enumerate(self.earlier, start=1)]
        files = f" [{'] ['.join(named)}]" if named else ""
        return f"Request: {self.request}{files}\n{written(self.plan)}"


def written(plan: Plan) -> str:
    """Formats a plan as a language model is to write it: compact JSON."""
    data = json_format.MessageToDict(codec.encode(plan))
    whole = {"tasks": data.get("tasks", []), "noTaskReason": data.get("noTaskReason", "")}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


@functools.cache
def library() -> tuple[Example, ...]:
    """Reads the examples that the package brings."""
    text = resources.files(__package__).joinpath("examples.yaml").read_text("utf-8")
    return tuple(_example(item) for item in yaml.safe_load(text))


def chosen(
    text: str, media_types: Sequence[str], task_types: Mapping[str, TaskType], *, follows_up: bool
) -> tuple[Example, ...]:
    """Chooses the examples that are most like a request, of those whose task types are all available; the best last.

    Args:
        text: The text of the request.
        media_types: Those of its files.
        task_types: The task types that a plan may use, by name.
        follows_up: Whether there are earlier turns.
    """
    offered = [
        example for example in library() if example.uses_only(task_types) and (follows_up or not example.earlier)
    ]
    likeness = Likeness([_words_of(example.request) for example in offered])
    files = sorted(_sort_of_file(media_type) for media_type in media_types)
    scored: list[tuple[float, Example]] = []
    for example, score in zip(offered, likeness.scores(words(text)), strict=True):
        same_files = files == sorted(_sort_of_file(file) for file in example.files)
        continues = follows_up and bool(example.earlier)
        scored.append((score + _SAME_FILES * same_files + _FOLLOWS_UP * continues, example))
    scored.sort(key=lambda pair: -pair[0])
    return tuple(example for _, example in reversed(scored[:MOST_EXAMPLES]))


@functools.cache
def _words_of(request: str) -> frozenset[str]:
    return words(request)


def _sort_of_file(media_type: str) -> str:
    return "text" if reads_as_text(media_type) else kind_of_media_type(media_type).name


def _example(item: JsonObject) -> Example:
    tasks = [{name: value for name, value in task.items() if name != "derived"} for task in item["tasks"]]
    message = json_format.ParseDict({"tasks": tasks, "noTaskReason": item.get("reason", "")}, plans_pb2.Plan())
    return Example(
        request=item["request"],
        files=tuple(item.get("files", ())),
        earlier=tuple(what if "/" in what and " " not in what else f"“{what}”" for what in item.get("earlier", ())),
        plan=codec.decode(message, Plan),
        derived=frozenset(task["id"] for task in item["tasks"] if "derived" in task),
    )
