"""How well weights read: requests that were not learnt from, read as the planner reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrion import task_types
from orchestrion.plans import TaskType
from orchestrion_controller.planner.builtin.reading.reader import Reader
from orchestrion_controller.planner.builtin.reading.readings import Reading
from orchestrion_controller.planner.builtin.reading.segments import Segment
from orchestrion_controller.plans.offers import Ability, Option
from orchestrion_evaluation.library import read_library
from orchestrion_evaluation.samples import read_samples
from orchestrion_evaluation.toolbox import Toolbox
from training.planner import libraries, plugins
from training.planner.batches import attachments
from training.planner.marked import Marked

_TASKBENCH: Final = Path(__file__).parents[2] / "benchmarks" / "planning"


@dataclass(frozen=True, slots=True)
class Case:
    """A request with what it needs: the names of task types, and pairs of them."""

    text: str
    types: tuple[TaskType, ...]
    tools: frozenset[str]
    links: frozenset[tuple[str, str]]


def of_libraries(reader: Reader) -> Iterator[str]:
    """Tells for each set of requests what share of tools and links is right; `make eval-planning` tells more."""
    for name, cases in _sets():
        counts: Counter[str] = Counter()
        for case in cases:
            estimate = reader.estimate(case.text, case.types)
            names = [task_type.name for task_type in estimate.types]
            links = {
                (names[source], names[target])
                for target, sources in enumerate(estimate.graph.sources)
                for source in sources
            }
            for kind, predicted, right in (("node", set(names), case.tools), ("edge", links, case.links)):
                counts[f"{kind} hits"] += len(predicted & right)
                counts[f"{kind} all"] += len(predicted) + len(right)
            counts["exact"] += set(names) == case.tools and links == case.links
        shares = [200 * counts[f"{kind} hits"] / max(counts[f"{kind} all"], 1) for kind in ("node", "edge")]
        exact = 100 * counts["exact"] / len(cases)
        yield f"{name}: node F1 {shares[0]:.1f}, edge F1 {shares[1]:.1f}, exact {exact:.0f} %"


def of_plugins(reader: Reader, *, shown: int = 0) -> Iterator[str]:
    """Tells what share of requests for task types that were never seen is read right, with our own beside them."""
    for plugin in plugins.held_out():
        for line in of_requests(reader, plugin.requests, plugin.types, shown=shown):
            yield f"{plugin.name} {line}"


def of_requests(
    reader: Reader, requests: Sequence[Marked], further: Sequence[TaskType] = (), *, shown: int = 0
) -> Iterator[str]:
    """Tells what share of marked requests is read right, by language, and shows some of the others.

    Args:
        reader: The reader.
        requests: The requests.
        further: Task types that are there besides our own.
        shown: How many that are read wrong are shown.
    """
    types = (*(item for item in task_types.load().values() if not item.name.startswith("test-")), *further)
    counts: dict[str, Counter[str]] = {}
    for request in requests:
        reading = reader.read(request.text, types, request.files, attachments(request.files, follows=request.follows))
        faults = list(_faults(request, reading))
        for key in (request.language, "all"):
            count = counts.setdefault(key, Counter())
            count["requests"] += 1
            count["right"] += not faults
            is_unmet = any(item.role == "unmet" for item in request.segments)
            names_unmet = bool(reading.of_role("unmet"))
            count["unmet"] += is_unmet
            count["missed"] += is_unmet and not names_unmet
            count["alarms"] += names_unmet and not is_unmet
            for fault in faults:
                count[fault.partition(":")[0]] += 1
        if faults and shown > 0:
            shown -= 1
            what = f"{request.origin} {request.text!r} {request.files}"
            yield f"  {what}: {'; '.join(faults)} | {_shown(request, reading)}"
    for key, count in counts.items():
        faults_of = ", ".join(f"{name} {count[name]}" for name in ("steps", "files", "sources", "options"))
        yield (
            f"{key}: {count['right'] / count['requests']:.3f} of {count['requests']} right; unmet missed "
            f"{count['missed']} of {count['unmet']}, false alarms {count['alarms']}; {faults_of}"
        )


def _faults(request: Marked, reading: Reading) -> Iterator[str]:
    worded = [
        step
        for number, step in enumerate(request.steps)
        if number in request.worded and step.type not in {"again", "help", "hello"}
    ]
    wanted = Counter((step.type, tuple(sorted(step.choices.items()))) for step in worded)
    # Options of what is done again are steps of their own in a reading.
    repeats = any(step.type == "again" for step in request.steps)
    steps = [step for step in reading.steps if step.words or not repeats]
    read = Counter((step.task_type.name, tuple(sorted(step.ability.choices))) for step in steps)
    if wanted != read:
        yield f"steps: {dict(wanted)} read as {dict(read)}"
        return
    if any(item.role == "unmet" for item in request.segments) != bool(reading.of_role("unmet")):
        yield "unmet: " + ("missed" if not reading.of_role("unmet") else "false alarm")
    pairs = {(item.step, item.parameter) for item in request.segments if item.role == "input"}
    marked = sorted(f"{request.steps[step].type}.{name}" for step, name in pairs if request.steps[step].type != "again")
    options = {(number, _named(item)) for number, step in enumerate(steps) for item in step.options}
    if marked != sorted(name for _, name in options):
        yield f"options: {marked} read as {sorted(name for _, name in options)}"
    if len(request.files) > 1 and (files := _files(request)) != (objects := _objects(reading)):
        yield f"files: {dict(files)} read as {dict(objects)}"
    links = Counter(
        (request.steps[source].type, step.type)
        for number, step in enumerate(request.steps)
        if number in request.worded
        for source in step.sources
    )
    made = Counter(
        (reading.steps[source].task_type.name, step.task_type.name)
        for step, sources in zip(reading.steps, reading.sources, strict=True)
        for source in sources
    )
    if links != made:
        yield f"sources: {dict(links)} read as {dict(made)}"


def _files(request: Marked) -> Counter[tuple[str, int]]:
    """Which words are for the files of which steps: the types of the steps with where the words begin."""
    return Counter(
        (step.type, item.start)
        for number, step in enumerate(request.steps)
        for item in request.segments
        if item.role == "file" and number in request.worded and step.files & set(item.files)
    )


def _objects(reading: Reading) -> Counter[tuple[str, int]]:
    """Likewise as they are read."""
    return Counter(
        (step.task_type.name, item.start)
        for step, objects in zip(reading.steps, reading.objects, strict=True)
        for item in objects
    )


def _named(segment: Segment) -> str:
    match segment.label:
        case Ability(task_type=task_type, choices=choices):
            return f"{task_type.name}{[choice for _, choice in choices] or ''}"
        case Option(task_type=task_type, parameter=parameter):
            return f"{task_type.name}.{parameter.name}"
        case role:
            return role


def _shown(request: Marked, reading: Reading) -> str:
    return " ".join(f"[{_named(item)} {request.text[item.start : item.end]}]" for item in reading.segments)


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
