"""Finds faces in two looks: a quick one over a reduced image, then a close one at each place that it brings up.

Quick looks are those of Haar cascades, which find upright faces, and of BlazeFace, which also finds turned ones and
says by how much. The close look shows every candidate upright at the same size, so that what it counts can be compared.
Its score is a logistic regression over those counts; see `score`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import cv2
import numpy as np

from orchestrion_host.worker.engines.image import blaze_face
from orchestrion_host.worker.engines.image.blaze_face import BlazeFace, FacePlace
from orchestrion_host.worker.engines.image.haar_cascades import Cascades, Grey, grouped, mean
from orchestrion_host.worker.library_types import Array
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
# Cascades see faces that are turned by less, and people rarely turn their heads by more.
_SMALLEST_ANGLE: Final = 8.0
_LARGEST_ANGLE: Final = 60.0
_LOWEST_TURNED: Final = 0.7
_MOST_TURNED: Final = 30
_TURNED_REACH: Final = 1.25
"""How far to each side of its middle a turned face is looked at, in sides of its box."""


class Point(NamedTuple):
    """A place in pixels."""

    x: float
    y: float


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


def find(
    image: Array, cascades: Cascades, network: BlazeFace, on_progress: Callable[[float], None]
) -> Sequence[Detection]:
    """Returns the faces in an upright image and whatever looks a little like one, the surest first.

    Args:
        image: RGB bytes of shape (height, width, 3). Faces are found from about a fortieth of the longer side.
        cascades: What to look with.
        network: What to look for turned faces with.
        on_progress: Called between steps with what is done, 0 to 1; may raise to end the search.
    """
    return without_repeats(
        Detection(LABEL, score(evidence), evidence.box.within(image.shape[1], image.shape[0]))
        for evidence in collect(image, cascades, network, on_progress)
    )


def collect(
    image: Array, cascades: Cascades, network: BlazeFace, on_progress: Callable[[float], None]
) -> list[Evidence]:
    """Returns the evidence at each place that the quick looks bring up; arguments as for `find`."""
    on_progress(0.0)
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    reduced, factor = _reduced(grey, _FRONTAL_PIXELS)
    frontal = grouped(cascades.search_frontal(reduced, _SMALLEST_FRONTAL))[:_MOST_FRONTAL]
    places = [(box.scaled(1 / factor), count) for box, count in frontal]
    on_progress(0.2)
    reduced, factor = _reduced(grey, _PROFILE_PIXELS)
    profile = grouped(cascades.search_profile(reduced, _SMALLEST_PROFILE))[:_MOST_PROFILE]
    places += [(box.scaled(1 / factor), count) for box, count in profile]
    candidates = blaze_face.search(image, network, _LOWEST_TURNED, lambda done: on_progress(0.3 + 0.2 * done))
    turned = [place for place in candidates if _SMALLEST_ANGLE <= abs(place.angle) <= _LARGEST_ANGLE][:_MOST_TURNED]
    evidence: list[Evidence] = []
    for number, (box, count) in enumerate(places):
        on_progress(0.5 + 0.4 * number / len(places))
        evidence.append(_look_closely(grey, box, count, cascades))
    for number, place in enumerate(turned):
        on_progress(0.9 + 0.1 * number / len(turned))
        evidence.append(_look_at_turned(grey, place, cascades))
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


def _look_at_turned(image: Grey, place: FacePlace, cascades: Cascades) -> Evidence:
    """Looks at a place as the quick look would have, had the face been upright, and then closely."""
    middle = Point((place.box.x_min + place.box.x_max) / 2, (place.box.y_min + place.box.y_max) / 2)
    reach = _TURNED_REACH * max(place.box.width, place.box.height)
    side = 2 * round(_TURNED_REACH * _FACE_SIDE)
    scale = side / (2 * reach)
    turn = cv2.getRotationMatrix2D(middle, place.angle, scale)
    turn[:, 2] += side / 2 - np.array(middle)
    upright = cv2.warpAffine(image, turn, (side, side), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    windows = grouped(cascades.search_frontal(np.asarray(upright), _SMALLEST_FRONTAL))
    centre = side / 2
    around = [
        (box, count) for box, count in windows if box.x_min < centre < box.x_max and box.y_min < centre < box.y_max
    ]
    box, count = around[0] if around else (_square(Point(centre, centre), _FACE_SIDE), 0)
    evidence = _look_closely(np.asarray(upright), box, count, cascades)
    own = evidence.box
    # Back to the image: the middle is turned with it, the box stands upright around the turned face.
    back = cv2.invertAffineTransform(turn)
    x, y = back @ np.array([(own.x_min + own.x_max) / 2, (own.y_min + own.y_max) / 2, 1.0])
    return replace(evidence, box=_square(Point(float(x), float(y)), own.width / scale))


def _square(middle: Point, side: float) -> Box:
    return Box(middle.x - side / 2, middle.y - side / 2, middle.x + side / 2, middle.y + side / 2)


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
    """Cuts a box out, repeating the image's edge beyond it, and returns it at a size, its light evened out."""
    left, top = math.floor(box.x_min), math.floor(box.y_min)
    right, bottom = max(math.ceil(box.x_max), left + 1), max(math.ceil(box.y_max), top + 1)
    rows = np.clip(np.arange(top, bottom), 0, image.shape[0] - 1)
    columns = np.clip(np.arange(left, right), 0, image.shape[1] - 1)
    cut = image[rows[:, None], columns]
    shrinks = right - left > width
    resized = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(cv2.equalizeHist(resized))
