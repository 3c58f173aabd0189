"""Describes task types to a language model, as the experts here carry them out: in a line each, or input by input.

What a task type could do elsewhere is not in it: a description names the choices that some expert takes now, and the
languages that the experts are made for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion_controller import abilities, languages
from orchestrion_controller.identity_cache import IdentityCache
from orchestrion_controller.languages.messages import ENGLISH
from orchestrion_controller.limits import TaskTypeLimits
from orchestrion_controller.stages import PlanningRequest

_LONGEST_NOTE: Final = 64
"""Characters of what an input means, where a task type is described whole."""
_LONGEST_PURPOSE: Final = 64
"""Characters of what a task type is for, in a description of one line."""
_MOST_TAGS: Final = 6
"""Languages that are listed; of more the first ones, and how many there are."""


_SEED: Final = "seed"
"""What its name says is enough: who asks for one knows what it is."""
_FED_ON: Final = frozenset(
    {ParameterKind.TEXT, ParameterKind.IMAGE, ParameterKind.AUDIO, ParameterKind.VIDEO, ParameterKind.DOCUMENT}
)
"""Kinds of outputs that other tasks work on."""


@dataclass(frozen=True)
class OfferedTool:
    """A task type as it is on offer; how it is described is worked out once."""

    task_type: TaskType
    """With the choices and inputs alone that some expert takes."""
    whole: TaskType
    """As it is defined."""
    limits: TaskTypeLimits = field(default_factory=TaskTypeLimits)

    @cached_property
    def purpose(self) -> str:
        """What it does here: its own description, unless that names what no expert here does."""
        narrowed = any(parameter != self.whole.input(parameter.name) for parameter in self.task_type.inputs)
        gone = any(self.task_type.input(parameter.name) is None for parameter in self.whole.inputs)
        does = [entry.does for entry in abilities.entries(self.task_type, ENGLISH)] if narrowed or gone else []
        text = "; or ".join(dict.fromkeys(does))
        return f"{text[0].upper()}{text[1:]}." if text else self.whole.description

    @cached_property
    def form(self) -> str:
        """Describes it in one line, like a function: inputs, outputs, and the beginning of what it does."""
        return f"{self._signature}: {_cut(self.purpose, _LONGEST_PURPOSE)}{self._languages}"

    @cached_property
    def notes(self) -> Mapping[str, str]:
        """Says what those of its inputs mean whose names do not, by name."""
        noted = {parameter.name: self._note(parameter) for parameter in self.task_type.inputs}
        return {name: note for name, note in noted.items() if note}

    @cached_property
    def description(self) -> str:
        """Describes it whole: its form, all of what it does, and what its inputs mean."""
        notes = "; ".join(f"{name}: {note}" for name, note in self.notes.items())
        return f"{self._signature}: {self.purpose}{self._languages}" + (f"\n  {notes}" if notes else "")

    @property
    def _signature(self) -> str:
        inputs = ", ".join(map(_form, self.task_type.inputs))
        # Data beside the result, such as scores, is for the answer: no other task works on it.
        outputs = [item for item in self.task_type.outputs if item.kind in _FED_ON] or self.task_type.outputs[:1]
        return f"- {self.task_type.name}({inputs}) -> {', '.join(map(_form, outputs))}"

    @property
    def _languages(self) -> str:
        """Says which languages the experts are made for; empty where they take all."""
        domains = self.task_type.input("domain")
        choices = {choice.lower() for choice in domains.choices} if domains else set()
        listed = {
            domain: text
            for domain, tags in self.limits.languages.items()
            if (not domain or domain in choices) and (text := _listed(tags))
        }
        text = "; ".join(f"{domain}: {tags}" if domain else tags for domain, tags in listed.items())
        return f" [for {text}]" if text else ""

    def _note(self, parameter: Parameter) -> str:
        """Returns what an input means and takes, as far as its form does not say so; empty where it says all."""
        # What is said of a choice that nobody takes here would teach it.
        narrowed = bool(parameter.choices) and parameter != self.whole.input(parameter.name)
        text = "" if narrowed or parameter.name == _SEED else shortened(parameter.description)
        values = self.limits.values.get(parameter.name, ())
        bounds = "" if _says_bounds(parameter, text) else _bounds(parameter)
        text = "" if _only_repeats(parameter, text) else text[:1].lower() + text[1:]
        return ", ".join(part for part in (f"one of {' '.join(values)}" if values else "", bounds, text) if part)


def notes(tools: Iterable[OfferedTool]) -> list[str]:
    """Says what the inputs of task types mean, and once what is the same for several."""
    by_note: dict[tuple[str, str], list[str]] = {}
    for tool in tools:
        for name, note in tool.notes.items():
            by_note.setdefault((name, note), []).append(tool.task_type.name)
    names = Counter(name for name, _ in by_note)
    return [
        f"{name}{f' of {chr(44).join(types)}' if names[name] > 1 else ''}: {note}"
        for (name, note), types in by_note.items()
    ]


_offers: Final[IdentityCache[Mapping[str, OfferedTool]]] = IdentityCache()


def tools(request: PlanningRequest) -> Mapping[str, OfferedTool]:
    """Returns what a request may use, by name; for the same offer the same tools, which keep their descriptions."""
    on_offer, defined, limits = request.on_offer, request.task_types, request.limits
    return _offers.get(
        (on_offer, defined, limits),
        lambda: {
            name: OfferedTool(task_type, defined.get(name, task_type), limits.get(name, TaskTypeLimits()))
            for name, task_type in on_offer.items()
        },
    )


def shortened(text: str) -> str:
    """Cuts a description at the end of its first clause or, where that is long, of a word."""
    clause = min((at for mark in ("; ", ". ") if (at := text.find(mark)) > 0), default=len(text))
    return _cut(text[:clause].rstrip("."), _LONGEST_NOTE)


def _listed(tags: Sequence[str]) -> str:
    """Lists languages; empty where all that are asked for most are among them."""
    distinct = set(map(languages.canonical, tags))
    if distinct >= languages.load().keys():
        return ""
    shown = " ".join(tags[:_MOST_TAGS])
    return f"{shown} and {len(tags) - _MOST_TAGS} more" if len(tags) > _MOST_TAGS else f"{shown} alone"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most].rpartition(" ")[0] + " …"


def _form(parameter: Parameter) -> str:
    """Writes a parameter: its name, "?" where it is optional, and its kind, unless its name says that."""
    kind = "|".join(parameter.choices) or parameter.kind.name.lower()
    is_plain = kind in (parameter.name, parameter.name.rpartition("_")[2]) or parameter.kind is ParameterKind.TEXT
    kind = f"[{kind}]" if parameter.repeated else "" if is_plain and not parameter.choices else kind
    return f"{parameter.name}{'?' if parameter.optional else ''}" + (f" {kind}" if kind else "")


def _bounds(parameter: Parameter) -> str:
    low = "" if parameter.minimum is None else f"{parameter.minimum:.10g}"
    high = "" if parameter.maximum is None else f"{parameter.maximum:.10g}"
    return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}" if high else ""


def _says_bounds(parameter: Parameter, text: str) -> bool:
    """Whether a text names the bounds of an input, or they are those of a seed."""
    bounds = [f"{bound:.10g}" for bound in (parameter.minimum, parameter.maximum) if bound is not None]
    return parameter.name == _SEED or all(bound in text for bound in bounds)


def _only_repeats(parameter: Parameter, text: str) -> bool:
    """Whether a description says no more than the name and the kind, as `The picture.` of an image."""
    empty = {
        "the",
        "a",
        "an",
        *parameter.name.split("_"),
        parameter.kind.name.lower(),
        *_SYNONYMS.get(parameter.kind, ()),
    }
    return set(text.casefold().split()) <= empty


_SYNONYMS: Final[Mapping[ParameterKind, Sequence[str]]] = {
    ParameterKind.IMAGE: ("picture", "new"),
    ParameterKind.AUDIO: ("sound", "new", "recording"),
    ParameterKind.TEXT: ("new",),
}
