"""The expert, in a worker of a real host: private servers take it from its file, without an installation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import orchestrion
from orchestrion.plans import Plan, Task
from orchestrion.values import ArtifactRef, Json

EXPERT = Path(__file__).parents[1] / "orchestrion_color_palette" / "expert.py"


@pytest.fixture(scope="module")
def client() -> Iterator[orchestrion.Client]:
    with orchestrion.embedded(experts=[f"{EXPERT}:ColorPalette"]) as client:
        yield client


def ask(client: orchestrion.Client, file: Path, **settings: float) -> orchestrion.Answer:
    """Has the palette of a picture found, by a plan that is written by hand."""
    plan = Plan((Task("palette", "color-palette", {"image": ArtifactRef("attachments/1"), **settings}),))
    return client.ask("Which colors?", [file], plan=plan)


def test_the_task_type_is_listed_with_its_expert(client: orchestrion.Client) -> None:
    offered = {item.task_type.name: item for item in client.task_types.list()}
    assert tuple(offered["color-palette"].experts) == ("color-palette",)


def test_the_commonest_color_comes_first_and_is_named_in_the_answer(client: orchestrion.Client, tmp_path: Path) -> None:
    picture = Image.new("RGB", (400, 300), "blue")
    picture.paste("orange", (0, 0, 100, 300))
    picture.save(file := tmp_path / "flag.png")

    answer = ask(client, file, count=2)

    (result,) = answer.results
    assert result.outputs["color"] == "blue"
    assert result.outputs["colors"] == Json(
        [
            {"hex": "#0000ff", "name": "blue", "share": 0.75},
            {"hex": "#ffa500", "name": "orange", "share": 0.25},
        ]
    )
    assert answer.text == "The main color of flag.png is blue; it has blue, orange."


def test_a_file_that_is_no_picture_fails_its_task_with_the_input_at_fault(
    client: orchestrion.Client, tmp_path: Path
) -> None:
    (file := tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n only the beginning of a picture")
    (result,) = ask(client, file).results
    assert result.error is not None
    assert result.error.reason == "INVALID_INPUT"
    assert "is no picture that can be read" in result.error.message
