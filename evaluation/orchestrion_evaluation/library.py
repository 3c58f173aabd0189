"""Tool libraries in TaskBench's two formats: tools with types of inputs and outputs, and with named parameters."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from orchestrion_evaluation.records import Record, read_records, shown


@dataclass(frozen=True, slots=True)
class ToolParameter:
    """A named parameter of a tool."""

    name: str
    type: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool of a library."""

    id: str
    """Its name, as samples write it."""
    description: str = ""
    input_types: tuple[str, ...] = ()
    output_types: tuple[str, ...] = ()
    parameters: tuple[ToolParameter, ...] | None = None
    """Named parameters (daily-life APIs), whose links are an order and carry no data; None for a tool with types."""

    @property
    def output_name(self) -> str:
        """The type of what it gives, `none` where the library names none: what TaskBench calls a reference to it."""
        return self.output_types[0] if self.output_types else "none"


@dataclass(frozen=True)
class Library:
    """The tools of a file, by id."""

    tools: tuple[Tool, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Tool]:
        """The tools by id."""
        return {tool.id: tool for tool in self.tools}

    @cached_property
    def _by_letters(self) -> Mapping[str, str]:
        count = Counter(letters(tool.id) for tool in self.tools)
        return {key: tool.id for tool in self.tools if count[key := letters(tool.id)] == 1}

    def resolve(self, name: str) -> str:
        """Returns the id that a sample means: the name itself, else the tool of the same letters and digits.

        TaskBench's own evaluation treats `Text_to_Speech` and `Text to Speech` as one. An unknown name stays as it is.
        """
        return name if name in self.by_id else self._by_letters.get(letters(name), name)


def letters(name: str) -> str:
    """Returns the letters and digits of a name, in lower case."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", name).casefold() if sign.isalnum())


def read_library(text: str, source: str) -> Library:
    """Reads a tool file: `{"nodes": [...]}`, a JSON array of tools, or one tool a line.

    A tool has `id`, `desc`, and either `input-type` and `output-type` (lists of words such as text and image, possibly
    empty) or `parameters` (`name`, `type`, `desc`).

    Raises:
        InvalidArgumentError: A tool has not that form, or two have the same id.
    """
    records = read_records(text, source)
    if len(records) == 1 and "nodes" in records[0].fields:
        nodes = records[0].items("nodes", records[0].fields["nodes"])
        records = [_record(item, f"{source}, nodes[{index}]", records[0]) for index, item in enumerate(nodes)]
    tools: dict[str, Tool] = {}
    for record in records:
        tool = _tool(record)
        if tool.id in tools:
            raise record.error("id", f"{shown(tool.id)} is taken by an earlier tool; give each its own.")
        tools[tool.id] = tool
    if not tools:
        raise read_error(source)
    return Library(tuple(tools.values()))


def read_error(source: str) -> Exception:
    """Builds the error for a file without tools."""
    return Record(source, {}).error("nodes", "there is no tool; list at least one.")


def _record(item: object, place: str, file: Record) -> Record:
    if not isinstance(item, dict):
        raise file.error("nodes", f"{shown(item)} is no tool; write an object with `id` and `desc`.")
    return Record(place, item)


def _tool(record: Record) -> Tool:
    identity = record.text("id", "name", "task")
    _, description = record.get("desc", "description", default="")
    if not isinstance(description, str):
        raise record.error("desc", f"{shown(description)} is no text; write what the tool does.")
    name, parameters = record.get("parameters", "arguments", default=None)
    has_types = any(key in record.fields for key in ("input-type", "output-type", "input_type", "output_type"))
    if parameters is not None and not has_types:
        described = tuple(_parameter(record, name, item) for item in record.items(name, parameters))
        return Tool(identity, description, parameters=described)
    return Tool(identity, description, _types(record, "input-type"), _types(record, "output-type"))


def _types(record: Record, name: str) -> tuple[str, ...]:
    field, value = record.get(name, name.replace("-", "_"), default=[])
    if isinstance(value, str) and not value.lstrip().startswith("["):
        value = [value] if value.strip() else []
    types = record.items(field, value)
    for item in types:
        if not isinstance(item, str) or not item.strip():
            raise record.error(field, f"{shown(item)} is no type; write words such as text or image.")
    return tuple(item.strip() for item in types)


def _parameter(record: Record, field: str, item: object) -> ToolParameter:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str) or not item["name"].strip():
        raise record.error(field, f"{shown(item)} is no parameter; write {{name, type, desc}}.")
    return ToolParameter(
        item["name"], str(item.get("type") or ""), str(item.get("desc") or item.get("description") or "")
    )


def closest(name: str, ids: Iterable[str]) -> str:
    """Returns a hint at the tool that a wrong name is nearest to, as a sentence; empty where none is near."""
    from difflib import get_close_matches

    matches = get_close_matches(name, list(ids), n=1)
    return f"Did you mean {shown(matches[0])}?" if matches else ""
