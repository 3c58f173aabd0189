"""Segments of images as the task type describes them: in words, as data, as a map, drawn, and cut out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from orchestrion.values import JsonObject
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image import counting, cutouts, image_outputs, masks
from orchestrion_host.worker.media.image.detections import Detection
from orchestrion_host.worker.runtimes import Outputs


@dataclass(frozen=True, slots=True)
class ImageSegment:
    """A part of an image that is one thing, or is of one class."""

    number: int
    """Its number in the map, from 1."""
    label: str
    """What it is."""
    score: float | None = None
    """How sure that is, 0 to 1, where the expert can tell."""


def describe(
    call: Call, image: Image.Image, numbers: Array, segments: Sequence[ImageSegment], opacity: Image.Image
) -> Outputs:
    """Describes segments and returns the outputs of a call.

    Args:
        call: The call that brought the image.
        image: The image, RGB or RGBA.
        numbers: The number of the segment of each pixel, 0 for none; of any size.
        segments: The segments, in the order in which they are told.
        opacity: How much of each pixel belongs to what is cut out, an image of mode L; of any size.

    Raises:
        RunCancelledError: Nobody waits for it any more.
    """
    full = np.asarray(masks.numbered(numbers).resize(image.size, Image.Resampling.NEAREST))
    # Small segments of large maps may vanish in a smaller image.
    shown = [item for item in segments if (full == item.number).any()]
    described = [_described(item, full == item.number) for item in shown]
    areas = (masks.MaskedArea(item.label, full == item.number) for item in shown)
    drawn = masks.drawn_over(image, areas)
    return {
        "text": counting.in_words(item.label for item in shown),
        "count": float(len(described)),
        "segments": {"json": described},
        "cutout": image_outputs.write(call, "image", cutouts.cut(image, opacity), "cutout"),
        "mask": image_outputs.write(call, "image", masks.numbered(full), "mask"),
        "annotated_image": image_outputs.write(call, "image", drawn, "segments", file_format=image.format),
    }


def foreground(numbers: Array, segments: Iterable[ImageSegment]) -> Image.Image:
    """Returns the opacity of a cut-out of all segments that are no background, an image of mode L.

    Args:
        numbers: The number of the segment of each pixel, of shape (height, width).
        segments: The segments with their labels.
    """
    kept = [item.number for item in segments if not cutouts.is_background(item.label)]
    return Image.fromarray(np.isin(numbers, kept).astype(np.uint8) * 255)


def _described(segment: ImageSegment, mask: masks.Mask) -> JsonObject:
    return {
        "id": segment.number,
        "label": segment.label,
        **({"score": round(segment.score, 4)} if segment.score is not None else {}),
        "box": Detection("", 0.0, masks.box_of(mask)).plain()["box"],
        "area_share": round(float(mask.mean()), 6),
    }
