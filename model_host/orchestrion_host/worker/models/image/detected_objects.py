"""Detections as the outputs that their task types have: objects, a count, a sentence, an annotated image."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media.image import counting, drawing, image_outputs
from orchestrion_host.worker.media.image.detections import Detection
from orchestrion_host.worker.media.image.requested_labels import EVERYTHING, RequestedLabels
from orchestrion_host.worker.runtimes import Outputs


def describe(
    call: Call,
    image: Image.Image,
    detections: Sequence[Detection],
    what: str = "objects",
    requested: RequestedLabels = EVERYTHING,
) -> Outputs:
    """Tells objects in words, as data and as an image with their boxes.

    Args:
        call: The call that brought the image as `image`.
        image: The image, RGB or RGBA, with the format that it was read in.
        detections: The objects, their boxes in pixels of the image.
        what: What was looked for, in the plural: `no faces` is told where there are none, and `nothing` for objects.
        requested: What the call asked for; others are left out, and `no zebras` is told of what there is none of.
    """
    wanted = [item for item in detections if requested.includes(item.label)]
    ranked = sorted(wanted, key=lambda detection: (-detection.score, detection.box.x_min, detection.box.y_min))
    # What lies outside, or on the edge alone, cannot be shown.
    inside = [
        Detection(item.label, item.score, item.box.within(image.width, image.height))
        for item in ranked
        if item.box.within(image.width - 1, image.height - 1).width >= 1
        and item.box.within(image.width - 1, image.height - 1).height >= 1
    ]
    labels = [item.label for item in inside]
    nothing = "nothing" if what == "objects" else f"no {what}"
    text = counting.in_words(labels, nothing, requested.absent(labels))
    others = list(requested.others)
    return {
        "text": f"{text}; not among what this expert tells apart: {', '.join(others)}" if others else text,
        "count": float(len(inside)),
        "objects": {"json": [item.plain() for item in inside]},
        **({"not_told_apart": {"json": others}} if others else {}),
        "annotated_image": image_outputs.write(
            call, "image", drawing.with_boxes(image, inside), what, file_format=image.format
        ),
    }
