"""Pictures with known faces, and calls of the experts on OpenCV with files that people have."""

from __future__ import annotations

import functools
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps

from orchestrion.v1 import artifacts_pb2
from orchestrion.values import ArtifactRef, Json, Value
from tests.rpc.host.hosts import RunningHost

PICTURES = Path(__file__).parents[3] / "examples" / "pictures"
ASTRONAUT = PICTURES / "astronaut.jpg"
FACE = (172, 62, 275, 165)
"""Where the face is in the portrait: left, top, right, bottom."""

Box = tuple[float, float, float, float]


def portrait() -> Image.Image:
    with Image.open(ASTRONAUT) as image:
        return image.convert("RGB")


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def on_page(size: tuple[int, int], portraits: Sequence[tuple[int, int, float]]) -> tuple[Image.Image, list[Box]]:
    """Pastes head and shoulders on grey at (left, top, scale), every second one mirrored; also returns the faces."""
    page, faces = Image.new("RGB", size, (96, 104, 112)), []
    bust = portrait().crop((100, 10, 350, 260))
    for number, (left, top, scale) in enumerate(portraits):
        side = round(250 * scale)
        placed = (ImageOps.mirror(bust) if number % 2 else bust).resize((side, side), Image.Resampling.LANCZOS)
        page.paste(placed, (left, top))
        x_min, x_max = (FACE[0] - 100, FACE[2] - 100) if number % 2 == 0 else (350 - FACE[2], 350 - FACE[0])
        faces.append(
            (left + x_min * scale, top + (FACE[1] - 10) * scale, left + x_max * scale, top + (FACE[3] - 10) * scale)
        )
    return page, faces


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / (sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared)


def put(host: RunningHost, content: bytes, file_name: str = "me.old.img") -> ArtifactRef:
    """Stores a file as if somebody had uploaded it."""
    name = host.controller.artifacts.put(content)
    host.controller.artifacts.artifacts[name] = artifacts_pb2.Artifact(
        name=name, size_bytes=len(content), file_name=file_name
    )
    return ArtifactRef(name)


def stored(host: RunningHost, value: Value) -> tuple[Image.Image, str, str]:
    """Returns an output picture with its media type and file name."""
    assert isinstance(value, ArtifactRef)
    artifact = host.controller.artifacts.artifacts[value.name]
    with Image.open(io.BytesIO(host.controller.artifacts.contents[value.name])) as image:
        image.load()
        assert f"image/{(image.format or '').lower()}" == artifact.media_type
        return image, artifact.media_type, artifact.file_name


async def find(host: RunningHost, content: bytes, **inputs: Value) -> Mapping[str, Value]:
    outputs = (await host.client.infer("opencv-faces", image=put(host, content), **inputs)).outputs
    assert isinstance(outputs["objects"], Json)
    assert outputs["count"] == len(outputs["objects"].data)
    return outputs


def boxes(outputs: Mapping[str, Value]) -> list[Box]:
    objects = outputs["objects"]
    assert isinstance(objects, Json)
    return [tuple(result["box"][side] for side in ("x_min", "y_min", "x_max", "y_max")) for result in objects.data]


def assert_same_places(result: Sequence[Box], wanted: Sequence[Box]) -> None:
    assert len(result) == len(wanted)
    for box in wanted:
        assert max(overlap(box, other) for other in result) > 0.6


async def make(
    host: RunningHost, content: bytes, operation: str, file_name: str = "me.old.img", **inputs: Value
) -> tuple[Image.Image, str, str]:
    values = {"image": put(host, content, file_name), "operation": operation, **inputs}
    outputs = await host.client.infer_with("opencv", values, task_type="image-to-image")
    return stored(host, outputs.outputs["image"])


async def edges(
    host: RunningHost, content: bytes, file_name: str = "me.old.img", **inputs: Any
) -> tuple[Image.Image, str, str]:
    values = {"image": put(host, content, file_name), **inputs}
    outputs = await host.client.infer_with("opencv", values, task_type="canny-control")
    return stored(host, outputs.outputs["image"])


def detail(image: Image.Image) -> float:
    """The variance of the Laplacian: high in a sharp picture, low in a blurred one."""
    return float(cv2.Laplacian(np.asarray(image.convert("L")), cv2.CV_64F).var())


def distance(image: Image.Image, other: Image.Image) -> float:
    """The root of the mean squared difference, in levels."""
    difference = np.asarray(image.convert("RGB"), float) - np.asarray(other.convert("RGB"), float)
    return float(np.sqrt((difference**2).mean()))


GROUPS: Mapping[str, tuple[tuple[int, int], Sequence[tuple[int, int, float]]]] = {
    "1 face": ((500, 400), [(60, 60, 1.0)]),
    "2 faces": ((900, 500), [(40, 40, 1.2), (500, 120, 0.8)]),
    "3 faces": ((1600, 900), [(40, 60, 2.6), (800, 300, 1.3), (1250, 100, 0.6)]),
    # Twelve megapixels, and faces from 100 to 620 pixels wide.
    "4 faces": ((4000, 3000), [(100, 100, 6.0), (1800, 300, 3.0), (2800, 1200, 1.5), (3400, 2400, 1.1)]),
}


@functools.cache
def group(text: str) -> tuple[Image.Image, list[Box]]:
    """Makes one of these pictures; also returns the faces."""
    return on_page(*GROUPS[text])
