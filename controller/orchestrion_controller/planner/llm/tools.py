"""Describes task types to a language model, as the experts here carry them out: in a line each, or input by input.

What a task type could do elsewhere is not in it: a description names the choices that some expert takes now, and the
languages that the experts are made for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion_controller import abilities
from orchestrion_controller.languages.messages import ENGLISH
from orchestrion_controller.stages import PlanningRequest, TaskTypeLimits

_LONGEST_SHORT: Final = 80
"""Characters of an output's description."""
_LONGEST_PURPOSE: Final = 110
"""Characters of what a task type is for, in a description of one line."""
_MOST_TAGS: Final = 12
"""Languages that are listed; of more the first ones, and how many there are."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A task type as it is on offer."""

    task_type: TaskType
    """With the choices and inputs alone that some expert takes."""
    whole: TaskType
    """As it is defined."""
    limits: TaskTypeLimits = field(default_factory=TaskTypeLimits)

    @property
    def purpose(self) -> str:
        """What it does here: its own description, unless that names what no expert here does."""
        narrowed = any(parameter != self.whole.input(parameter.name) for parameter in self.task_type.inputs)
        gone = any(parameter.choices and not self.task_type.input(parameter.name) for parameter in self.whole.inputs)
        does = [entry.does for entry in abilities.entries(self.task_type, ENGLISH)] if narrowed or gone else []
        text = "; or ".join(dict.fromkeys(does))
        return f"{text[0].upper()}{text[1:]}." if text else self.whole.description

    @property
    def form(self) -> str:
        """Describes it in one line, like a function: inputs, outputs, and the beginning of what it does."""
        inputs = ", ".join(f"{parameter.name} {_kind(parameter)}" for parameter in self.task_type.inputs)
        outputs = ", ".join(f"{parameter.name} {_kind(parameter)}" for parameter in self.task_type.outputs)
        languages = f" [{text}]" if (text := self._languages) else ""
        return f"- {self.task_type.name}({inputs}) -> {outputs}: {_cut(self.purpose, _LONGEST_PURPOSE)}{languages}"

    @property
    def inputs(self) -> str:
        """Describes it with what each of its inputs means."""
        languages = f" [{text}]" if (text := self._languages) else ""
        lines = [f"    {self._described(parameter)}" for parameter in self.task_type.inputs]
        return "\n".join([f"- {self.task_type.name}: {self.purpose}{languages}", *lines])

    @property
    def description(self) -> str:
        """Describes it with what each of its inputs means, and its outputs in brief."""
        lines = [
            f"    -> {_described(parameter, shortened(parameter.description))}" for parameter in self.task_type.outputs
        ]
        return "\n".join([self.inputs, *lines])

    @property
    def _languages(self) -> str:
        """Says which languages the experts are made for; empty where they take all."""
        domains = self.task_type.input("domain")
        choices = {choice.lower() for choice in domains.choices} if domains else set()
        listed = {
            domain: _listed(tags) for domain, tags in self.limits.languages.items() if not domain or domain in choices
        }
        if list(listed) == [""]:
            return f"for {listed['']}"
        return "; ".join(f"{domain or 'without a domain'}: for {tags}" for domain, tags in listed.items())

    def _described(self, parameter: Parameter) -> str:
        original = self.whole.input(parameter.name)
        # What is said of a choice that nobody takes here would teach it.
        text = "" if parameter.choices and parameter != original else parameter.description
        return _described(parameter, text, self.limits.values.get(parameter.name, ()))


def tools(request: PlanningRequest) -> Mapping[str, Tool]:
    """Returns what a request may use, by name."""
    return {
        name: Tool(task_type, request.task_types.get(name, task_type), request.limits.get(name, TaskTypeLimits()))
        for name, task_type in request.on_offer.items()
    }


def shortened(text: str) -> str:
    """Cuts a description at the end of its first clause or, where that is long, of a word."""
    clause = min((at for mark in ("; ", ". ", ": ") if (at := text.find(mark)) > 0), default=len(text))
    if clause <= _LONGEST_SHORT:
        return text[:clause]
    return _cut(text, _LONGEST_SHORT)


def _listed(tags: Sequence[str]) -> str:
    shown = ", ".join(tags[:_MOST_TAGS])
    return f"{shown} and {len(tags) - _MOST_TAGS} more languages" if len(tags) > _MOST_TAGS else f"{shown} alone"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most].rpartition(" ")[0] + " …"


def _kind(parameter: Parameter) -> str:
    kind = "|".join(parameter.choices) or parameter.kind.name
    return ("list of " if parameter.repeated else "") + kind + ("?" if parameter.optional else "")


def _described(parameter: Parameter, text: str, values: Sequence[str] = ()) -> str:
    kind = f"list of {parameter.kind.name}" if parameter.repeated else parameter.kind.name
    notes = [f"{kind}?" if parameter.optional else kind]
    if parameter.choices or values:
        notes.append("one of " + ", ".join(parameter.choices or values))
    if parameter.minimum is not None or parameter.maximum is not None:
        low = "" if parameter.minimum is None else f"{parameter.minimum:.10g}"
        high = "" if parameter.maximum is None else f"{parameter.maximum:.10g}"
        notes.append(f"from {low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}")
    explanation = "" if _only_repeats(parameter, text) else text
    return f"{parameter.name} ({'; '.join(notes)}){': ' if explanation else ''}{explanation}"


def _only_repeats(parameter: Parameter, text: str) -> bool:
    """Whether a description says no more than the name, as `The picture.` of an image."""
    empty = {"the", "a", parameter.name, *({"picture"} if parameter.kind is ParameterKind.IMAGE else ())}
    return set(text.casefold().strip(".").split()) <= empty
