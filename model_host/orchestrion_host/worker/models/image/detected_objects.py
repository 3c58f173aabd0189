"""Detections as the outputs that their task types have: objects, a count, a sentence, an annotated image."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media.image import counting, drawing, image_outputs
from orchestrion_host.worker.media.image.detections import Detection
from orchestrion_host.worker.runtimes import Outputs


def describe(
    call: Call,
    image: Image.Image,
    detections: Sequence[Detection],
    what: str = "objects",
    labels: Sequence[str] = (),
) -> Outputs:
    """Tells objects in words, as data and as an image with their boxes.

    Args:
        call: The call that brought the image as `image`.
        image: The image, RGB or RGBA, with the format that it was read in.
        detections: The objects, their boxes in pixels of the image.
        what: What was looked for, in the plural: `no faces` is told where there are none, and `nothing` for objects.
        labels: The names of what was asked for; others are left out, and `no zebras` is told of what there is none of.
            All objects where there are no names.
    """
    requested = [item for item in detections if not labels or item.label in labels]
    ranked = sorted(requested, key=lambda detection: (-detection.score, detection.box.x_min, detection.box.y_min))
    # What lies outside, or on the edge alone, cannot be shown.
    inside = [
        Detection(item.label, item.score, item.box.within(image.width, image.height))
        for item in ranked
        if item.box.within(image.width - 1, image.height - 1).width >= 1
        and item.box.within(image.width - 1, image.height - 1).height >= 1
    ]
    return {
        "text": counting.in_words(
            (item.label for item in inside), "nothing" if what == "objects" else f"no {what}", labels
        ),
        "count": float(len(inside)),
        "objects": {"json": [item.plain() for item in inside]},
        "annotated_image": image_outputs.write(
            call, "image", drawing.with_boxes(image, inside), what, file_format=image.format
        ),
    }
