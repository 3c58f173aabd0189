"""What the planner learns from: libraries of tools, how people ask for them, and requests with their plans."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrion import task_types
from orchestrion.plans import TaskType
from orchestrion.values import JsonObject
from orchestrion_evaluation.library import read_library
from orchestrion_evaluation.toolbox import Toolbox

DATA: Final = Path(__file__).parent / "data"
"""The libraries; its README says what the files hold and where they come from."""

_WEIGHTS: Final = (0.4, 0.7, 1.0)
"""How much a request counts by how sure its annotator was: 0 not, 1 less, 2 sure."""


@dataclass(frozen=True, slots=True)
class Step:
    """One tool of a plan, and where the request asks for it."""

    tool: int
    """The index of the tool in its library."""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Example:
    """A request and its plan; no steps where nothing in the library does what it asks."""

    text: str
    steps: tuple[Step, ...] = ()
    links: frozenset[tuple[int, int]] = frozenset()
    """Which step's output goes into which other step, by their indices."""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Library:
    """Tools, how people ask for them, and requests that need them."""

    name: str
    variants: tuple[tuple[TaskType, ...], ...]
    """For each tool itself, and the other ways in which it could be named and described."""
    phrases: tuple[tuple[str, ...], ...]
    """For each tool how a step of it is asked for; `{}` stands for what it works on."""
    examples: tuple[Example, ...]

    @property
    def tools(self) -> tuple[TaskType, ...]:
        """The tools as they are."""
        return tuple(row[0] for row in self.variants)


def training() -> list[Library]:
    """Reads the libraries to learn from, TaskBench's first."""
    taskbench = read(DATA / "taskbench.json", _lines(DATA / "taskbench_requests.jsonl"))
    others = [read(path) for path in sorted((DATA / "libraries").glob("*.json"))]
    # What no tool can do no tool of TaskBench's can, either.
    beyond = [example for library in others for example in library.examples if not example.steps]
    examples = (*taskbench.examples, *beyond[::2])
    return [Library(taskbench.name, taskbench.variants, taskbench.phrases, examples), *others]


def held_out() -> list[Library]:
    """Reads the libraries that are never learnt from, to measure what becomes of tools that nobody has seen."""
    return [read(path) for path in sorted((DATA / "held_out").glob("*.json"))]


def read(path: Path, requests: Iterable[JsonObject] = ()) -> Library:
    """Reads a library, with the requests in its file and others."""
    data = json.loads(path.read_text(encoding="utf-8"))
    nodes: list[JsonObject] = data["nodes"]
    own = task_types.load()
    are_own = all(node["id"] in own for node in nodes)
    variants = _variants(nodes)
    if are_own:
        # Our own task types are read as they are planned with: with all inputs and outputs.
        variants = [(own[node["id"]], *row) for node, row in zip(nodes, variants, strict=True)]
    index = {node["id"]: number for number, node in enumerate(nodes)}
    examples = [example_of(item, index) for item in (*requests, *data.get("requests", ()))]
    examples += [Example(text) for text in data.get("beyond", ())]
    phrases = tuple(tuple(node.get("phrases", ())) for node in nodes)
    return Library(path.stem, tuple(variants), phrases, tuple(examples))


def example_of(item: JsonObject, index: Mapping[str, int]) -> Example:
    """Reads a request: `instruction`, `tasks` (tool, words that ask for it), `links`, and `sure`, 0 to 2."""
    text: str = item["instruction"]
    steps: list[Step] = []
    for name, words in item["tasks"]:
        start = text.index(words)
        # The same words twice are taken in turn.
        while any(step.start == start for step in steps) and text.find(words, start + 1) >= 0:
            start = text.index(words, start + 1)
        steps.append(Step(index[name], start, start + len(words)))
    links = frozenset((source, target) for source, target in item["links"])
    return Example(text, tuple(steps), links, _WEIGHTS[item.get("sure", 2)])


def _variants(nodes: Sequence[JsonObject]) -> list[tuple[TaskType, ...]]:
    most = max((len(node.get("variants", ())) for node in nodes), default=0)
    variants = [[tool] for tool in _tools(nodes)]
    for turn in range(most):
        changed = [
            {**node, **node["variants"][turn]} if turn < len(node.get("variants", ())) else node for node in nodes
        ]
        for row, tool, node in zip(variants, _tools(changed), nodes, strict=True):
            if turn < len(node.get("variants", ())):
                row.append(tool)
    return [tuple(row) for row in variants]


def _tools(nodes: Sequence[JsonObject]) -> Sequence[TaskType]:
    """Makes task types of tools as an evaluation does."""
    return Toolbox(read_library(json.dumps({"nodes": nodes}), "tools")).task_types


def _lines(path: Path) -> list[JsonObject]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
