"""Masks of things without names, as the task type describes them: as images, as data, and drawn over the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from orchestrion.values import JsonObject
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media.image import image_outputs, masks
from orchestrion_host.worker.media.image.detections import Box, Detection
from orchestrion_host.worker.media.image.masks import Mask
from orchestrion_host.worker.runtimes import Outputs


@dataclass(frozen=True, slots=True)
class ScoredMask:
    """A mask, how sure the model is of it, and the box around it."""

    mask: Mask
    """Of the proportions of the image."""
    score: float
    box: Box


def describe(call: Call, image: Image.Image, scored: Sequence[ScoredMask]) -> Outputs:
    """Describes masks and returns the outputs of a call.

    Args:
        call: The call that brought the image.
        image: The image, RGB or RGBA.
        scored: The masks, none of them empty, in the order in which they are told.

    Raises:
        RunCancelledError: Nobody waits for it any more.
    """
    # Stretched over the image one at a time: all of them together would fill the memory.
    objects = [_described(item, _stretched(item.mask, image.size)) for item in scored]
    # The largest first, so that the smaller ones lie on top of them.
    order = sorted(scored, key=lambda item: -int(item.mask.sum()))
    drawn = masks.drawn_over(image, (masks.MaskedArea("", _stretched(item.mask, image.size)) for item in order))
    return {
        "count": float(len(objects)),
        "masks": [
            image_outputs.write(
                call, "image", masks.white_on_black(_stretched(item.mask, image.size)), f"mask-{number}"
            )
            for number, item in enumerate(scored, 1)
        ],
        "objects": {"json": objects},
        "annotated_image": image_outputs.write(call, "image", drawn, "masks", file_format=image.format),
    }


def _described(item: ScoredMask, mask: Mask) -> JsonObject:
    return {
        "score": round(item.score, 4),
        "box": Detection("", 0.0, masks.box_of(mask)).plain()["box"],
        "area_share": round(float(mask.mean()), 6),
    }


def _stretched(mask: Mask, size: tuple[int, int]) -> Mask:
    if mask.shape == (size[1], size[0]):
        return mask
    full: Mask = np.asarray(masks.white_on_black(mask).resize(size, Image.Resampling.NEAREST)) > 0
    return full
