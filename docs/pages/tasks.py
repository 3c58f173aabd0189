"""The page of task types, and of the experts that come with the project."""

from __future__ import annotations

from typing import Final

from docs.pages.tables import table
from orchestrion import task_types
from orchestrion.plans import Parameter
from orchestrion_host.catalogue import reader
from orchestrion_host.catalogue.facts import ModelFacts

_TASKS: Final = """\
# Task types

What a task of a plan can do. The principal input and output come first. An input of kind image, audio, video or
document takes an artifact; one of kind text without a list of what is allowed also takes a text file, which is read for
it (up to 1 MiB). A list given to an input that takes one value runs the task once an item, and its outputs
are lists then. `PlanRequest.task_types` may replace these by others.

Each type names the experts that come with the project and need neither a key, nor a GPU, nor a download.
"""


def tasks_page() -> str:
    """Tells every task type with its inputs and outputs."""
    parts = [_TASKS]
    experts = reader.read((), test_experts=True).values()
    for task_type in task_types.load().values():
        parts += [f"\n## `{task_type.name}`\n\n{task_type.description}\n"]
        for title, parameters in (("input", task_type.inputs), ("output", task_type.outputs)):
            rows = [
                (
                    f"`{item.name}`",
                    _kind(item),
                    "optional" if item.optional else "always",
                    _allowed(item),
                    item.description,
                )
                for item in parameters
            ]
            parts += ["\n", table((title, "kind", "given", "allowed", "meaning"), rows), "\n"]
        performers = [_expert(facts) for facts in experts if task_type.name in facts.task_types]
        parts += ["\nExperts:\n\n", *performers] if performers else []
    return "".join(parts)


def _expert(facts: ModelFacts) -> str:
    return f"* `{facts.id}` ({facts.model} on {facts.runtime}; {facts.license}): {facts.description.strip()}\n"


def _kind(parameter: Parameter) -> str:
    name = parameter.kind.name.lower()
    return f"list of {name}" if parameter.repeated else name


def _allowed(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(f"`{choice}`" for choice in parameter.choices)
    bounds = [("from", parameter.minimum), ("to", parameter.maximum)]
    return " ".join(f"{word} {bound:,.10g}" for word, bound in bounds if bound is not None)
