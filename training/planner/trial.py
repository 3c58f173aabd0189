"""How well weights plan: tools and links of requests that were not learnt from, read as the planner reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrion.plans import TaskType
from orchestrion.runs import Message
from orchestrion_controller.planner.builtin.learned.reader import Reader
from orchestrion_controller.stages import PlanningRequest
from orchestrion_evaluation.library import read_library
from orchestrion_evaluation.samples import read_samples
from orchestrion_evaluation.toolbox import Toolbox
from training.planner import libraries

_TASKBENCH: Final = Path(__file__).parents[2] / "benchmarks" / "planning"


@dataclass(frozen=True, slots=True)
class Case:
    """A request with what it needs: the names of task types, and pairs of them."""

    text: str
    types: tuple[TaskType, ...]
    tools: frozenset[str]
    links: frozenset[tuple[str, str]]


def results(reader: Reader) -> Iterator[str]:
    """Tells for each set of requests what share of tools and links is right; `make eval-planning` tells more."""
    for name, cases in _sets():
        counts: Counter[str] = Counter()
        for case in cases:
            request = PlanningRequest((Message(case.text),), task_types={item.name: item for item in case.types})
            understood = reader.understand(request)
            names = [task_type.name for task_type in understood.types]
            links = {
                (names[source], names[target])
                for target, sources in enumerate(understood.graph.sources)
                for source in sources
            }
            for kind, predicted, right in (("node", set(names), case.tools), ("edge", links, case.links)):
                counts[f"{kind} hits"] += len(predicted & right)
                counts[f"{kind} all"] += len(predicted) + len(right)
            counts["exact"] += set(names) == case.tools and links == case.links
        shares = [200 * counts[f"{kind} hits"] / max(counts[f"{kind} all"], 1) for kind in ("node", "edge")]
        exact = 100 * counts["exact"] / len(cases)
        yield f"{name}: node F1 {shares[0]:.1f}, edge F1 {shares[1]:.1f}, exact {exact:.0f} %"


def _sets() -> Iterator[tuple[str, list[Case]]]:
    library = read_library((_TASKBENCH / "taskbench_tools.json").read_text(encoding="utf-8"), "tools")
    types = Toolbox(library).task_types
    name_of = {tool.id: task_type.name for tool, task_type in zip(library.tools, types, strict=True)}
    samples = read_samples((_TASKBENCH / "taskbench_dev.jsonl").read_text(encoding="utf-8"), "samples", library)
    yield (
        "TaskBench",
        [
            Case(
                sample.request,
                types,
                frozenset(name_of[tool] for tool in sample.gold.tools),
                frozenset((name_of[source], name_of[target]) for source, target in sample.gold.edges),
            )
            for sample in samples
        ],
    )
    for other in libraries.held_out():
        names = [tool.name for tool in other.tools]
        yield (
            other.name,
            [
                Case(
                    example.text,
                    other.tools,
                    frozenset(names[step.tool] for step in example.steps),
                    frozenset(
                        (names[example.steps[source].tool], names[example.steps[target].tool])
                        for source, target in example.links
                    ),
                )
                for example in other.examples
            ],
        )
