"""Finds faces in two looks: a quick one over a reduced image, then a close one at each place that it brings up.

The quick look is also at the image turned to either side, for heads that are. The close look shows every candidate
upright at the same size, so that what it counts can be compared. Its score is a logistic regression over those counts;
see `score`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from orchestrion_host.worker.engines.image.haar_cascades import Cascades, Grey, grouped, mean
from orchestrion_host.worker.engines.image.turned_images import turned_image
from orchestrion_host.worker.media.image.detections import Box, Detection, without_repeats

LABEL: Final = "face"
"""What all that is found is called."""

# The quick look's cost grows with the pixels and not with what they show: it is the same for every large photograph.
_FRONTAL_PIXELS: Final = 1_000_000
_PROFILE_PIXELS: Final = 200_000
_SMALLEST_FRONTAL: Final = 26
_SMALLEST_PROFILE: Final = 24
_MOST_FRONTAL: Final = 60
_MOST_PROFILE: Final = 30

_FACE_SIDE: Final = 64
_MARGIN: Final = 0.35
_SMALLEST: Final = round(0.75 * _FACE_SIDE)
_LARGEST: Final = round(1.3 * _FACE_SIDE)
_FEWEST_WINDOWS: Final = 4
_EYES_SIDE: Final = 160
_EYES_SHARE: Final = 0.65
_SMALLEST_EYE: Final = 24
_LARGEST_EYE: Final = 64
_SUREST: Final = 0.999
# Looking for eyes takes as long as all the rest. Most places of the quick look could not become faces by them.
_HOPELESS: Final = 0.25
# Cascades see faces that are turned by up to some 10 degrees: in three steps to either side, up to 45.
_ANGLES: Final = (-36.0, -18.0, 18.0, 36.0)
_SMALLEST_TURNED: Final = 20
_MOST_TURNED: Final = 10


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a face at one place."""

    box: Box
    """Where, in pixels of the full image."""
    group_count: int
    """Windows of the quick look that were joined."""
    frontal_count: int
    """Windows of the close look that three frontal cascades passed, together."""
    profile_count: int
    """Windows that the profile cascade passed, on the side with more of them."""
    eye_count: int
    """Eyes in the upper part."""
    spectacled_eye_count: int
    """Eyes as the cascade sees them that also knows glasses."""


def find(image: Grey, cascades: Cascades, on_progress: Callable[[float], None]) -> Sequence[Detection]:
    """Returns the faces in an upright image and whatever looks a little like one, the surest first.

    Args:
        image: Grey, of any size. Faces are found from about a fortieth of the longer side of a photograph, those of
            heads turned by 10 to 45 degrees from about a thirtieth.
        cascades: What to look with.
        on_progress: Called between steps with what is done, 0 to 1; may raise to end the search.
    """
    return without_repeats(
        Detection(LABEL, score(evidence), evidence.box.within(image.shape[1], image.shape[0]))
        for evidence in collect(image, cascades, on_progress)
    )


def collect(image: Grey, cascades: Cascades, on_progress: Callable[[float], None]) -> list[Evidence]:
    """Returns the evidence at each place that the quick looks bring up; arguments as for `find`."""
    on_progress(0.0)
    reduced, factor = _reduced(image, _FRONTAL_PIXELS)
    frontal = grouped(cascades.search_frontal(reduced, _SMALLEST_FRONTAL))[:_MOST_FRONTAL]
    places = [(box.scaled(1 / factor), count) for box, count in frontal]
    on_progress(0.2)
    reduced, factor = _reduced(image, _PROFILE_PIXELS)
    profile = grouped(cascades.search_profile(reduced, _SMALLEST_PROFILE))[:_MOST_PROFILE]
    places += [(box.scaled(1 / factor), count) for box, count in profile]
    turned: list[tuple[float, Box, int]] = []
    for number, angle in enumerate(_ANGLES):
        on_progress(0.3 + 0.2 * number / len(_ANGLES))
        view = turned_image(reduced, angle)
        groups = grouped(cascades.search_frontal(view.image, _SMALLEST_TURNED))
        turned += [
            (angle, _square(*view.point_in_original(*_middle(box)), box.width).scaled(1 / factor), count)
            for box, count in groups[:_MOST_TURNED]
            if count >= _FEWEST_WINDOWS
        ]
    evidence: list[Evidence] = []
    for number, (box, count) in enumerate(places):
        on_progress(0.5 + 0.4 * number / len(places))
        evidence.append(_look_closely(image, box, count, cascades))
    for number, (angle, box, count) in enumerate(turned):
        on_progress(0.9 + 0.1 * number / len(turned))
        evidence.append(_look_at_turned(image, angle, box, count, cascades))
    return evidence


