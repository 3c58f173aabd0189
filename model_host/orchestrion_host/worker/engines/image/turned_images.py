"""Images turned by an angle, whole, and the way back from their points."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from orchestrion_host.worker.library_types import Array


@dataclass(frozen=True, slots=True)
class TurnedImage:
    """An image that was turned."""

    image: Array
    """It, on a canvas that is large enough for its corners; beyond its edge goes on as it is there."""
    angle: float
    """By how much it was turned to the left, in degrees."""
    back: Array
    """The affine map of shape (2, 3) that takes its points to those of the original."""

    def point_in_original(self, x: float, y: float) -> tuple[float, float]:
        """Returns where a point was, in pixels."""
        original_x, original_y = (self.back @ np.array([x, y, 1.0])).tolist()
        return original_x, original_y


def turned_image(image: Array, angle: float) -> TurnedImage:
    """Turns an image around its middle.

    Args:
        image: Bytes of shape (height, width) or (height, width, channels).
        angle: By how much to the left, in degrees.
    """
    height, width = image.shape[:2]
    sine, cosine = abs(math.sin(math.radians(angle))), abs(math.cos(math.radians(angle)))
    wide, high = math.ceil(width * cosine + height * sine), math.ceil(width * sine + height * cosine)
    forth = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    forth[:, 2] = forth[:, 2] + np.array([(wide - width) / 2, (high - height) / 2])
    turned = cv2.warpAffine(image, forth, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return TurnedImage(np.asarray(turned), angle, np.asarray(cv2.invertAffineTransform(forth)))
