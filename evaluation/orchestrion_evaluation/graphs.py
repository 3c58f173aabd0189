"""Tool graphs: a plan as TaskBench sees it. Nodes are tools, edges pairs of tools, arguments have types and values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

IMAGE: Final = ("jpg", "png", "jpeg", "gif", "bmp", "tiff", "svg", "ico")
AUDIO: Final = ("mp3", "wav", "wma", "ogg", "aac", "flac", "aiff", "au")
VIDEO: Final = ("mp4", "avi", "mov", "flv", "wmv", "mkv", "webm", "m4v", "mpg", "mpeg")


class Argument(NamedTuple):
    """What a tool is given: a name (or a content type, where arguments have no names) and a value."""

    tool: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ToolGraph:
    """A plan as TaskBench scores it. Tools are named as in the tool library."""

    tools: tuple[str, ...] = ()
    """One for each task, in the order of the plan; a tool may come twice."""
    edges: frozenset[tuple[str, str]] = frozenset()
    """Source and target. Between tools, not tasks, since TaskBench's links name tools."""
    arguments: frozenset[Argument] = frozenset()

    def sequence(self) -> tuple[str, ...]:
        """Returns the tools so that each comes after those that feed it, else in the order of the plan.

        TaskBench's samples list the nodes of a chain in any order. Tools in a circle, which only a tool used twice can
        make, keep the order of the plan.
        """
        return topological(self.tools, self.edges)


def topological(tools: Sequence[str], edges: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Orders tools; see `ToolGraph.sequence`."""
    waiting, ordered = list(tools), list[str]()
    real_edges = {(source, target) for source, target in edges if source != target}
    while waiting:
        free = next(
            (tool for tool in waiting if not any((other, tool) in real_edges for other in waiting)),
            waiting[0],
        )
        waiting.remove(free)
        ordered.append(free)
    return tuple(ordered)


def content_type(value: str) -> str:
    """Tells the type of a literal argument by the file name in it: image, audio, video or else text.

    As `get_content_type` in TaskBench's evaluate.py: the type of the first kind of which a suffix occurs anywhere.
    """
    for kind, suffixes in (("image", IMAGE), ("audio", AUDIO), ("video", VIDEO)):
        if any(f".{suffix}" in value for suffix in suffixes):
            return kind
    return "text"


def same_shape(first: ToolGraph, second: ToolGraph) -> bool:
    """Whether two graphs have the same structure whatever their tools are called: an isomorphism of directed graphs.

    Nodes are distinct tools, so graphs are small (TaskBench's have at most 10); the search tries nodes of equal degrees
    only.
    """
    left, right = _nodes(first), _nodes(second)
    if len(left) != len(right) or len(first.edges) != len(second.edges):
        return False
    return _matches(left, right, first.edges, second.edges, {})


def _nodes(graph: ToolGraph) -> list[str]:
    return sorted({*graph.tools, *(tool for edge in graph.edges for tool in edge)})


def _matches(
    left: Sequence[str],
    right: Sequence[str],
    edges: frozenset[tuple[str, str]],
    others: frozenset[tuple[str, str]],
    matched: dict[str, str],
) -> bool:
    if len(matched) == len(left):
        return True
    node = left[len(matched)]
    for candidate in right:
        if candidate in matched.values() or _degrees(node, edges) != _degrees(candidate, others):
            continue
        trial = {**matched, node: candidate}
        fits = all(
            ((a, node) in edges) == ((b, candidate) in others) and ((node, a) in edges) == ((candidate, b) in others)
            for a, b in trial.items()
        )
        if fits and _matches(left, right, edges, others, trial):
            return True
    return False


def _degrees(node: str, edges: frozenset[tuple[str, str]]) -> tuple[int, int]:
    return sum(target == node for _, target in edges), sum(source == node for source, _ in edges)
