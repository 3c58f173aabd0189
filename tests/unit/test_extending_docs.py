"""Every block of code in docs/extending.md is of the example, or does what the page says of it."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer

from orchestrion import task_types
from orchestrion.cli.app import app
from orchestrion.events import AnswerFinished, AnswerText, PlanFinished
from orchestrion.plans import Plan, Task, TaskResult, TaskState
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef
from orchestrion_controller import entry_points, plugins
from orchestrion_host import plugins as host_plugins
from orchestrion_host.catalogue import plugins as expert_plugins
from orchestrion_host.catalogue import reader, runtimes, task_type_files
from tests.doc_blocks import ROOT, Block, blocks_of, write_files

PAGE = "extending.md"
BLOCKS = blocks_of(PAGE)
EXAMPLE = "examples/plugin/"
GROUPS = {entry_points.PLANNERS, entry_points.RESPONDERS, expert_plugins.GROUP, runtimes.GROUP}
OWN = {"word_count.py", "task_types/word-count.yaml", "my_package/runtime.py", "catalogue/mood-table.yaml",
       "my_package/planner.py", "my_package/responder.py", "pyproject.toml"}  # fmt: skip
"""The files outside the example; each has a test below, or in tests/rpc and tests/system."""


def names_of(file: str) -> dict[str, Any]:
    """Runs the module that a block has; gives its names."""
    (block,) = [block for block in BLOCKS if block.file == file]
    names: dict[str, Any] = {"__name__": file}
    exec(compile(block.text, file, "exec"), names)
    return names


def groups_in(block: Block) -> Mapping[str, Any]:
    """Returns the groups of entry points in a block of TOML."""
    groups: Mapping[str, Any] = tomllib.loads(block.text).get("project", {}).get("entry-points", {})
    return groups


async def items_of(items: AsyncIterator[object]) -> list[object]:
    return [item async for item in items]


def test_every_block_but_commands_says_of_which_file_it_is() -> None:
    assert {block.file for block in BLOCKS if not block.file.startswith(EXAMPLE)} - {""} == OWN
    assert {block.language for block in BLOCKS if not block.file} == {"console"}


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.file.startswith(EXAMPLE)], ids=lambda b: b.file)
def test_what_is_shown_of_the_example_is_in_it(block: Block) -> None:
    assert block.text in (ROOT / block.file).read_text("utf-8")


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "toml"], ids=lambda b: b.file)
def test_groups_of_entry_points_are_those_that_the_servers_read(block: Block) -> None:
    parsed = tomllib.loads(block.text)
    assert set(groups_in(block)) <= GROUPS
    assert groups_in(block) or "optional-dependencies" in parsed["project"]


def test_every_group_is_shown() -> None:
    shown = [groups_in(block) for block in BLOCKS if block.language == "toml"]
    assert {group for groups in shown for group in groups} == GROUPS


def test_the_files_of_the_example_load() -> None:
    folder = ROOT / EXAMPLE / "orchestrion_color_palette"
    assert task_type_files.read(folder / "task_types" / "color-palette.yaml").cues
    facts = reader.read_yaml(folder / "color-palette.yaml", dict[str, Any])
    named = {"id": "color-palette", "model": "any:Any", "runtime": "python"}
    assert reader.facts_of({**named, **facts}, "color-palette.yaml").requires == ("PIL",)


def test_the_expert_and_its_task_type_are_whole(tmp_path: Path) -> None:
    write_files(PAGE, tmp_path, "task_types/word-count.yaml")
    task_type = task_type_files.read(tmp_path / "task_types" / "word-count.yaml")
    assert issubclass(names_of("word_count.py")["WordCount"], host_plugins.Expert)
    assert names_of("word_count.py")["WordCount"].task_types == (task_type.name,)


async def test_the_planner_plans() -> None:
    planner = names_of("my_package/planner.py")["Describer"]()
    picture = Artifact("artifacts/1", "image/png", "garden.png", 1)
    note = Artifact("artifacts/2", "text/plain", "notes.txt", 1)
    request = plugins.PlanningRequest((Message("What is this?"),), (note, picture), task_types.load())
    assert await items_of(planner.plan(request)) == [
        PlanFinished(Plan((Task("describe-2", "image-to-text", {"image": ArtifactRef("attachments/2")}),)))
    ]


async def test_the_responder_answers() -> None:
    responder = names_of("my_package/responder.py")["Counter"]()
    plan = Plan((Task("a", "image-to-text", {}),))
    results = {"a": TaskResult("a", TaskState.SUCCEEDED, {"text": "Halt"})}
    request = plugins.RespondingRequest((Message("Read it."),), plan, results)
    text = "1 of 1 tasks are done."
    assert await items_of(responder.respond(request)) == [AnswerText(text), AnswerFinished(text)]


def test_commands_have_the_options_that_are_shown() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # A group.
    lines = [line for block in BLOCKS if block.language == "console" for line in block.text.splitlines()]
    words = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]
    used = [(called[called.index("orchestrion") + 1 :]) for called in words if "orchestrion" in called]
    assert len(used) >= 6
    for name, *arguments in used:
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert {argument for argument in arguments if argument.startswith("-")} <= options
