"""The experts on OpenCV, on a real host: faces, and every kind of file that people have."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from PIL import Image

from orchestrion.errors import InvalidArgumentError
from orchestrion.experts import ExpertState
from orchestrion.v1 import artifacts_pb2
from orchestrion.values import ArtifactRef, Json
from tests.rpc.host.hosts import RunningHost
from tests.rpc.host.vision import (
    ASTRONAUT,
    GROUPS,
    PICTURES,
    assert_same_places,
    boxes,
    detail,
    distance,
    edges,
    encoded,
    find,
    group,
    make,
    on_page,
    overlap,
    put,
    stored,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("text", GROUPS)
async def test_each_face_is_found_where_it_is_at_any_size(host: RunningHost, text: str) -> None:
    picture, wanted = group(text)
    outputs = await find(host, encoded(picture, "JPEG", quality=90), domain="faces")
    assert outputs["text"] == text
    assert_same_places(boxes(outputs), wanted)


async def test_findings_are_told_as_the_task_type_says_the_surest_first(host: RunningHost) -> None:
    outputs = await find(host, encoded(group("3 faces")[0], "JPEG", quality=90))
    objects = outputs["objects"]
    assert isinstance(objects, Json)
    assert {result["label"] for result in objects.data} == {"face"}
    scores = [result["score"] for result in objects.data]
    assert scores == sorted(scores, reverse=True)
    assert all(0.7 <= score < 1 for score in scores)


@pytest.mark.parametrize("name", ["bridge.jpg", "icy_road.jpg", "station.jpg"])
async def test_signs_have_no_faces(host: RunningHost, name: str) -> None:
    content = (PICTURES / name).read_bytes()
    outputs = await find(host, content)
    assert (outputs["text"], outputs["count"], boxes(outputs)) == ("no faces", 0.0, [])
    drawn, _, _ = stored(host, outputs["annotated_image"])
    # Nothing is drawn; only JPEG lost a little.
    assert distance(drawn, Image.open(io.BytesIO(content))) < 5


async def test_faces_are_found_by_name_and_nothing_else_is(host: RunningHost) -> None:
    content = encoded(group("1 face")[0], "JPEG", quality=90)
    assert (await find(host, content, labels=("Faces",)))["text"] == "1 face"
    both = await find(host, content, labels=("zebra", "face"))
    assert (both["count"], both["not_told_apart"]) == (1.0, Json(["zebra"]))
    with pytest.raises(InvalidArgumentError, match=r"`zebra`, which .* It knows face;") as caught:
        await find(host, content, labels=("zebra",))
    assert caught.value.field == "inputs.labels"


async def test_a_photograph_that_lies_on_its_side_is_turned_and_its_boxes_with_it(host: RunningHost) -> None:
    picture, wanted = group("2 faces")
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=90, exif=exif)
    outputs = await find(host, turned)
    assert_same_places(boxes(outputs), wanted)
    drawn, media_type, file_name = stored(host, outputs["annotated_image"])
    assert (drawn.size, media_type, file_name) == (picture.size, "image/jpeg", "me.old-faces.jpg")


async def test_the_threshold_says_how_sure_to_be(host: RunningHost) -> None:
    content = encoded(group("2 faces")[0], "JPEG", quality=90)
    everything = await find(host, content, threshold=0.0)
    assert len(boxes(everything)) > 2
    assert_same_places(boxes(await find(host, content, threshold=0.5)), group("2 faces")[1])
    assert (await find(host, content, threshold=1.0))["text"] == "no faces"


async def test_boxes_are_drawn_where_the_faces_are_and_nowhere_else(host: RunningHost) -> None:
    picture, (face,) = group("1 face")
    transparent = picture.convert("RGBA")
    transparent.putalpha(Image.new("L", picture.size, 254))
    drawn, media_type, file_name = stored(host, (await find(host, encoded(transparent)))["annotated_image"])
    assert (drawn.mode, media_type, file_name) == ("RGBA", "image/png", "me.old-faces.png")
    changed = np.asarray(drawn.convert("RGB"), int) - np.asarray(picture, int)
    rows, columns = np.nonzero(np.abs(changed).max(axis=2))
    # The frame, and the label above it.
    assert overlap((columns.min(), rows.min(), columns.max(), rows.max()), face) > 0.5
    middle = changed[int(face[1]) + 30 : int(face[3]) - 30, int(face[0]) + 30 : int(face[2]) - 30]
    assert not middle.any()


async def test_faces_are_found_in_a_wide_panorama(host: RunningHost) -> None:
    picture, wanted = on_page((9000, 500), [(300, 50, 1.6), (8300, 100, 1.3)])
    assert_same_places(boxes(await find(host, encoded(picture, "JPEG"))), wanted)


def _animation(picture: Image.Image) -> bytes:
    other = Image.new("RGB", picture.size, "navy")
    return encoded(picture.quantize(128), "GIF", save_all=True, append_images=[other.quantize(8)], duration=100)


def _sixteen_bits(picture: Image.Image) -> bytes:
    return encoded(Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257))


FORMATS: Mapping[str, Callable[[Image.Image], bytes]] = {
    "jpeg": lambda picture: encoded(picture, "JPEG"),
    "progressive-jpeg": lambda picture: encoded(picture, "JPEG", progressive=True),
    "grey-jpeg": lambda picture: encoded(picture.convert("L"), "JPEG"),
    "cmyk-jpeg": lambda picture: encoded(picture.convert("CMYK"), "JPEG"),
    "png-with-alpha": lambda picture: encoded(picture.convert("RGBA")),
    "grey-png-with-alpha": lambda picture: encoded(picture.convert("LA")),
    "palette-png": lambda picture: encoded(picture.quantize(64)),
    "16-bit-png": _sixteen_bits,
    "gif": lambda picture: encoded(picture.quantize(128), "GIF"),
    "animated-gif": _animation,
    "webp": lambda picture: encoded(picture, "WEBP"),
    "bmp": lambda picture: encoded(picture, "BMP"),
    "tiff": lambda picture: encoded(picture, "TIFF"),
}


@pytest.mark.parametrize("form", FORMATS)
async def test_every_kind_of_file_that_people_have_is_read(host: RunningHost, form: str) -> None:
    picture, wanted = group("1 face")
    content = FORMATS[form](picture)
    assert_same_places(boxes(await find(host, content)), wanted)
    blurred, media_type, file_name = await make(host, content, "blur")
    assert blurred.size == picture.size
    assert detail(blurred) < 0.2 * detail(picture)
    jpeg = form.endswith("jpeg")
    assert (media_type, file_name) == (
        ("image/jpeg", "me.old-blurred.jpg") if jpeg else ("image/png", "me.old-blurred.png")
    )
    drawn, _, _ = await edges(host, content)
    assert drawn.size == picture.size


@pytest.mark.parametrize(
    "picture", [Image.new("RGB", (1, 1), "red"), Image.fromarray(np.full((1, 1), 65535, np.uint16))]
)
async def test_a_picture_of_one_pixel_is_a_picture(host: RunningHost, picture: Image.Image) -> None:
    content = encoded(picture)
    assert (await find(host, content))["text"] == "no faces"
    assert (await edges(host, content))[0].size == (1, 1)
    shade = (255, 0, 0) if picture.mode == "RGB" else (255, 255, 255)
    for operation in ("denoise", "upscale", "blur", "sharpen"):
        made, _, _ = await make(host, content, operation)
        assert made.size == ((2, 2) if operation == "upscale" else (1, 1))
        # Non-local means works in another colour space, and rounds on the way.
        assert distance(made, Image.new("RGB", made.size, shade)) <= 1


@pytest.mark.parametrize("expert", ["opencv-faces", "opencv"])
async def test_what_is_no_picture_or_too_large_a_one_is_turned_away(host: RunningHost, expert: str) -> None:
    task_type = "object-detection" if expert == "opencv-faces" else "canny-control"
    whole = ASTRONAUT.read_bytes()
    for content in (b"", b"GIF89a", whole[:2000], encoded(Image.new("1", (12_000, 12_000)))):
        with pytest.raises(InvalidArgumentError) as caught:
            await host.client.infer_with(expert, {"image": put(host, content)}, task_type=task_type)
        assert caught.value.field == "inputs.image"
    assert (await host.client.status(expert)).state is ExpertState.LOADED


async def test_what_the_experts_take_is_measured(host: RunningHost) -> None:
    await host.client.load("opencv")
    await host.client.load("opencv-faces")
    for expert in ("opencv", "opencv-faces"):
        assert (await host.client.status(expert)).memory_bytes < 200_000_000
    assert (await host.client.status("opencv-faces")).memory_bytes > 1_000_000


async def test_what_is_made_of_content_with_two_names_is_called_after_each(host: RunningHost) -> None:
    artifacts, content = host.controller.artifacts, encoded(Image.new("RGB", (20, 20), "red"))
    menu = put(host, content, "menu.png")
    copy = ArtifactRef(f"{menu.name}-0123456789ab")
    artifacts.contents[copy.name] = content
    artifacts.artifacts[copy.name] = artifacts_pb2.Artifact(name=copy.name, file_name="copy of menu.png")
    downloads_before = artifacts.download_count

    grey = [
        await host.client.infer_with("opencv", {"image": image, "operation": "greyscale"}, task_type="image-to-image")
        for image in (menu, copy, menu)
    ]
    # What is made has the same content each time, so that the names are those of the uploads.
    assert artifacts.file_names[-3:] == ["menu-grey.png", "copy of menu-grey.png", "menu-grey.png"]
    assert len({one.outputs["image"] for one in grey}) == 1
    assert artifacts.download_count == downloads_before + 1
