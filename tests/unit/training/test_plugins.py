"""What is learnt of plug-ins: with their task types, and what becomes of the same requests without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrion import task_types
from orchestrion.plans import Parameter, ParameterKind, TaskType
from training.planner import marked, plugins
from training.planner.libraries import DATA
from training.planner.plugins import without

FILES = sorted((DATA / "plugins").glob("*.json"))
TURN = TaskType(
    "picture-rotation",
    "Turns a picture.",
    (Parameter("image", ParameterKind.IMAGE), Parameter("degrees", ParameterKind.NUMBER, optional=True)),
    (Parameter("image", ParameterKind.IMAGE),),
)
TYPES = {**task_types.load(), TURN.name: TURN}


def words(request: marked.Marked) -> list[tuple[str, str, int]]:
    return [(item.role, request.text[item.start : item.end], item.step) for item in request.segments]


def test_what_asks_for_a_type_that_is_not_there_is_unmet_and_what_it_feeds_works_without() -> None:
    text = "{1 Turn} {f1 it} {1.degrees by 90 degrees} and {2 read} {r1 the result} {3 aloud}"
    steps = ["picture-rotation image=f1 degrees=90", "image-to-text image=1", "text-to-speech text=2"]
    request = marked.parse({"text": text, "steps": steps, "files": ["a.png"]}, "en", TYPES)
    lacking = without(request, {TURN.name})
    assert words(lacking) == [
        ("unmet", "Turn", -1),
        ("file", "it", -1),
        ("unmet", "by 90 degrees", -1),
        ("ask", "read", 0),
        ("ask", "aloud", 1),
    ]
    assert [(step.type, step.files, step.sources) for step in lacking.steps] == [
        ("image-to-text", {0}, frozenset()),
        ("text-to-speech", frozenset(), {0}),
    ]


def test_what_has_nothing_to_do_with_it_stays_as_it_is() -> None:
    request = marked.parse(
        {"text": "{1 Read} {f1 it}", "steps": ["image-to-text image=f1"], "files": ["a.png"]}, "en", TYPES
    )
    assert without(request, {TURN.name}) == request


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_plugin_has_types_that_are_not_ours_and_a_request_for_each(path: Path) -> None:
    plugin = plugins.read(path)
    names = {item.name for item in plugin.types}
    assert len(names) == len(plugin.types)
    assert not names & task_types.load().keys()
    assert names <= {step.type for request in plugin.requests for step in request.steps}
