"""Depth maps and normal maps as images: how near things are, and which way their surfaces face."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from orchestrion_host.worker.library_types import Array

# How steep a surface is that comes from the farthest to the nearest across the shorter side of the image, as the
# tangent of its slope; walls beside a corridor shall look like walls.
_STEEPNESS: Final = 2.5


def nearness(values: Array) -> npt.NDArray[np.float32]:
    """Spreads values that grow towards the camera over 0, the farthest, to 1, the nearest.

    Args:
        values: Float array of shape (height, width). Where all are equal, everything is far.
    """
    finite = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = float(finite.min()), float(finite.max())
    return np.zeros_like(finite) if high <= low else (finite - low) / (high - low)


def normals(near: npt.NDArray[np.float32], background: float) -> npt.NDArray[np.uint8]:
    """Draws the directions of surfaces as ControlNet was taught them: red to the left, green up, blue to the viewer.

    As in ControlNet's own way from depth to normals (Zhang and Agrawala, 2023), they follow from Sobel's differences,
    and the background, where depths are little more than noise, faces the viewer. Unlike there, steepness goes with
    the size of the image, so that an image and its thumbnail have the same normals.

    Args:
        near: Float array of shape (height, width) from 0, the farthest, to 1.
        background: Whatever is farther than this, 0 to 1, faces the viewer.

    Returns:
        Bytes of shape (height, width, 3).
    """
    scale = _STEEPNESS * min(near.shape)
    across = _difference(near, axis=1) * scale
    down = _difference(near, axis=0) * scale
    is_background = near < background
    across[is_background] = 0
    down[is_background] = 0
    directions = np.stack([across, down, np.ones_like(near)], axis=2)
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    return (directions * 127.5 + 128).clip(0, 255).astype(np.uint8)


def _difference(values: Array, axis: int) -> Array:
    """Returns the change for each pixel along an axis, smoothed across it (Sobel's operator, divided by 8)."""
    padded = np.pad(values, 1, mode="edge")
    change: npt.NDArray[np.float32]
    if axis == 1:
        change = padded[:, 2:] - padded[:, :-2]
        return (change[:-2] + 2 * change[1:-1] + change[2:]) / 8
    change = padded[2:] - padded[:-2]
    return (change[:, :-2] + 2 * change[:, 1:-1] + change[:, 2:]) / 8
