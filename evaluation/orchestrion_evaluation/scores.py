"""The scores of one plan against its gold plan, as TaskBench and HuggingGPT define them.

Sources: TaskBench (Shen et al., arXiv 2311.18760), section 4 and microsoft/JARVIS `taskbench/evaluate.py`; HuggingGPT
(Shen et al., arXiv 2303.17580), section 4.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from orchestrion_evaluation.graphs import ToolGraph, same_shape


@dataclass(frozen=True, slots=True)
class Overlap:
    """How far a predicted set and a gold set agree. Over a corpus the counts add up (micro average)."""

    hits: int
    predicted: int
    gold: int

    @classmethod
    def of(cls, predicted: AbstractSet[Hashable], gold: AbstractSet[Hashable]) -> Overlap:
        """Counts."""
        return cls(len(predicted & gold), len(predicted), len(gold))


@dataclass(frozen=True, slots=True)
class SampleScores:
    """The scores of one sample."""

    nodes: Overlap
    """Sets of tools. Node F1 (n-F1): 2 hits / (predicted + gold). TaskBench builds the same from `flatten` over the
    union of both sets and scikit-learn's micro average."""
    edges: Overlap
    """Sets of (source tool, target tool). Edge F1 (e-F1), as nodes. The published figures derive gold edges from the
    references in arguments, whose count is not the same in all samples; here they are the sample's links."""
    argument_types: Overlap
    """Sets of (tool, content type or parameter name): t-F1."""
    argument_values: Overlap
    """Sets of (tool, content type or name, value), values letter by letter; of references, the tool: v-F1."""
    exact: bool
    """Whether tools, with repetitions, and edges are all the same: exact-graph accuracy."""
    same_shape: bool
    """Whether the graphs are isomorphic whatever their tools are: structural match."""
    edit_distance: float
    """TaskBench's normalised edit distance of the sequences of tools, 0 to 1; see `indel_distance`. Both are taken in
    the order of their edges, since samples list the nodes of a chain in any order; evaluate.py takes the listed one."""
    levenshtein: float
    """The classical one, 0 to 1; see `normalised_levenshtein`."""


def score(predicted: ToolGraph, gold: ToolGraph) -> SampleScores:
    """Scores a plan; the plan of a request that could not be planned is empty."""
    ours, theirs = predicted.sequence(), gold.sequence()
    return SampleScores(
        nodes=Overlap.of(set(predicted.tools), set(gold.tools)),
        edges=Overlap.of(predicted.edges, gold.edges),
        argument_types=Overlap.of({it[:2] for it in predicted.arguments}, {it[:2] for it in gold.arguments}),
        argument_values=Overlap.of(predicted.arguments, gold.arguments),
        exact=sorted(predicted.tools) == sorted(gold.tools) and predicted.edges == gold.edges,
        same_shape=same_shape(predicted, gold),
        edit_distance=indel_distance(ours, theirs),
        levenshtein=normalised_levenshtein(ours, theirs),
    )


def indel_distance(first: Sequence[str], second: Sequence[str]) -> float:
    """Returns (insertions + deletions) / total length: 1 - `Levenshtein.ratio`, evaluate.py's edit distance.

    A substitution counts as both. Two empty sequences are the same: 0.
    """
    total = len(first) + len(second)
    return _distance(first, second, substitution=2) / total if total else 0.0


def normalised_levenshtein(first: Sequence[str], second: Sequence[str]) -> float:
    """Returns insertions, deletions and substitutions over the longer length; 0 for two empty sequences.

    HuggingGPT's sequential view has a normalised edit distance (Marzal and Vidal, 1993); this is its usual form.
    """
    longest = max(len(first), len(second))
    return _distance(first, second, substitution=1) / longest if longest else 0.0


def _distance(first: Sequence[str], second: Sequence[str], *, substitution: int) -> int:
    row = list(range(len(second) + 1))
    for index, item in enumerate(first, start=1):
        corner, row[0] = row[0], index
        for place, other in enumerate(second, start=1):
            change = corner + (0 if item == other else substitution)
            corner, row[place] = row[place], min(change, row[place] + 1, row[place - 1] + 1)
    return row[-1]
