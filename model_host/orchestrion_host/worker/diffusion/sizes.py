"""Sizes of images: what a pipeline usually makes, what it can make, and what is refused."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import Final

from orchestrion.values import JsonObject
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Argument, Model, Pipeline

# Where neither the pipeline nor its network says what it was trained on.
_USUAL_SIDE: Final = 512
# Twice each side: beyond that, images repeat themselves, and memory runs out first.
_LARGEST_AREA: Final = 4
_SMALLEST_SIDE: Final = 8
_FARTHEST: Final = 1e6
# What pipelines call the pixels of an image that lie under one of its latent, along a side.
_SCALES: Final = ("vae_scale_factor_spatial", "vae_spatial_compression_ratio", "vae_scale_factor")


@dataclass(frozen=True, slots=True)
class Canvas:
    """What sizes a pipeline makes, in pixels."""

    width: int
    """Of an image, where nothing else is asked for."""
    height: int
    multiple: int
    """Of which both sides must be multiples."""
    max_pixels: int
    """The most that are made."""

    @property
    def smallest(self) -> int:
        """The shortest side that is made."""
        return min(_SMALLEST_SIDE * self.multiple, self.width, self.height)

    def requested_size(self, call: Call) -> tuple[int, int]:
        """Returns the width and height that a call asks for, rounded to what can be made, which is told.

        A side that it does not give is the usual one.

        Raises:
            InvalidArgumentError: They are too small or too large.
        """
        sides = [min(float(call.number(*side)), _FARTHEST) for side in (("width", self.width), ("height", self.height))]
        for name, length in zip(("width", "height"), sides, strict=True):
            if not length >= self.smallest:  # Also what is no number at all.
                raise call.bad_input(
                    name,
                    f"is {length:g}; this model makes no side shorter than {self.smallest} pixels.",
                    limit_pixels=self.smallest,
                )
        wanted = round(sides[0]), round(sides[1])
        if wanted[0] * wanted[1] > self.max_pixels:
            # A side that is given, rather than one that is the model's own.
            longer, shorter = ("width", "height") if wanted[0] >= wanted[1] else ("height", "width")
            raise call.bad_input(
                longer if longer in call.inputs else shorter,
                f"makes a picture of {wanted[0]} x {wanted[1]} = {wanted[0] * wanted[1]:,} pixels; this model makes at "
                f"most {self.max_pixels:,} (its option max_pixels).",
                pixel_count=wanted[0] * wanted[1],
                limit_pixel_count=self.max_pixels,
            )
        made = (self._rounded(wanted[0]), self._rounded(wanted[1]))
        if made != wanted:
            message = f"{wanted[0]} x {wanted[1]} pixels became {made[0]} x {made[1]}: sides are multiples of "
            call.progress(f"{message}{self.multiple}")
        return made

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """Returns the size of usual area that has the proportions of an image, as nearly as the multiples allow."""
        proportion = min(max(width / height, 1 / 4), 4.0)
        area = self.width * self.height
        return self._rounded(math.sqrt(area * proportion)), self._rounded(math.sqrt(area / proportion))

    def _rounded(self, side: float) -> int:
        return max(self.multiple, round(side / self.multiple) * self.multiple)


def canvas_of(pipeline: Pipeline, options: JsonObject) -> Canvas:
    """Finds out what sizes a pipeline makes.

    Args:
        pipeline: A loaded pipeline.
        options: Those of the expert: `width` and `height` are the usual size, `max_pixels` is the most that is made.
    """
    scale = next((factor for name in _SCALES if isinstance(factor := getattr(pipeline, name, None), int)), 8)
    network = denoiser_of(pipeline)
    patch = 1
    if getattr(pipeline, "unet", None) is None:
        patch_size = getattr(network, "config", {}).get("patch_size", 1)
        patch = int(patch_size if isinstance(patch_size, int) else patch_size[-1])
        # Transformers for images cut their latents into patches of 2 x 2, also those that say 1 and take them packed.
        patch = max(patch, 2 if scale <= 16 else 1)
    defaults = call_defaults(pipeline)
    width, height = _trained_on(pipeline, network, scale)
    width = int(options.get("width") or defaults.get("width") or width)
    height = int(options.get("height") or defaults.get("height") or height)
    return Canvas(width, height, scale * patch, int(options.get("max_pixels", _LARGEST_AREA * width * height)))


def denoiser_of(pipeline: Pipeline) -> Model:
    """Returns the network that takes the noise away; None where a pipeline has neither of the two kinds."""
    return getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)


def call_defaults(pipeline: Pipeline) -> dict[str, Argument]:
    """Returns the arguments that a pipeline takes, with their defaults."""
    parameters = inspect.signature(type(pipeline).__call__).parameters
    return {name: None if item.default is item.empty else item.default for name, item in parameters.items()}


def _trained_on(pipeline: Pipeline, network: Model, scale: int) -> tuple[int, int]:
    config = getattr(network, "config", {})
    if config.get("sample_height") and config.get("sample_width"):
        return config["sample_width"] * scale, config["sample_height"] * scale
    size = getattr(pipeline, "default_sample_size", None) or config.get("sample_size") or _USUAL_SIDE // scale
    height, width = (size, size) if isinstance(size, int) else size[-2:]
    return int(width) * scale, int(height) * scale
