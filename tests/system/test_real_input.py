"""Files of kinds that people have, from the upload to the result: submitted plans, real experts, no planner."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

import orchestrion
from orchestrion import task_types
from orchestrion.answers import Answer
from orchestrion.plans import Plan, Task
from orchestrion.values import ArtifactRef, Json, OutputRef, Value
from tests.media import measures, sounds, texts
from tests.media.library import SPEECH, Library

FILE = ArtifactRef("attachments/1")
TIMEOUT_S = 120.0

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("media"))


def carry_out(client: orchestrion.Client, path: Path, *tasks: Task) -> Answer:
    """Uploads a file and runs a plan of it; every task must succeed."""
    answer = client.ask("Do this.", [path], plan=Plan(tasks), timeout=TIMEOUT_S)
    assert [result.error for result in answer.results if not result.succeeded] == []
    return answer


def outputs(client: orchestrion.Client, path: Path, task_type: str, **inputs: Value) -> Mapping[str, Value]:
    """Runs one task on a file, which is its principal input, and returns what came out."""
    principal = task_types.load()[task_type].inputs[0].name
    answer = carry_out(client, path, Task("task", task_type, {principal: FILE, **inputs}))
    (result,) = answer.results
    return result.outputs


def made(client: orchestrion.Client, value: Value) -> bytes:
    assert isinstance(value, ArtifactRef)
    return client.artifacts.read(value)


@pytest.mark.tasks
def test_a_phone_photograph_is_read_upright_as_its_exif_says(client: orchestrion.Client, library: Library) -> None:
    read = outputs(client, library.path("phone.jpg"), "image-to-text")
    assert read["text"] == "No parking here\nDeliveries only\nfrom 6 to 11"


def test_a_new_picture_of_a_phone_photograph_stands_upright(client: orchestrion.Client, library: Library) -> None:
    grey = made(client, outputs(client, library.path("phone.jpg"), "image-to-image", operation="greyscale")["image"])
    with Image.open(io.BytesIO(grey)) as picture:
        assert picture.width > picture.height
        assert picture.getexif().get(0x0112, 1) == 1


def test_the_lines_of_a_page_come_in_order(client: orchestrion.Client, library: Library) -> None:
    read = outputs(client, library.path("page.png"), "image-to-text")
    assert isinstance(read["text"], str)
    assert read["text"].splitlines() == list(texts.PAGE_LINES)
    assert isinstance(read["lines"], Json)
    tops = [min(corner[1] for corner in line["box"]) for line in read["lines"].data]
    assert tops == sorted(tops)


def test_a_blurred_png_keeps_its_transparent_ground(client: orchestrion.Client, library: Library) -> None:
    blurred = made(client, outputs(client, library.path("logo.png"), "image-to-image", operation="blur")["image"])
    with Image.open(io.BytesIO(blurred)) as picture, Image.open(library.path("logo.png")) as original:
        assert picture.size == original.size
        alpha = picture.convert("RGBA").getchannel("A")
    assert [alpha.getpixel(corner) for corner in ((0, 0), (319, 0), (0, 319), (319, 319))] == [0, 0, 0, 0]
    assert alpha.getpixel((160, 60)) == 255


def test_a_png_with_transparent_ground_is_read(client: orchestrion.Client, library: Library) -> None:
    assert outputs(client, library.path("logo.png"), "image-to-text")["text"] == "OPEN"


def test_the_face_in_a_gif_is_found(client: orchestrion.Client, library: Library) -> None:
    results = outputs(client, library.path("astronaut.gif"), "object-detection", domain="faces")
    assert results["count"] == 1
    assert isinstance(results["objects"], Json)
    (box,) = (face["box"] for face in results["objects"].data)
    assert 140 < (box["x_min"] + box["x_max"]) / 2 < 300
    assert 60 < (box["y_min"] + box["y_max"]) / 2 < 190
    drawn = measures.picture(made(client, results["annotated_image"]))
    assert (drawn["width"], drawn["height"]) == (512, 512)


@pytest.fixture
def memo(library: Library, tmp_path: Path) -> Callable[[str, int, int], Path]:
    """Saves the recording of a person in a format, at a rate, with some channels."""

    def save(suffix: str, rate: int, channels: int) -> Path:
        path = tmp_path / f"memo.{suffix}"
        path.write_bytes(sounds.converted(library.path(SPEECH), suffix, rate, channels))
        return path

    return save


@pytest.mark.parametrize("channels", [1, 2], ids=["mono", "stereo"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("suffix", ["mp3", "ogg", "flac", "wav"])
def test_a_sound_of_any_format_is_changed_and_keeps_its_rate_and_channels(
    suffix: str, rate: int, channels: int, client: orchestrion.Client, memo: Callable[[str, int, int], Path]
) -> None:
    path = memo(suffix, rate, channels)
    quieter = made(client, outputs(client, path, "audio-to-audio", gain_db=-6.0)["audio"])

    old, _ = soundfile.read(path, always_2d=True)
    new, new_rate = soundfile.read(io.BytesIO(quieter), always_2d=True)
    assert (new_rate, new.shape) == (rate, (len(old), channels))
    # Sample by sample: whoever reads an MP3 in blocks must not lose what one frame keeps for the next.
    assert np.abs(new - old * 10 ** (-6 / 20)).max() < 0.001


@pytest.mark.parametrize(
    ("suffix", "rate", "channels"),
    [("mp3", 44_100, 2), ("ogg", 48_000, 2), ("flac", 16_000, 1), ("wav", 8_000, 1), ("wav", 44_100, 2)],
)
def test_speech_in_any_format_is_written_down(
    suffix: str, rate: int, channels: int, client: orchestrion.Client, memo: Callable[[str, int, int], Path]
) -> None:
    heard = outputs(client, memo(suffix, rate, channels), "automatic-speech-recognition")["text"]
    assert isinstance(heard, str)
    # At a telephone's 8 kHz, half of what the acoustic model was trained on is missing.
    reliable = texts.SPOKEN if rate > 8_000 else "forward"
    assert f" {reliable} " in f" {heard} "


@pytest.mark.tasks
def test_50_kb_of_text_are_summarised_spoken_and_classified(client: orchestrion.Client, tmp_path: Path) -> None:
    path = tmp_path / "reference.txt"
    path.write_text(texts.long_text(), encoding="utf-8")
    assert path.stat().st_size == 50_000

    answer = carry_out(
        client,
        path,
        Task("summary", "summarization", {"text": FILE, "sentence_count": 3.0}),
        Task("speech", "text-to-speech", {"text": OutputRef("summary", "text")}),
        Task("language", "text-classification", {"text": FILE, "domain": "language"}),
        Task("feeling", "text-classification", {"text": FILE, "domain": "sentiment"}),
        Task("topic", "zero-shot-classification", {"text": FILE, "labels": ("computers", "gardening", "cooking")}),
    )

    results = {result.task_id: result.outputs for result in answer.results}
    summary = results["summary"]["text"]
    assert isinstance(summary, str)
    assert 0 < len(summary) < 5_000
    # Each sentence of an extractive summary stands in the text.
    whole = " ".join(texts.long_text().split())
    assert " ".join(summary.split())[:60] in whole
    assert measures.sound(made(client, results["speech"]["audio"]))["loudness"] > 0.01
    assert results["language"]["label"] == "English"
    assert results["feeling"]["label"] in {"positive", "neutral", "negative"}
    assert results["topic"]["label"] == "computers"


@pytest.mark.parametrize("name", ["brief.txt", "hotel.txt"])
def test_a_text_file_is_spoken_whole(name: str, client: orchestrion.Client, library: Library) -> None:
    spoken = measures.sound(made(client, outputs(client, library.path(name), "text-to-speech")["audio"]))
    # Nobody speaks more than 25 letters a second.
    assert spoken["seconds"] > library.path(name).stat().st_size / 25
