"""Samples in TaskBench's formats: requests with the plan that is right for them."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion.values import JsonData
from orchestrion_evaluation.graphs import Argument, ToolGraph, content_type
from orchestrion_evaluation.library import Library
from orchestrion_evaluation.records import Record, read_records, shown

_REFERENCE: Final = re.compile(r"<\s*node-(\d+)[^>]*>")


class Structure(enum.StrEnum):
    """How the tasks of a plan hang together."""

    SINGLE = "single"
    CHAIN = "chain"
    DAG = "dag"


_WORDS: Final[Mapping[str, Structure]] = {
    "single": Structure.SINGLE,
    "node": Structure.SINGLE,
    "chain": Structure.CHAIN,
    "sequential": Structure.CHAIN,
    "dag": Structure.DAG,
    "graph": Structure.DAG,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A request and its gold plan."""

    id: str
    structure: Structure
    request: str
    gold: ToolGraph


@dataclass(frozen=True, slots=True)
class _Node:
    tool: str
    arguments: Sequence[object]


def read_samples(text: str, source: str, library: Library) -> list[Sample]:
    """Reads samples: JSON lines or a JSON array.

    Fields: `id`; `type` (single or node, chain, dag; another word or none: told from the graph); `instruction` or
    `user_request`; `task_nodes` or `tool_nodes` [{`task`, `arguments`}]; `task_links` or `tool_links` [{`source`,
    `target`}], tool names. Lists may be written as JSON texts, as in the public data set. Others are passed over.

    Raises:
        InvalidArgumentError: A line or field is wrong, or no sample uses a tool of the library.
    """
    records = read_records(text, source)
    samples = [_sample(record, number, library) for number, record in enumerate(records, start=1)]
    used = {tool for sample in samples for tool in sample.gold.tools}
    if used and used.isdisjoint(library.by_id):
        named = ", ".join(sorted(used)[:5])
        raise records[0].error("task_nodes", f"no tool of these samples is in the tool file ({named}); give theirs.")
    return samples


def unknown_tools(samples: Sequence[Sample], library: Library) -> list[str]:
    """Returns the tools that samples use and the library does not have: no plan can hold them."""
    return sorted({tool for sample in samples for tool in sample.gold.tools} - set(library.by_id))


def _sample(record: Record, number: int, library: Library) -> Sample:
    _, identity = record.get("id", default=number)
    nodes_field, nodes_value = record.find("task_nodes", "tool_nodes")
    nodes = [_node(record, nodes_field, item, library) for item in record.items(nodes_field, nodes_value)]
    links_field, links_value = record.get("task_links", "tool_links", default=[])
    tools = tuple(node.tool for node in nodes)
    links = record.items(links_field, links_value)
    edges = frozenset(_link(record, links_field, item, tools, library) for item in links)
    gold = ToolGraph(tools, edges, frozenset(_arguments(nodes, edges, library)))
    _, word = record.get("type", "method", default="")
    structure = _WORDS.get(str(word).strip().casefold()) or structure_of(gold)
    return Sample(str(identity), structure, record.text("instruction", "user_request", "request"), gold)


def structure_of(graph: ToolGraph) -> Structure:
    """Tells the structure of a graph: one task, a line of tasks, or anything else."""
    if len(graph.tools) <= 1:
        return Structure.SINGLE
    sources, targets = [source for source, _ in graph.edges], [target for _, target in graph.edges]
    is_line = len(graph.edges) == len(set(graph.tools)) - 1
    is_line = is_line and len(set(sources)) == len(sources) and len(set(targets)) == len(targets)
    return Structure.CHAIN if is_line else Structure.DAG


