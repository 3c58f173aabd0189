"""The requests of the HuggingGPT articles, their plans given, on tiny checkpoints."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
import soundfile
from PIL import Image, ImageOps

from orchestrion.answers import Answer
from orchestrion.plans import Plan, Task
from orchestrion.values import ArtifactRef, JsonObject, OutputRef, Value
from tests.checkpoints.vision import CATS
from tests.tasks.platform import TinyPlatform

pytestmark = [pytest.mark.tasks, pytest.mark.timeout(400)]

CAT = Path(__file__).parents[1] / "media" / "cat.jpg"
COFFEE = Path(__file__).parents[1] / "media" / "coffee.jpg"
PICTURE = ArtifactRef("attachments/1")


def task(task_id: str, task_type: str, /, **inputs: Value) -> Task:
    return Task(task_id, task_type, inputs)


def outputs(platform: TinyPlatform, answer: Answer, task_id: str) -> JsonObject:
    result = answer.result(task_id)
    assert result is not None
    return platform.outputs(result.outputs)


def test_animals_are_counted_over_three_pictures(platform: TinyPlatform, tmp_path: Path) -> None:
    """Given A, B and C: how many cats are in them?"""
    mirrored = tmp_path / "mirrored.png"
    with Image.open(CAT) as cat:
        ImageOps.mirror(cat).save(mirrored)
    files = [CAT, COFFEE, mirrored]
    pictures = tuple(ArtifactRef(f"attachments/{number}") for number in (1, 2, 3))
    plan = Plan((task("count", "object-detection", image=pictures),))
    answer = platform.carry_out(plan, files)
    results = outputs(platform, answer, "count")
    assert len(results["count"]) == len(results["objects"]) == len(results["annotated_image"]) == 3
    assert [len(objects) for objects in results["objects"]] == results["count"]
    for path, original in zip(results["annotated_image"], files, strict=True):
        with Image.open(path) as drawn, Image.open(original) as picture:
            assert drawn.size == picture.size
    # Folded into one sentence: the sum over the three, and each of them.
    assert answer.text.startswith(f"I found {sum(results['count']):.0f} cats in all: {CATS} cats in cat.jpg, ")
    assert set(answer.artifacts) >= {value.name for value in _artifacts(answer, "count", "annotated_image")}


def test_a_girl_in_the_pose_of_a_boy_is_drawn_described_and_told(platform: TinyPlatform) -> None:
    """Take the pose of the boy, draw a girl reading a book in that pose, describe the new picture in a voice."""
    plan = Plan(
        (
            task("pose", "openpose-control", image=PICTURE),
            task(
                "girl",
                "openpose-text-to-image",
                prompt="a girl who reads a book",
                image=OutputRef("pose", "image"),
                steps=2.0,
                seed=7.0,
            ),
            task("caption", "image-to-text", image=OutputRef("girl", "image"), domain="caption"),
            task("voice", "text-to-speech", text=OutputRef("caption", "text")),
        )
    )
    answer = platform.carry_out(plan, [CAT])
    with Image.open(outputs(platform, answer, "pose")["image"]) as pose, Image.open(CAT) as picture:
        assert pose.size == picture.size
    with Image.open(outputs(platform, answer, "girl")["image"]) as girl:
        assert girl.mode == "RGB"
    assert outputs(platform, answer, "caption")["text"].strip()
    samples, rate = soundfile.read(outputs(platform, answer, "voice")["audio"])
    assert rate > 0
    assert len(samples)


def test_one_picture_is_described_in_five_ways_at_once(platform: TinyPlatform) -> None:
    """Look at the picture and tell its caption, classes, objects, segments, and the answer to a question."""
    plan = Plan(
        (
            task("caption", "image-to-text", image=PICTURE, domain="caption"),
            task("classes", "image-classification", image=PICTURE),
            task("objects", "object-detection", image=PICTURE),
            task("segments", "image-segmentation", image=PICTURE),
            task("question", "visual-question-answering", image=PICTURE, question="What is on the table?"),
        )
    )
    answer = platform.carry_out(plan, [CAT])
    assert sorted(result.task_id for result in answer.results) == sorted(item.id for item in plan.tasks)
    assert outputs(platform, answer, "caption")["text"].strip()
    assert 0 <= outputs(platform, answer, "classes")["score"] <= 1
    assert outputs(platform, answer, "objects")["count"] == len(outputs(platform, answer, "objects")["objects"])
    assert outputs(platform, answer, "segments")["count"] == len(outputs(platform, answer, "segments")["segments"])
    assert outputs(platform, answer, "question")["answer"].strip()


def test_a_video_is_made_and_dubbed_in_parallel(platform: TinyPlatform) -> None:
    """Make a video of an astronaut who walks in space, and a voice that tells of it."""
    words = "An astronaut walks in space."
    plan = Plan(
        (
            task("video", "text-to-video", prompt=words, steps=2.0, seed=1.0),
            task("voice", "text-to-speech", text=words),
        )
    )
    answer = platform.carry_out(plan)
    with av.open(str(outputs(platform, answer, "video")["video"])) as video:
        assert video.streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in video.decode(video=0)) > 1
    samples, _ = soundfile.read(outputs(platform, answer, "voice")["audio"])
    assert len(samples)


def _artifacts(answer: Answer, task_id: str, output: str) -> list[ArtifactRef]:
    result = answer.result(task_id)
    assert result is not None
    value = result.outputs[output]
    assert isinstance(value, tuple)
    return [item for item in value if isinstance(item, ArtifactRef)]
