"""The way of a person into a pose model and of its heatmaps back: crops around boxes, and joints from heatmaps.

Both as ViTPose was trained (mmpose): unbiased coordinates (Huang et al., CVPR 2020) and refinement of the maxima by the
distribution around them (Zhang et al., CVPR 2020).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image.detections import Box

# A person is seen with some surroundings.
_SURROUNDINGS: Final = 1.25
_SIGMA: Final = 0.8
_RADIUS: Final = 5
_LOWEST: Final = 1e-3
_HIGHEST: Final = 50.0


def framed(box: Box, width: int, height: int) -> Box:
    """Widens a box to the shape of the model's input, with some surroundings.

    Args:
        box: A person, in pixels of the image.
        width: Of the model's input.
        height: Of the model's input.
    """
    shape = width / height
    wide = max(box.width, box.height * shape) * _SURROUNDINGS
    high = max(box.height, box.width / shape) * _SURROUNDINGS
    x, y = (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2
    return Box(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)


def crop(image: Image.Image, frame: Box, width: int, height: int) -> Image.Image:
    """Cuts a frame out in the size of the model's input; what lies outside of the image is black."""
    # Pixel 0 of the input lies on the left edge of the frame, the last one on its right edge.
    x_step, y_step = frame.width / (width - 1), frame.height / (height - 1)
    # Pillow counts from the corner of a pixel, half a pixel before its middle.
    x_start = frame.x_min + 0.5 - x_step / 2
    y_start = frame.y_min + 0.5 - y_step / 2
    steps = (x_step, 0.0, x_start, 0.0, y_step, y_start)
    return image.transform((width, height), Image.Transform.AFFINE, steps, Image.Resampling.BILINEAR)


def joints(heatmaps: Array, frames: list[Box]) -> tuple[Array, Array]:
    """Finds the joints of persons.

    Args:
        heatmaps: Float array of shape (persons, joints, height, width).
        frames: What of the image each person's heatmaps cover.

    Returns:
        Their points in pixels of the image, of shape (persons, joints, 2), and their scores, of shape
        (persons, joints).
    """
    persons, count, height, width = heatmaps.shape
    flat = heatmaps.reshape(persons, count, -1)
    best = flat.argmax(axis=2)
    scores = flat.max(axis=2)
    x, y = best % width, best // width
    x_shift, y_shift = _refinements(np.log(_smooth(heatmaps).clip(_LOWEST, _HIGHEST)), x, y)
    sizes = np.array([(frame.width / (width - 1), frame.height / (height - 1)) for frame in frames])
    corners = np.array([(frame.x_min, frame.y_min) for frame in frames])
    places = np.stack([x + x_shift, y + y_shift], axis=2)
    return places * sizes[:, None] + corners[:, None], scores


def _smooth(heatmaps: Array) -> Array:
    """Blurs each heatmap by a Gaussian; beyond its rim it goes on as in a mirror."""
    steps = np.arange(-_RADIUS, _RADIUS + 1)
    weights = np.exp(-(steps**2) / (2 * _SIGMA**2))
    weights /= weights.sum()
    for axis in (2, 3):
        margins = [(0, 0)] * 4
        margins[axis] = (_RADIUS, _RADIUS)
        padded = np.pad(heatmaps, margins, mode="symmetric")
        length = heatmaps.shape[axis]
        moved = (np.take(padded, range(step, step + length), axis=axis) for step in range(len(weights)))
        heatmaps = sum(weight * part for weight, part in zip(weights, moved, strict=True))
    return heatmaps


def _refinements(logarithms: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Returns how far the true maxima lie beside the largest values: one step of Newton's method, in pixels."""
    padded = np.pad(logarithms, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    person, joint = np.indices(x.shape)

    def at(right: int, down: int) -> Array:
        values: Array = padded[person, joint, y + 1 + down, x + 1 + right]
        return values

    across, down = (at(1, 0) - at(-1, 0)) / 2, (at(0, 1) - at(0, -1)) / 2
    tiny = np.finfo(np.float32).eps
    across2 = at(1, 0) - 2 * at(0, 0) + at(-1, 0) + tiny
    down2 = at(0, 1) - 2 * at(0, 0) + at(0, -1) + tiny
    mixed = (at(1, 1) - at(1, 0) - at(0, 1) + 2 * at(0, 0) - at(-1, 0) - at(0, -1) + at(-1, -1)) / 2
    determinant = across2 * down2 - mixed**2
    # A maximum curves down in all directions; elsewhere there is nothing to refine.
    peaked = (determinant > tiny) & (across2 < 0)
    safe = np.where(peaked, determinant, 1.0)
    x_shift = np.where(peaked, -(down2 * across - mixed * down) / safe, 0.0)
    y_shift = np.where(peaked, -(across2 * down - mixed * across) / safe, 0.0)
    # A true maximum lies beside no other pixel's middle.
    return x_shift.clip(-1, 1), y_shift.clip(-1, 1)
