"""One content under two names: each request and each person keeps the names that they gave."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrion import AsyncClient
from orchestrion._content.media import png_of_array
from orchestrion.runs import Message
from orchestrion.values import ArtifactRef, Json, Value
from orchestrion_controller.server import Controller
from tests.rpc.controller.conftest import StartController, StartHost

MENU = png_of_array(memoryview(bytes(4)).cast("B", (2, 2)), "a picture")


@pytest.fixture
async def controller(start_controller: StartController) -> Controller:
    """The first plan of a process takes seconds, and a scripted host reports once."""
    return await start_controller(lease_ms=600_000)


async def read(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
    """The expert that reads the same in every picture."""
    return {"text": "Soup", "lines": Json([])}


async def start_reader(start_host: StartHost) -> None:
    host = await start_host(reader=read)
    host.facts["reader"] = {"task_types": ("image-to-text",)}
    await host.report()


async def names_of_inputs(client: AsyncClient, run: str) -> list[str]:
    plan = (await client.runs.get(run)).plan
    assert plan is not None
    files = [value for task in plan.tasks for value in task.inputs.values()]
    assert all(isinstance(file, ArtifactRef) for file in files)
    return [(await client.artifacts.get(file.name)).file_name for file in files if isinstance(file, ArtifactRef)]


async def test_a_picture_and_its_copy_are_two_files_of_a_request(
    client: AsyncClient, start_host: StartHost, tmp_path: Path
) -> None:
    await start_reader(start_host)
    pictures = [tmp_path / name for name in ("menu.png", "copy.png")]
    for picture in pictures:
        picture.write_bytes(MENU)

    both = await client.ask("Read the text in menu.png and in copy.png.", pictures)
    assert both.text == "The text in menu.png reads: “Soup”. The text in copy.png reads: “Soup”."
    assert await names_of_inputs(client, both.run) == ["menu.png", "copy.png"]
    second = await client.ask("Read the text in the second picture.", pictures)
    assert second.text == "The text in copy.png reads: “Soup”."
    turned_round = await client.ask("Read the text in the second picture.", pictures[::-1])
    assert turned_round.text == "The text in menu.png reads: “Soup”."


async def test_what_somebody_else_calls_a_file_changes_nothing_for_others(
    client: AsyncClient, start_host: StartHost
) -> None:
    await start_reader(start_host)
    menu = await client.artifacts.upload(MENU, file_name="menu.png")
    first = await client.ask("Read the text in this picture.", [menu])
    secret = await client.artifacts.upload(MENU, file_name="secret.png")
    second = await client.ask("Read the text in this picture.", [secret])

    assert (first.text, second.text) == ("The text in menu.png reads: “Soup”.", "The text in secret.png reads: “Soup”.")
    assert await names_of_inputs(client, first.run) == ["menu.png"]
    again = await client.ask(Message("And once more, please.", artifacts=(menu.name,)), previous_run=first.run)
    assert "menu.png" in again.text
    await client.artifacts.delete(secret)
    assert await client.artifacts.read(menu) == MENU
