"""The page of task types, and of the experts of the project's catalogue."""

from __future__ import annotations

from collections.abc import Iterable
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

Each type lists the experts of the catalogue. An expert on the runtime `engine`, and `all-minilm-l6-v2`, come with the
project and need neither a key, nor a GPU, nor a download; the others are models of the Hugging Face Hub, fetched by
`orchestrion models pull ID` or with the profile that they belong to, or hosted ones (`remote`). Any other checkpoint of
a supported kind is added by `orchestrion models add`.
"""


def tasks_page() -> str:
    """Tells every task type with its inputs and outputs."""
    experts = reader.read((), test_experts=True)
    parts = [_TASKS, "\n", _overview(experts.values()), "\n"]
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
        performers = [_expert(facts, task_type.name) for facts in _performers(experts.values(), task_type.name)]
        parts += ["\nExperts:\n\n", *performers] if performers else []
    return "".join(parts)


def _overview(experts: Iterable[ModelFacts]) -> str:
    """Makes a row for each task type: its default expert, and the Hub's model where that is another."""
    rows = []
    for task_type in task_types.load().values():
        performers = _performers(experts, task_type.name)
        default = next((facts for facts in performers if task_type.name in facts.default_for), None)
        hub = next((facts for facts in performers if facts.model.count("/")), None)
        rows.append(
            (
                f"[`{task_type.name}`](#{task_type.name})",
                task_type.description,
                f"`{default.id}`" if default else "",
                default.runtime if default else "",
                _checkpoints(hub) if hub else "none: it comes with the project",
            )
        )
    return table(("task type", "what it does", "default expert", "runtime", "model of the Hub"), rows)


def _checkpoints(facts: ModelFacts) -> str:
    """Names what an expert is made of: of a ControlNet, what it adds to its pipeline comes first."""
    parts = dict(facts.source.parts)
    control = parts.pop("controlnet", "")
    rest = " and ".join([*([facts.model] if control else []), *parts.values()])
    return " with ".join(filter(None, [control or facts.model, rest]))


def _performers(experts: Iterable[ModelFacts], task_type: str) -> list[ModelFacts]:
    """Returns the experts that perform a task type: the default first, then those most often downloaded."""
    performers = [facts for facts in experts if task_type in facts.task_types]
    return sorted(performers, key=lambda facts: (task_type not in facts.default_for, -facts.download_count, facts.id))


def _expert(facts: ModelFacts, task_type: str) -> str:
    what = [
        f"{_checkpoints(facts)} on {facts.runtime}",
        facts.license or "licence: see the Hub" if facts.source.hub else facts.license,
        ", ".join(f"{name} {' or '.join(values)}" for name, values in facts.accepts.items()),
    ]
    mark = ", the default" if task_type in facts.default_for else ""
    return f"* `{facts.id}`{mark} ({'; '.join(filter(None, what))}): {facts.description.strip()}\n"


def _kind(parameter: Parameter) -> str:
    name = parameter.kind.name.lower()
    return f"list of {name}" if parameter.repeated else name


def _allowed(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(f"`{choice}`" for choice in parameter.choices)
    bounds = [("from", parameter.minimum), ("to", parameter.maximum)]
    return " ".join(f"{word} {bound:,.10g}" for word, bound in bounds if bound is not None)