def score(evidence: Evidence) -> float:
    """Returns how likely a place is a face, 0 to 0.999, since Haar cascades are never certain.

    A logistic regression over logarithms of the counts and over whether there are eyes, which is what separates faces
    from folds and foliage best. It was fitted to 722 candidates from 133 images: group portraits with faces at
    many angles, small and blurred faces of Labeled Faces in the Wild, landscapes, objects, textures, text and drawings.
    At 0.7 it finds 27 of the 33 faces in the portraits it was fitted to (those missed are bent or turned far aside) and
    takes a badge for one; of images that it was not fitted to, it finds 50 small faces in 50 and none in 50 without.
    """
    eyes = evidence.eye_count + evidence.spectacled_eye_count > 0
    sum_ = (
        0.93 * math.log1p(evidence.frontal_count)
        # More than eight are no better than eight: round things have any number.
        + 1.67 * math.log1p(min(evidence.profile_count, 8))
        + 1.72 * eyes
        + 1.83 * min(evidence.spectacled_eye_count, 2) / 2
        + 0.91 * math.log1p(evidence.group_count)
        - 8.18
    )
    return min(1 / (1 + math.exp(-sum_)), _SUREST)


def _look_closely(image: Grey, place: Box, group_count: int, cascades: Cascades) -> Evidence:
    margin = _MARGIN * place.width
    around = Box(place.x_min - margin, place.y_min - margin, place.x_max + margin, place.y_max + margin)
    side = round(_FACE_SIDE * (1 + 2 * _MARGIN))
    patch = _patch(image, around, side, side)
    frontal = cascades.frontal(patch, _SMALLEST, _LARGEST)
    profile = max(cascades.profiles(patch, _SMALLEST, _LARGEST), key=len)
    box = place
    for windows in (frontal, profile):
        if len(windows) >= _FEWEST_WINDOWS:
            box = mean(windows).scaled(around.width / side).moved(around.x_min, around.y_min)
            break
    without_eyes = Evidence(box, group_count, len(frontal), len(profile), 0, 0)
    if score(replace(without_eyes, eye_count=2, spectacled_eye_count=2)) < _HOPELESS:
        return without_eyes
    upper = Box(box.x_min, box.y_min, box.x_max, box.y_min + _EYES_SHARE * box.height)
    height = round(_EYES_SHARE * _EYES_SIDE)
    eyes, spectacled = cascades.eyes(_patch(image, upper, _EYES_SIDE, height), _SMALLEST_EYE, _LARGEST_EYE)
    return replace(without_eyes, eye_count=eyes, spectacled_eye_count=spectacled)


def _look_at_turned(image: Grey, angle: float, place: Box, group_count: int, cascades: Cascades) -> Evidence:
    """Looks closely at a place of an image as it is when the image is turned to the left around it."""
    x, y = _middle(place)
    cut = _cut(image, _square(x, y, place.width * (1 + 4 * _MARGIN)))
    upright = turned_image(cut, angle)
    centre = _square(upright.image.shape[1] / 2, upright.image.shape[0] / 2, place.width)
    evidence = _look_closely(upright.image, centre, group_count, cascades)
    cut_x, cut_y = upright.point_in_original(*_middle(evidence.box))
    left, top = x - cut.shape[1] / 2, y - cut.shape[0] / 2
    return replace(evidence, box=_square(left + cut_x, top + cut_y, evidence.box.width))


def _middle(box: Box) -> tuple[float, float]:
    return (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2


def _square(x: float, y: float, side: float) -> Box:
    return Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def _reduced(image: Grey, pixels: int) -> tuple[Grey, float]:
    """Shrinks an image to so many pixels where it has more; also returns the factor.

    By area and not by its longer side, so that a panorama keeps its height.
    """
    height, width = image.shape
    factor = min(1.0, math.sqrt(pixels / (height * width)))
    if factor == 1.0:
        return image, 1.0
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA)), factor


def _patch(image: Grey, box: Box, width: int, height: int) -> Grey:
    """Cuts a box out and returns it at a size, its light evened out."""
    cut = _cut(image, box)
    shrinks = cut.shape[1] > width
    resized = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(cv2.equalizeHist(resized))


def _cut(image: Grey, box: Box) -> Grey:
    """Cuts a box out, repeating the image's edge beyond it."""
    left, top = math.floor(box.x_min), math.floor(box.y_min)
    right, bottom = max(math.ceil(box.x_max), left + 1), max(math.ceil(box.y_max), top + 1)
    rows = np.clip(np.arange(top, bottom), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, right), 0, image.shape[1] - 1)
    cut: Grey = image[rows[:, None], columns]
    return cut
