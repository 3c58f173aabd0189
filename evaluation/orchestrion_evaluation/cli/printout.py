"""The result of an evaluation for people: the figures on lines of their own, then tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from orchestrion.cli.table import Column, show_table
from orchestrion_evaluation.measures import Estimate
from orchestrion_evaluation.published import HUGGING_FACE
from orchestrion_evaluation.report import Evaluation
from orchestrion_evaluation.samples import Structure

_NOTHING: Final = "n/a"
"""What is printed where neither our plans nor the gold ones have what is measured."""
_TITLES: Final = {
    "node_f1": "node F1",
    "edge_f1": "edge F1",
    "argument_type_f1": "argument type F1",
    "argument_value_f1": "argument value F1",
    "exact_graph": "exact-graph accuracy",
}


def show(evaluation: Evaluation, tool_count: int, *, published: bool) -> None:
    """Prints the figures in per cent, with 95 % intervals in the tables."""
    counts = ", ".join(f"{evaluation.count(it)} {it}" for it in Structure)
    who = evaluation.performers or "no planner"
    print(f"{len(evaluation.samples)} requests ({counts}), {tool_count} tools, planner {who}")
    for name, title in _TITLES.items():
        print(f"{title} {per_cent(evaluation.estimates[f'overall.{name}'].value)}")
    print("\nBy structure (95 % intervals)")
    columns = [Column("", style="bold"), *(Column(title, wrap=True) for title in _TITLES.values())]
    groups = ("overall", *(it.value for it in Structure if evaluation.count(it)))
    show_table(columns, [[group, *(_cell(evaluation, f"{group}.{name}") for name in _TITLES)] for group in groups])
    print("\nThe paper's views (arXiv 2303.17580)")
    show_table([Column("", style="bold"), Column("measure"), Column("value")], _views(evaluation))
    print()
    for line in _cost(evaluation):
        print(line)
    if published:
        print("\nPublished by TaskBench for its Hugging Face tools (arXiv 2311.18760)")
        ours = [evaluation.performers, *(per_cent(evaluation.estimates[f"overall.{name}"].value) for name in _COMPARED)]
        theirs = [[name, *(f"{figure:.1f}" for figure in figures)] for name, figures in HUGGING_FACE.items()]
        titles = [Column(_TITLES[name], right=True) for name in _COMPARED]
        show_table([Column("planner", style="bold"), *titles], [ours, *theirs])


_COMPARED: Final = ("node_f1", "edge_f1", "argument_type_f1", "argument_value_f1")
_VIEWS: Final = {
    Structure.SINGLE: {
        "accuracy": "accuracy",
        "node_precision": "precision",
        "node_recall": "recall",
        "node_f1": "F1",
    },
    Structure.CHAIN: {
        "edit_distance": "edit distance, TaskBench (lower is better)",
        "levenshtein": "edit distance, Levenshtein (lower is better)",
        "node_precision": "precision",
        "node_recall": "recall",
        "node_f1": "F1",
    },
    Structure.DAG: {
        "exact_graph": "exact graph",
        "structural_match": "structural match",
        "node_precision": "precision",
        "node_recall": "recall",
        "node_f1": "F1",
    },
}
_NAMES: Final = {Structure.SINGLE: "single task", Structure.CHAIN: "sequential", Structure.DAG: "graph"}


def per_cent(value: float | None) -> str:
    """Writes a share in per cent."""
    return _NOTHING if value is None else f"{100 * value:.1f}"


def _views(evaluation: Evaluation) -> Iterable[list[str]]:
    for structure, measures in _VIEWS.items():
        if evaluation.count(structure):
            for name, title in measures.items():
                yield [_NAMES[structure], title, _cell(evaluation, f"{structure}.{name}")]


def _cell(evaluation: Evaluation, name: str) -> str:
    estimate: Estimate = evaluation.estimates[name]
    if estimate.value is None or estimate.low is None:
        return per_cent(estimate.value)
    return f"{per_cent(estimate.value)} [{per_cent(estimate.low)},{per_cent(estimate.high)}]"


def _cost(evaluation: Evaluation) -> Iterable[str]:
    cost, failures, count = evaluation.cost, evaluation.failures, len(evaluation.samples)
    yield (
        f"latency median {cost.latency_median_ms:.1f} ms, p95 {cost.latency_p95_ms:.1f} ms "
        f"(planning alone {cost.planning_median_ms:.1f} and {cost.planning_p95_ms:.1f} ms)"
    )
    yield f"LLM calls a request {cost.llm_calls:.2f}"
    yield f"tokens a request {cost.prompt_tokens:.0f} read, {cost.completion_tokens:.0f} written"
    yield f"invalid plans {per_cent(failures.invalid / count)} % ({failures.repaired} more repaired)"
    yield f"planned {failures.planned} of {count}, {failures.declined} said to need no tool"
    if failures.reasons:
        yield "no plan: " + ", ".join(f"{number} {reason}" for reason, number in failures.reasons.items())
