"""The experts that see everyday things and poses, on a real host."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from benchmarks.quality.faces import turned
from orchestrion.errors import InvalidArgumentError
from orchestrion.values import Json, Value
from tests.rpc.host.hosts import RunningHost
from tests.rpc.host.vision import ASTRONAUT, PICTURES, boxes, encoded, find, put, stored

pytestmark = pytest.mark.asyncio(loop_scope="session")

CAT = Path(__file__).parents[2] / "media" / "cat.jpg"


async def test_zebras_are_counted_by_name_and_drawn(host: RunningHost) -> None:
    zebras = put(host, (PICTURES / "zebras.jpg").read_bytes(), "zebras.jpg")
    outputs = (await host.client.infer("ssd-mobilenet-coco", image=zebras, labels=("Zebras",))).outputs
    assert (outputs["text"], outputs["count"], len(boxes(outputs))) == ("3 zebras", 3.0, 3)
    drawn, media_type, file_name = stored(host, outputs["annotated_image"])
    assert (drawn.size, media_type, file_name) == ((640, 420), "image/jpeg", "zebras-objects.jpg")


async def test_groups_and_all_that_there_is_are_counted(host: RunningHost) -> None:
    giraffes = put(host, (PICTURES / "giraffes.jpg").read_bytes())
    infer = host.client.infer
    assert (await infer("ssd-mobilenet-coco", image=giraffes, labels=("animals", "vehicles"))).outputs["text"] == (
        "2 giraffes and no vehicles"
    )
    assert (await infer("ssd-mobilenet-coco", image=giraffes)).outputs["text"] == "2 giraffes"
    assert (await infer("ssd-mobilenet-coco", image=giraffes, labels=("zebra",))).outputs["text"] == "no zebras"


async def test_what_it_does_not_tell_apart_is_never_none(host: RunningHost) -> None:
    cat = put(host, CAT.read_bytes())
    outputs = (await host.client.infer("ssd-mobilenet-coco", image=cat, labels=("hedgehogs", "cats"))).outputs
    assert (outputs["count"], outputs["not_told_apart"]) == (1.0, Json(["hedgehogs"]))
    with pytest.raises(InvalidArgumentError, match=r"names `hedgehogs`, .* It knows 80 kinds of things, such as"):
        await host.client.infer("ssd-mobilenet-coco", image=cat, labels=("hedgehogs",))


async def test_the_joints_of_a_person_are_told_and_drawn(host: RunningHost) -> None:
    portrait = put(host, ASTRONAUT.read_bytes())
    outputs = (await host.client.infer("movenet-lightning", image=portrait)).outputs
    people = outputs["poses"]
    assert isinstance(people, Json)
    (joints,) = people.data
    # She looks at us: her left is on the right, and her nose is between her eyes and above her shoulders.
    assert joints["right_eye"]["x"] < joints["nose"]["x"] < joints["left_eye"]["x"]
    assert joints["nose"]["y"] < min(joints[side]["y"] for side in ("left_shoulder", "right_shoulder"))
    assert abs(joints["nose"]["x"] - 225) < 20
    assert abs(joints["nose"]["y"] - 120) < 20
    drawn, media_type, _ = stored(host, outputs["image"])
    assert (drawn.size, media_type, outputs["count"]) == ((512, 512), "image/png", 1.0)
    assert drawn.getbbox() is not None


async def test_where_nobody_is_the_drawing_is_black(host: RunningHost) -> None:
    sign = put(host, (PICTURES / "station.jpg").read_bytes())
    outputs = (await host.client.infer("movenet-lightning", image=sign)).outputs
    assert (outputs["count"], outputs["poses"]) == (0.0, Json([]))
    assert stored(host, outputs["image"])[0].getbbox() is None


@pytest.mark.parametrize("angle", [-40, 30])
async def test_the_face_of_a_head_that_is_turned_is_found(host: RunningHost, angle: int) -> None:
    outputs = await find(host, encoded(turned(angle, 300)), domain="faces")
    assert outputs["text"] == "1 face"


@pytest.mark.parametrize(
    ("expert", "task_type", "inputs"),
    [
        ("ssd-mobilenet-coco", "object-detection", {"labels": ("zebra",)}),
        ("opencv-faces", "object-detection", {}),
        ("efficientnet-lite0", "image-classification", {}),
        ("movenet-lightning", "openpose-control", {}),
        ("opencv", "canny-control", {}),
        ("opencv", "image-to-image", {"operation": "greyscale"}),
    ],
)
async def test_who_looks_at_one_picture_of_several_says_so(
    host: RunningHost, expert: str, task_type: str, inputs: dict[str, Value]
) -> None:
    with Image.open(PICTURES / "zebras.jpg") as zebras, Image.open(ASTRONAUT) as astronaut:
        scan = encoded(zebras, "TIFF", save_all=True, append_images=[astronaut, zebras])
        page = encoded(zebras, "TIFF")
    (seen, alone) = [
        (await host.client.infer_with(expert, {"image": put(host, content), **inputs}, task_type=task_type)).outputs
        for content in (scan, page)
    ]
    assert seen == {**alone, "page_count": 3.0, "unread_page_count": 2.0}
