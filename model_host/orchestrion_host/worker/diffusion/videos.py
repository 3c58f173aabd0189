"""What experts that make videos have in common: how many frames a length takes, and the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from orchestrion.values import JsonObject
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.diffusion import sizes
from orchestrion_host.worker.library_types import Array, Pipeline
from orchestrion_host.worker.media.video import video_files

_LONGEST: Final = 4
# Images a second, for which pipelines were trained, by the beginning of their names.
_RATES: Final = {
    "StableVideoDiffusion": 7.0,
    "Wan": 16.0,
    "LTX": 25.0,
    "HunyuanVideo": 24.0,
    "Mochi": 30.0,
}
_USUAL_RATE: Final = 8.0
_USUAL_FRAMES: Final = 16
# The names that pipelines have for the images that lie under one of their latents.
_TEMPORAL_SCALES: Final = ("vae_scale_factor_temporal", "vae_temporal_compression_ratio")


@dataclass(frozen=True, slots=True)
class FrameTiming:
    """How long videos are, and how fast."""

    frames_per_second: float
    frames: int
    """Of a video where no length is asked for."""
    max_frames: int
    group: int
    """Videos have a multiple of this of images, and one more where it is not 1."""

    def frame_count(self, call: Call) -> int:
        """Returns how many images the length takes that a call asks for.

        Raises:
            InvalidArgumentError: It is too long, or nothing.
        """
        if "duration_seconds" not in call.inputs:
            return self.frames
        seconds = call.number("duration_seconds")
        longest = self.max_frames / self.frames_per_second
        if not 0 < seconds <= longest:
            raise call.bad_input(
                "duration_seconds",
                f"is {seconds:g}; this model makes videos of up to {longest:.1f} seconds: {self.max_frames} pictures "
                f"(its option max_frames) at {self.frames_per_second:g} a second.",
                limit_frame_count=self.max_frames,
            )
        return self._possible(seconds * self.frames_per_second)

    @property
    def fewest(self) -> int:
        """The images of the shortest video."""
        return self._possible(2)

    def _possible(self, frames: float) -> int:
        if self.group == 1:
            return max(2, round(frames))
        return self.group * max(1, round((frames - 1) / self.group)) + 1


def timing_of(pipeline: Pipeline, options: JsonObject) -> FrameTiming:
    """Finds out how long and how fast the videos of a pipeline are.

    Args:
        pipeline: A loaded pipeline.
        options: Those of the expert: `frames_per_second`, `frames` (the usual number) and `max_frames`.
    """
    name = type(pipeline).__name__
    rate = next((rate for beginning, rate in _RATES.items() if name.startswith(beginning)), _USUAL_RATE)
    config = getattr(sizes.denoiser_of(pipeline), "config", {})
    defaults = sizes.call_defaults(pipeline)
    trained = config.get("num_frames") or config.get("sample_frames")
    usual = int(options.get("frames") or defaults.get("num_frames") or trained or _USUAL_FRAMES)
    most = int(options.get("max_frames") or _LONGEST * usual)
    # Motion modules know so many places in time, and no more.
    adapter = getattr(pipeline, "motion_adapter", None)
    if adapter is not None:
        most = min(most, int(adapter.config.motion_max_seq_length))
    group = next((int(factor) for scale in _TEMPORAL_SCALES if (factor := getattr(pipeline, scale, None))), 1)
    return FrameTiming(float(options.get("frames_per_second") or rate), min(usual, most), most, group)


def write(call: Call, stem: str, frames: Array, frames_per_second: float) -> ipc.Plain:
    """Writes what a pipeline made.

    Args:
        call: The call.
        stem: The file name without its ending.
        frames: From 0 to 1, of shape (frames, height, width, 3).
        frames_per_second: How fast they follow each other.
    """
    return video_files.write(call, stem, _eight_bits(frames), frames_per_second)


def _eight_bits(frames: Array) -> Iterator[video_files.Frame]:
    for frame in frames:
        scaled = np.nan_to_num(np.asarray(frame, np.float32)) * 255
        yield np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
