"""Previews of images that are still being made: small JPEGs, straight from the latents.

The decoder of a pipeline takes as long as several steps. Yet each point of a latent of Stable Diffusion is nearly the
colour of the pixels under it, seen through a linear map, which others have fitted: that of Stable Diffusion 1 and 2 by
K. Turner on Hugging Face's forum ("Decoding latents to RGB without upscaling"), that of Stable Diffusion XL by
T. A. Vass on Hugging Face's blog ("Explaining the SDXL latent space").
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from PIL import Image

from orchestrion_host.worker.call import MAX_PREVIEW_BYTES
from orchestrion_host.worker.library_types import Pipeline

MEDIA_TYPE: Final = "image/jpeg"

_LATENT_CHANNELS: Final = 4
_LONGEST_SIDE: Final = 512
_QUALITIES: Final = (80, 50, 25)


@dataclass(frozen=True, slots=True)
class LatentColours:
    """Red, green and blue, from 0 to 255, of a latent: its channels times `factors`, plus `offsets`."""

    factors: tuple[tuple[float, float, float], ...]
    """Of shape (channels, 3)."""
    offsets: tuple[float, float, float]
    scale: int
    """How many pixels lie under a point of the latent, along each side."""
    frames_first: bool = False
    """Whether the latents of a video are one for each image, rather than channels of many images."""

    def preview(self, latent: torch.Tensor) -> bytes:
        """Shows a latent as a JPEG of at most 64 KiB.

        Args:
            latent: Of shape (4, height, width), or, for videos, with an axis of frames before or after the first
                one: then it is the frame in the middle.

        Returns:
            The file; empty where the latent has another shape.
        """
        if latent.ndim == 4:
            axis = 0 if self.frames_first else 1
            latent = latent.select(axis, latent.shape[axis] // 2)
        if latent.ndim != 3 or latent.shape[0] != _LATENT_CHANNELS:
            return b""
        values = latent.detach().float().cpu().permute(1, 2, 0).numpy()
        colours = np.nan_to_num(values @ np.array(self.factors) + self.offsets)
        small = Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))
        size = (small.width * self.scale, small.height * self.scale)
        shrink = min(1.0, _LONGEST_SIDE / max(size))
        shown = small.resize((max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))))
        return _jpeg(shown)


def colours_of(pipeline: Pipeline) -> LatentColours | None:
    """Returns how the latents of a pipeline are shown; None where that is not known."""
    vae = getattr(pipeline, "vae", None)
    if vae is None or vae.config.get("latent_channels") != _LATENT_CHANNELS:
        return None
    scale = int(getattr(pipeline, "vae_scale_factor", 8))
    if "XL" in type(pipeline).__name__ and hasattr(pipeline, "text_encoder_2"):
        return LatentColours(_SDXL, (150.0, 140.0, 130.0), scale)
    half = 127.5
    factors = tuple((red * half, green * half, blue * half) for red, green, blue in _SD)
    frames_first = type(getattr(pipeline, "unet", None)).__name__ == "UNetSpatioTemporalConditionModel"
    return LatentColours(factors, (half, half, half), scale, frames_first)


def _jpeg(image: Image.Image) -> bytes:
    for quality in _QUALITIES:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        if file.tell() <= MAX_PREVIEW_BYTES:
            return file.getvalue()
    return b""


# Colours from -1 to 1.
_SD: Final = ((0.298, 0.207, 0.208), (0.187, 0.286, 0.173), (-0.158, 0.189, 0.264), (-0.184, -0.271, -0.473))
# Colours from 0 to 255.
_SDXL: Final = ((60.0, 60.0, 60.0), (-60.0, -5.0, 10.0), (25.0, 15.0, -5.0), (-70.0, -50.0, -35.0))
