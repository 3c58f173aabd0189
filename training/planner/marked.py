"""Marked requests: what each word of a request is there for, as people wrote it down; `data/README.md` has the form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from orchestrion import task_types
from orchestrion.plans import TaskType

_MARK: Final = re.compile(r"\{(again|help|hello|\?|f\d+(?:,f\d+)*|r\d+|\d+(?:\.\w+)?) ([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Segment:
    """Words of a request that belong together."""

    role: str
    """`ask`, `input`, `file`, `result`, `unmet`, `again`, `help` or `hello`."""
    start: int
    end: int
    step: int = -1
    """The index of the step that it is of: that it asks for, gives an input of, or that made the result."""
    parameter: str = ""
    files: tuple[int, ...] = ()
    """The indices of the files that it stands for."""


@dataclass(frozen=True, slots=True)
class MarkedStep:
    """A step of the plan."""

    type: str
    choices: Mapping[str, str]
    """The inputs with choices, and what they are."""
    files: frozenset[int] = frozenset()
    """The files that it works on, by itself or through steps that nobody worded."""
    sources: frozenset[int] = frozenset()
    """The worded steps that feed it, likewise."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Its other options as they are written: `2`, `+~`, `fr,es`, `words`."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A request with its marks taken out of the text."""

    language: str
    text: str
    files: tuple[str, ...]
    segments: tuple[Segment, ...]
    steps: tuple[MarkedStep, ...]
    before: tuple[str, ...] = ()
    """The types of the steps of the turn before."""
    origin: str = ""

    @property
    def follows(self) -> bool:
        """Whether an earlier turn comes before it."""
        return bool(self.before)

    @property
    def worded(self) -> frozenset[int]:
        """The indices of the steps that words ask for."""
        return frozenset(item.step for item in self.segments if item.role in {"ask", "input"})


def read(path: Path) -> Iterator[Marked]:
    """Reads a file of marked requests.

    Raises:
        ValueError: A line breaks the form; the message names it.
    """
    types = task_types.load()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                yield parse(
                    json.loads(line), path.name.partition("-")[0].partition(".")[0], types, f"{path.name}:{number}"
                )
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}:{number}: {type(error).__name__}: {error}") from error


def parse(item: Mapping[str, Any], language: str, types: Mapping[str, TaskType], origin: str = "") -> Marked:
    """Parses one line; raises ValueError, KeyError or TypeError where it breaks the form."""
    marked: str = item["text"]
    files = tuple(map(str, item["files"]))
    text, segments, last = "", [], 0
    for match in _MARK.finditer(marked):
        text += marked[last : match.start()]
        key, words = match.groups()
        start = len(text)
        text += words
        segments.append(_segment(key, start, len(text)))
        last = match.end()
    text += marked[last:]
    if "{" in text or "}" in text:
        raise ValueError(f"a mark is broken in {text!r}")
    steps = [_step(line, types) for line in item["steps"]]
    for step in steps:
        if not step.files <= set(range(len(files))) or not step.sources <= set(range(len(steps))):
            raise ValueError(f"a step `{step.type}` works on a file or a step that is not there")
    for segment in segments:
        _check(segment, text, len(files), [step.type for step in steps], types)
    worded = frozenset(item.step for item in segments if item.role in {"ask", "input"})
    return Marked(
        language,
        text,
        files,
        tuple(segments),
        tuple(_without_unworded(steps, worded)),
        tuple(_step(line, types).type for line in item.get("before", ())),
        origin,
    )


def _check(segment: Segment, text: str, files: int, steps: Sequence[str], types: Mapping[str, TaskType]) -> None:
    """Says which words are marked for something that is not there."""
    words = text[segment.start : segment.end]
    if not words.strip():
        raise ValueError(f"a mark of {text!r} is on no words")
    if segment.step >= len(steps):
        raise ValueError(f"{words!r} is of step {segment.step + 1}; there are {len(steps)}")
    if any(not 0 <= number < files for number in segment.files):
        raise ValueError(f"{words!r} is for a file that is not there; there are {files}")
    task_type = types.get(steps[segment.step]) if segment.step >= 0 else None
    if segment.parameter and task_type and task_type.input(segment.parameter) is None:
        raise ValueError(f"{words!r} gives `{segment.parameter}`, which `{task_type.name}` has not")


def _segment(key: str, start: int, end: int) -> Segment:
    if key == "?":
        return Segment("unmet", start, end)
    if key in {"again", "help", "hello"}:
        return Segment(key, start, end)
    if key.startswith("f"):
        return Segment("file", start, end, files=tuple(int(name[1:]) - 1 for name in key.split(",")))
    if key.startswith("r"):
        return Segment("result", start, end, int(key[1:]) - 1)
    step, _, parameter = key.partition(".")
    return Segment("input" if parameter else "ask", start, end, int(step) - 1, parameter)


def _step(line: str, types: Mapping[str, TaskType]) -> MarkedStep:
    name, *arguments = line.split()
    if name in {"again", "help", "hello"}:
        return MarkedStep(name, {}, values=dict(map(_pair, arguments)))
    inputs = {parameter.name: parameter for parameter in types[name].inputs}
    choices: dict[str, str] = {}
    values: dict[str, str] = {}
    files: set[int] = set()
    sources: set[int] = set()
    for argument in arguments:
        key, value = _pair(argument)
        if key in inputs and inputs[key].choices:
            choices[key] = value
        elif re.fullmatch(r"f\d+(,f\d+)*", value):
            files |= {int(one[1:]) - 1 for one in value.split(",")}
        elif (
            key in inputs
            and (inputs[key].kind.is_media or inputs[key].kind.name == "TEXT")
            and re.fullmatch(r"\d+(#\d+)?(,\d+(#\d+)?)*", value)
        ):
            sources |= {int(one.partition("#")[0]) - 1 for one in value.split(",")}
        else:
            values[key] = value
    return MarkedStep(name, choices, frozenset(files), frozenset(sources), values)


def _pair(argument: str) -> tuple[str, str]:
    key, equals, value = argument.partition("=")
    if not equals:
        raise ValueError(f"{argument!r} is no `input=value`")
    return key, value


def _without_unworded(steps: list[MarkedStep], worded: frozenset[int]) -> Iterator[MarkedStep]:
    """Gives each step what feeds it through steps that nobody worded."""
    for step in steps:
        files, waiting = set(step.files), list(step.sources)
        sources: set[int] = set()
        seen: set[int] = set()
        while waiting:
            source = waiting.pop()
            if source in seen:
                continue
            seen.add(source)
            if source in worded:
                sources.add(source)
            else:
                files |= steps[source].files
                waiting += steps[source].sources
        yield MarkedStep(step.type, step.choices, frozenset(files), frozenset(sources), step.values)
