"""A tool library as task types, and plans over them as tool graphs: names there and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from orchestrion.plans import Parameter, ParameterKind, Plan, TaskType
from orchestrion.values import ArtifactRef, Json, OutputRef, Value, references
from orchestrion_evaluation.graphs import Argument, ToolGraph, content_type
from orchestrion_evaluation.library import Library, Tool

AFTER: Final = "after"
"""The input by which a tool with parameters tells which one comes before it."""

_KINDS: Final[Mapping[str, ParameterKind]] = {
    "image": ParameterKind.IMAGE,
    "picture": ParameterKind.IMAGE,
    "photo": ParameterKind.IMAGE,
    "audio": ParameterKind.AUDIO,
    "sound": ParameterKind.AUDIO,
    "speech": ParameterKind.AUDIO,
    "video": ParameterKind.VIDEO,
    "document": ParameterKind.DOCUMENT,
    "file": ParameterKind.DOCUMENT,
    "pdf": ParameterKind.DOCUMENT,
}
_ROLES: Final = ("question", "instruction", "prompt")
"""What a text beside another input is called, where the tool's own words have the word."""


class Toolbox:
    """The task types that stand for the tools of a library.

    Task types are named by tags (lower-case words joined by `-`), tools as they please: `Image Search (by Image)`
    becomes `image-search-by-image`. The description begins with the tool's own name, which is also its cue.

    Inputs and outputs are named by their types: `text`, a second one `text_2`; where a tool speaks of a question, an
    instruction or a prompt, the text beside its other input has that name. Image, audio, video and document are kinds
    of their own, every other word (url, number, table …) is TEXT: such a value is written in the request, or comes
    from a tool that gives text. A tool without a type of output gives a text `result`: TaskBench links from such tools.

    **All inputs are optional.** TaskBench's requests often leave a file out ("I have an image …" with no name), and its
    arguments have no names and are not always complete, so that with required inputs many a right plan could not be
    written at all. Planners are measured by the tools that they choose and by what they bind, not by what is missing.

    Tools with parameters (daily-life APIs) have no outputs, and their links are an order in time. Edges of a plan are
    references, so such a tool gives a `result` and takes the results of those before it as `after`; that input is no
    argument of the tool and is not scored as one.
    """

    def __init__(self, library: Library) -> None:
        """Names the tools."""
        self._library = library
        taken: set[str] = set()
        self._types: dict[str, TaskType] = {}
        self._tools: dict[str, Tool] = {}
        self._parameters: dict[str, dict[str, str]] = {}
        for tool in library.tools:
            name = _unique(tag(tool.id), taken, "-")
            self._tools[name] = tool
            self._types[name], self._parameters[name] = _task_type(name, tool)

    @property
    def task_types(self) -> tuple[TaskType, ...]:
        """The task types, in the order of the library."""
        return tuple(self._types.values())

    def graph(self, plan: Plan, files: Mapping[str, str]) -> ToolGraph:
        """Turns a plan over the task types into the graph that TaskBench scores.

        Args:
            plan: The plan, checked by the controller.
            files: What the request calls the attached artifacts, by their names.
        """
        tool_of = {task.id: self._tools[task.type] for task in plan.tasks}
        edges = {
            (tool_of[reference.task_id].id, tool_of[task.id].id)
            for task in plan.tasks
            for value in task.inputs.values()
            for reference in references(value)
            if reference.task_id in tool_of
        }
        arguments = set()
        for task in plan.tasks:
            tool = tool_of[task.id]
            for name, value in task.inputs.items():
                if tool.parameters is not None and name == AFTER:
                    continue
                own = self._parameters[task.type].get(name, name) if tool.parameters is not None else ""
                for item in _items(value):
                    kind, text = _argument(item, tool_of, files)
                    arguments.add(Argument(tool.id, own or kind, text))
        return ToolGraph(tuple(tool_of[task.id].id for task in plan.tasks), frozenset(edges), frozenset(arguments))


def tag(name: str) -> str:
    """Writes a name as a tag: `TextToSpeech` and `Text_to Speech` become `text-to-speech`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    return re.sub(r"[\W_]+", "-", apart).strip("-").lower() or "tool"


def _unique(name: str, taken: set[str], joint: str) -> str:
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}{joint}{number}"
    taken.add(candidate)
    return candidate


def _task_type(name: str, tool: Tool) -> tuple[TaskType, dict[str, str]]:
    """Returns the task type, and the tool's own names of its parameters by ours."""
    words = re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", tool.id)).strip()
    description = f"{tool.id}: {tool.description}" if tool.description else tool.id
    cues = (words.lower(),) if words else ()
    if tool.parameters is None:
        inputs, outputs = tuple(_inputs(tool)), tuple(_typed(tool.output_types or ("result",)))
        return TaskType(name, description, inputs, outputs, cues), {}
    taken = {AFTER}
    own = {_unique(tag(item.name).replace("-", "_"), taken, "_"): item for item in tool.parameters}
    parameters = [
        Parameter(input_name, ParameterKind.TEXT, _described(item.description, item.type), optional=True)
        for input_name, item in own.items()
    ]
    after = Parameter(
        AFTER,
        ParameterKind.TEXT,
        "The result of the task that comes before this one, where there is one.",
        optional=True,
    )
    result = Parameter("result", ParameterKind.TEXT, "That it is done, and what came of it.")
    return (
        TaskType(name, description, (*parameters, after), (result,), cues),
        {input_name: item.name for input_name, item in own.items()},
    )


def _inputs(tool: Tool) -> Iterator[Parameter]:
    said = f"{tool.id} {tool.description}".casefold()
    role = next((role for role in _ROLES if role in said), "")
    texts = [index for index, word in enumerate(tool.input_types) if _kind(word) is ParameterKind.TEXT]
    # With another input beside it, the last text is what is asked or wanted of the other.
    names = {texts[-1]: role} if role and texts and len(tool.input_types) > 1 else {}
    yield from _typed(tool.input_types, names, optional=True)


def _typed(
    words: Iterable[str], names: Mapping[int, str] = MappingProxyType({}), *, optional: bool = False
) -> Iterator[Parameter]:
    taken: set[str] = set()
    for index, word in enumerate(words):
        name = names.get(index) or tag(word).replace("-", "_")
        yield Parameter(_unique(name, taken, "_"), _kind(word), _described("", word), optional=optional)


def _kind(word: str) -> ParameterKind:
    return _KINDS.get(word.strip().casefold().removesuffix("s"), ParameterKind.TEXT)


def _described(description: str, word: str) -> str:
    return f"{description} ({word})" if description and word else description or (f"Of type {word}." if word else "")


def _items(value: Value) -> Iterator[Value]:
    if isinstance(value, tuple):
        for item in value:
            yield from _items(item)
    else:
        yield value


def _argument(value: Value, tool_of: Mapping[str, Tool], files: Mapping[str, str]) -> tuple[str, str]:
    """Returns content type and value, as `samples` tells them of gold plans."""
    if isinstance(value, OutputRef):
        source = tool_of.get(value.task_id)
        return (source.output_name, source.id) if source else ("other", value.task_id)
    if isinstance(value, ArtifactRef):
        name = files.get(value.name, value.name)
        return content_type(name), name
    if isinstance(value, str):
        return content_type(value), value
    text = json.dumps(value.data if isinstance(value, Json) else value, ensure_ascii=False)
    # 3.0 is how a plan writes 3.
    text = text.removesuffix(".0") if isinstance(value, float) else text
    return content_type(text), text