def _node(record: Record, field: str, item: JsonData, library: Library) -> _Node:
    if isinstance(item, str):
        return _Node(library.resolve(item), ())
    name = (
        next((item[key] for key in ("task", "id", "name") if item.get(key)), None) if isinstance(item, dict) else None
    )
    if not isinstance(name, str):
        raise record.error(field, f"{shown(item)} names no tool; write {{task, arguments}}.")
    arguments = item.get("arguments", item.get("parameters"))
    if arguments is None:
        arguments = []
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except json.JSONDecodeError:
            arguments = [arguments]
    if isinstance(arguments, dict):
        arguments = [{"name": key, "value": value} for key, value in arguments.items()]
    return _Node(library.resolve(name), arguments if isinstance(arguments, list) else [arguments])


def _link(record: Record, field: str, item: object, tools: Sequence[str], library: Library) -> tuple[str, str]:
    if isinstance(item, list | tuple) and len(item) == 2:
        item = {"source": item[0], "target": item[1]}
    if not isinstance(item, dict):
        raise record.error(field, f"{shown(item)} is no link; write {{source, target}} with the names of tools.")
    ends = []
    for key in ("source", "target"):
        end = item.get(key)
        if isinstance(end, dict):
            end = next((end[name] for name in ("task", "id", "name") if end.get(name)), None)
        if isinstance(end, int) and not isinstance(end, bool) and 0 <= end < len(tools):
            end = tools[end]
        if not isinstance(end, str) or not end.strip():
            raise record.error(field, f"{shown(item)} has no {key}; name the tool at that end.")
        ends.append(library.resolve(end))
    return ends[0], ends[1]


def _arguments(nodes: Sequence[_Node], edges: frozenset[tuple[str, str]], library: Library) -> list[Argument]:
    """Tells the arguments of all nodes as TaskBench's evaluate.py does, but for how references are counted.

    A literal of a tool with types is named by its content type; a reference by the output type of the tool that it
    leads to, which is its value too. Arguments of daily-life tools have names of their own. `<node-N>` counts from 0 in
    some samples and from 1 in others, so the count is taken that agrees with the links; where it leads outside, the
    tool is taken from the only link; what leads nowhere, or to its own node, is left out.
    """
    base = max((0, 1), key=lambda start: (_agreements(nodes, edges, start), -start))
    arguments = []
    for index, node in enumerate(nodes):
        tool = library.by_id.get(node.tool)
        for written in node.arguments:
            name, text = _read(written, named=tool is not None and tool.parameters is not None)
            reference = _REFERENCE.search(text)
            if reference is None:
                arguments.append(Argument(node.tool, name or content_type(text), text))
                continue
            source = _source(nodes, index, int(reference[1]) - base, edges)
            if source is not None:
                feeding = library.by_id.get(source)
                arguments.append(Argument(node.tool, name or (feeding.output_name if feeding else "other"), source))
    return arguments


def _read(written: object, *, named: bool) -> tuple[str, str]:
    """Returns the name of an argument, empty for none, and its value as text."""
    name = ""
    if isinstance(written, dict):
        if "value" in written:
            name, written = (str(written.get("name") or "") if named else ""), written["value"]
        else:
            first = next(iter(written.items()), ("", ""))
            name, written = (str(first[0]) if named else ""), first[1]
    if isinstance(written, list):
        written = " ".join(str(item) for item in written)
    return name, written if isinstance(written, str) else json.dumps(written, ensure_ascii=False)


def _agreements(nodes: Sequence[_Node], edges: frozenset[tuple[str, str]], start: int) -> int:
    count = 0
    for index, node in enumerate(nodes):
        for written in node.arguments:
            reference = _REFERENCE.search(_read(written, named=False)[1])
            number = int(reference[1]) - start if reference else -1
            count += 0 <= number < len(nodes) and number != index and (nodes[number].tool, node.tool) in edges
    return count


def _source(nodes: Sequence[_Node], index: int, number: int, edges: frozenset[tuple[str, str]]) -> str | None:
    if number == index:
        return None
    if 0 <= number < len(nodes):
        return nodes[number].tool
    linked = [source for source, target in edges if target == nodes[index].tool]
    return linked[0] if len(linked) == 1 else None
