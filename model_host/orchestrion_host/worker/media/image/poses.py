"""Poses of people as the outputs of their task type: drawn as OpenPose does, as data, and their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media.image import image_outputs, skeletons
from orchestrion_host.worker.media.image.skeletons import Point
from orchestrion_host.worker.runtimes import Outputs

COCO_JOINTS: Final = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
"""COCO's joints, in its order; left and right are those of the person."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the joints of a person are, in COCO's order."""

    points: tuple[Point, ...]
    """In pixels of the image."""
    scores: tuple[float, ...]
    """How surely each was found, 0 to 1."""

    def plain(self, threshold: float) -> ipc.Plain:
        """Returns the joints of at least a score by name, as the task type `openpose-control` tells them."""
        return {
            name: {"x": round(x), "y": round(y), "score": round(score, 4)}
            for name, (x, y), score in zip(COCO_JOINTS, self.points, self.scores, strict=True)
            if score >= threshold
        }


def describe(call: Call, size: tuple[int, int], seen: Sequence[Pose], threshold: float) -> Outputs:
    """Draws poses and tells them as data; people of whom no joint is sure enough are left out.

    Args:
        call: The call that brought the image as `image`.
        size: Width and height of the image in pixels.
        seen: One a person.
        threshold: The lowest score of a joint that is drawn and told.
    """
    clear = [pose for pose in seen if any(score >= threshold for score in pose.scores)]
    drawn = skeletons.draw(size, [skeletons.from_coco(pose.points, pose.scores, threshold) for pose in clear])
    return {
        "image": image_outputs.write(call, "image", drawn, "pose"),
        "poses": {"json": [pose.plain(threshold) for pose in clear]},
        "count": float(len(clear)),
    }
