"""The requests of the language folders' `examples.yaml`, to be planned with everything of the catalogue on offer."""

from __future__ import annotations

import mimetypes
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from orchestrion import task_types
from orchestrion.errors import OrchestrionError
from orchestrion.events import PlanFinished
from orchestrion.runs import Artifact, Message
from orchestrion_controller.languages.example_entries import RequestExample
from orchestrion_controller.languages.examples import FILE_NAMES, examples, filled, placeholders
from orchestrion_controller.planner.on_demand import BuiltinPlanner
from orchestrion_controller.stages import PlanningRequest

TYPES: Final = {name: item for name, item in task_types.load().items() if not name.startswith("test-")}
"""Everything of the catalogue."""


@dataclass(frozen=True, slots=True)
class ExampleRequest:
    """A request that is an example of a task type."""

    language: str
    entry: RequestExample
    text: str
    files: tuple[str, ...]
    """The names of the files that it speaks of."""


def load(language: str) -> Iterator[ExampleRequest]:
    """Yields the examples of a language: each with its text in quotation marks, and, where there is one, in a file."""
    for entries in examples(language).values():
        for entry in entries:
            for template in filter(None, (entry.request, entry.file_request)):
                names = placeholders(template)
                files = tuple(name for place, name in FILE_NAMES.items() if place in names)
                yield ExampleRequest(language, entry, filled(template), files)


async def outcome(
    planner: BuiltinPlanner, text: str, files: tuple[str, ...], without: Collection[str] = ()
) -> PlanFinished | OrchestrionError:
    """Plans a request, with some task types missing of those on offer; returns how that ended."""
    attachments = tuple(
        Artifact(f"artifacts/{number:064x}", mimetypes.guess_type(name)[0] or "text/plain", name, 1)
        for number, name in enumerate(files, start=1)
    )
    message = Message(text, artifacts=tuple(item.name for item in attachments))
    offered = {name: item for name, item in TYPES.items() if name not in without}
    request = PlanningRequest((message,), attachments, offered, replaced=False, defined=TYPES)
    try:
        *_, last = [item async for item in planner.plan(request)]
    except OrchestrionError as error:
        return error
    assert isinstance(last, PlanFinished)
    return last
