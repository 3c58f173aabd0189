"""Rows for pictures and videos made by diffusion: tiny Stable Diffusion, ControlNet and their kin, two steps each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import av
from PIL import Image

from tests.checkpoints import diffusion_models, diffusion_video_models
from tests.checkpoints.diffusion_parts import FRAMES, SIDE
from tests.checkpoints.rows import TaskRow

MEDIA: Final = Path(__file__).parents[1] / "media"
CAT: Final = MEDIA / "cat.jpg"
SEED: Final = 7.0
CONTROLS: Final = ("canny", "hed", "mlsd", "normal", "openpose", "depth", "seg", "scribble")
# Of the area of a square of 64 pixels, in the proportions of the photograph: 451 x 300, in multiples of 8.
FITTED: Final = (80, 56)
SECONDS: Final = 0.5


def _painted(size: tuple[int, int]) -> Any:
    def check(outputs: Mapping[str, Any]) -> None:
        with Image.open(outputs["image"]) as image:
            image.load()
            assert (image.format, image.mode, image.size) == ("PNG", "RGB", size)
            # Random weights paint noise, but never one shade.
            extrema: Any = image.getextrema()
            assert any(low < high for low, high in extrema)
        assert outputs["seed"] == SEED

    return check


def _filmed(frames: int, size: tuple[int, int]) -> Any:
    def check(outputs: Mapping[str, Any]) -> None:
        with av.open(str(outputs["video"])) as video:
            stream = video.streams.video[0]
            assert stream.codec_context.name == "h264"
            pictures = [frame.to_ndarray(format="rgb24") for frame in video.decode(stream)]
        assert [picture.shape for picture in pictures] == [(size[1], size[0], 3)] * frames
        assert pictures[0].min() < pictures[0].max()
        assert outputs["seed"] == SEED

    return check


def _guided_by(control: str) -> TaskRow:
    return TaskRow(
        task_type=f"{control}-text-to-image",
        expert=f"tiny-controlnet-{control}",
        make=diffusion_models.stable_diffusion,
        inputs={"prompt": "a cat of glass", "image": CAT, "steps": 2.0, "strength": 0.8, "seed": SEED},
        check=_painted(FITTED),
        runtime="diffusers",
        parts={"controlnet": diffusion_models.controlnet},
    )


ROWS: Final[tuple[TaskRow, ...]] = (
    TaskRow(
        task_type="text-to-image",
        expert="tiny-stable-diffusion",
        make=diffusion_models.stable_diffusion,
        inputs={"prompt": "a cat", "width": 96.0, "height": 64.0, "steps": 2.0, "guidance": 5.0, "seed": SEED},
        check=_painted((96, 64)),
        runtime="diffusers",
        facts={"max_batch_size": 4},
    ),
    *(_guided_by(control) for control in CONTROLS),
    TaskRow(
        task_type="image-editing",
        expert="tiny-instruct-pix2pix",
        make=diffusion_models.instruct_pix2pix,
        inputs={"image": CAT, "instruction": "make it a tiger", "steps": 2.0, "seed": SEED},
        check=_painted(FITTED),
        runtime="diffusers",
    ),
    TaskRow(
        task_type="text-to-video",
        expert="tiny-text-to-video",
        make=diffusion_video_models.text_to_video,
        inputs={"prompt": "a cat runs", "duration_seconds": SECONDS, "steps": 2.0, "seed": SEED},
        check=_filmed(round(8 * SECONDS), (SIDE, SIDE)),
        runtime="diffusers",
    ),
    TaskRow(
        task_type="image-to-video",
        expert="tiny-stable-video-diffusion",
        make=diffusion_video_models.stable_video_diffusion,
        inputs={"image": CAT, "steps": 2.0, "seed": SEED},
        check=_filmed(FRAMES, FITTED),
        runtime="diffusers",
        # The published one makes 1024 x 576, whatever its network says.
        facts={"options": {"width": SIDE, "height": SIDE}},
    ),
)
