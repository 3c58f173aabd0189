"""Skeletons as OpenPose draws them: coloured limbs and joints on black, as ControlNet was taught to read them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from PIL import Image, ImageDraw

Point: TypeAlias = tuple[float, float]
"""x and y in pixels of the image."""

Skeleton: TypeAlias = Mapping[int, Point]
"""Where each joint is that was found, by OpenPose's number of it: 0 the nose, 1 the neck, …, 17 the left ear."""

# Joints by number: nose, neck, right shoulder, elbow, wrist, left shoulder, elbow, wrist, right hip, knee, ankle,
# left hip, knee, ankle, right eye, left eye, right ear, left ear.
_LIMBS: Final = (
    (1, 2),
    (1, 5),
    (2, 3),
    (3, 4),
    (5, 6),
    (6, 7),
    (1, 8),
    (8, 9),
    (9, 10),
    (1, 11),
    (11, 12),
    (12, 13),
    (1, 0),
    (0, 14),
    (14, 16),
    (0, 15),
    (15, 17),
)
# One for each joint; limbs have the first 17, darkened.
_COLOURS: Final = (
    (255, 0, 0),
    (255, 85, 0),
    (255, 170, 0),
    (255, 255, 0),
    (170, 255, 0),
    (85, 255, 0),
    (0, 255, 0),
    (0, 255, 85),
    (0, 255, 170),
    (0, 255, 255),
    (0, 170, 255),
    (0, 85, 255),
    (0, 0, 255),
    (85, 0, 255),
    (170, 0, 255),
    (255, 0, 255),
    (255, 0, 170),
    (255, 0, 85),
)
_LIMB_SHARE: Final = 0.6
# On the images of 512 pixels that ControlNet was taught with, joints and limbs are 4 pixels to each side.
_RADIUS_SHARE: Final = 4 / 512
_STEPS: Final = 36
# The five points of COCO's face and the twelve of its body, by OpenPose's numbers; COCO has no neck.
_OF_COCO: Final = (0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10)
_NECK: Final = 1
_SHOULDERS: Final = (2, 5)


def from_coco(points: Sequence[Point], scores: Sequence[float], threshold: float) -> Skeleton:
    """Names COCO's 17 joints in OpenPose's way; the neck lies in the middle of the shoulders.

    Args:
        points: The joints in COCO's order, from the nose to the right ankle.
        scores: How surely each was found, 0 to 1.
        threshold: Joints with a lower score are left out.
    """
    joints = zip(_OF_COCO, points, scores, strict=True)
    visible = {number: point for number, point, score in joints if score >= threshold}
    if all(number in visible for number in _SHOULDERS):
        right, left = (visible[number] for number in _SHOULDERS)
        visible[_NECK] = ((right[0] + left[0]) / 2, (right[1] + left[1]) / 2)
    return visible


def draw(size: tuple[int, int], skeletons: Sequence[Skeleton]) -> Image.Image:
    """Draws skeletons on black, each limb an ellipse between its joints, and the joints on top.

    Args:
        size: Width and height of the image in pixels.
        skeletons: One a person.
    """
    canvas = Image.new("RGB", size)
    drawing = ImageDraw.Draw(canvas)
    radius = max(1.0, min(size) * _RADIUS_SHARE)
    for skeleton in skeletons:
        for (start, end), colour in zip(_LIMBS, _COLOURS, strict=False):
            if start in skeleton and end in skeleton:
                dark = (int(colour[0] * _LIMB_SHARE), int(colour[1] * _LIMB_SHARE), int(colour[2] * _LIMB_SHARE))
                drawing.polygon(_ellipse(skeleton[start], skeleton[end], radius), fill=dark)
    for skeleton in skeletons:
        for number, (x, y) in skeleton.items():
            drawing.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_COLOURS[number])
    return canvas


def _ellipse(start: Point, end: Point, radius: float) -> list[Point]:
    """Returns the outline of an ellipse from one point to another that is two radiuses thick."""
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    half = math.dist(start, end) / 2
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    outline = []
    for step in range(_STEPS):
        turn = 2 * math.pi * step / _STEPS
        along, beside = half * math.cos(turn), radius * math.sin(turn)
        x = middle[0] + along * math.cos(angle) - beside * math.sin(angle)
        outline.append((x, middle[1] + along * math.sin(angle) + beside * math.cos(angle)))
    return outline
