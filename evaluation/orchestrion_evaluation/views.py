"""Which measures are taken: TaskBench's, by structure, and HuggingGPT's three views."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from orchestrion_evaluation.measures import Ratio, f1, mean, precision, recall
from orchestrion_evaluation.samples import Structure
from orchestrion_evaluation.scores import SampleScores

T = TypeVar("T")


def measures(scores: Sequence[SampleScores], structures: Sequence[Structure]) -> Mapping[str, Ratio]:
    """Returns all measures by name; samples and structures are in the same order.

    `overall.*`: TaskBench's node, edge, argument type and argument value F1, with precision and recall of nodes and
    edges, and exact-graph accuracy (all tools and edges right, none besides).

    `single.*`, `chain.*`, `dag.*`: the same over the samples of one structure, and with them HuggingGPT's views
    (arXiv 2303.17580, section 4). Single task: accuracy (the plan is the one right tool), precision, recall and F1 of
    tools. Sequential task: edit distance (lower is better) and F1. Graph task: F1 and, in place of the paper's critic
    GPT-4, which no one can reproduce, exact graphs and structural match (the same graph but for the names of tools).
    """
    ratios = {f"overall.{name}": ratio for name, ratio in _shared(scores, [True] * len(scores)).items()}
    for structure in Structure:
        chosen = [item is structure for item in structures]
        own = _shared(scores, chosen) | _special(structure, scores, chosen)
        ratios |= {f"{structure}.{name}": ratio for name, ratio in own.items()}
    return ratios


def _shared(scores: Sequence[SampleScores], chosen: Sequence[bool]) -> dict[str, Ratio]:
    nodes, edges = _of(scores, chosen, lambda it: it.nodes), _of(scores, chosen, lambda it: it.edges)
    return {
        "node_f1": f1(nodes),
        "node_precision": precision(nodes),
        "node_recall": recall(nodes),
        "edge_f1": f1(edges),
        "edge_precision": precision(edges),
        "edge_recall": recall(edges),
        "argument_type_f1": f1(_of(scores, chosen, lambda it: it.argument_types)),
        "argument_value_f1": f1(_of(scores, chosen, lambda it: it.argument_values)),
        "exact_graph": mean(_of(scores, chosen, lambda it: it.exact)),
    }


def _special(structure: Structure, scores: Sequence[SampleScores], chosen: Sequence[bool]) -> dict[str, Ratio]:
    match structure:
        case Structure.SINGLE:
            return {"accuracy": mean(_of(scores, chosen, lambda it: it.exact))}
        case Structure.CHAIN:
            return {
                "edit_distance": mean(_of(scores, chosen, lambda it: it.edit_distance)),
                "levenshtein": mean(_of(scores, chosen, lambda it: it.levenshtein)),
            }
        case Structure.DAG:
            return {"structural_match": mean(_of(scores, chosen, lambda it: it.same_shape))}


def _of(scores: Sequence[SampleScores], chosen: Sequence[bool], take: Callable[[SampleScores], T]) -> list[T | None]:
    return [take(item) if wanted else None for item, wanted in zip(scores, chosen, strict=True)]
