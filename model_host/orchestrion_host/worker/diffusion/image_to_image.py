"""Image to image: noise is added to an image, and the prompt guides the denoising."""

from __future__ import annotations

import math
from typing import Final

from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.diffusion import settings
from orchestrion_host.worker.diffusion.checkpoint import PipelineCheckpoint
from orchestrion_host.worker.diffusion.expert import DiffusionExpert, GenerationRequest
from orchestrion_host.worker.library_types import Argument
from orchestrion_host.worker.media.image import image_inputs, image_outputs
from orchestrion_host.worker.runtimes import Outputs

_OPERATION: Final = "redraw"
_USUAL_STRENGTH: Final = 0.5


class ImageToImage(DiffusionExpert):
    """Draws an image anew, nearer to what a prompt says."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it: the components of a pipeline for images, put together as the one that begins with an image."""
        checkpoint = PipelineCheckpoint(spec)
        name = checkpoint.class_name.removesuffix("Pipeline").removesuffix("Img2Img") + "Img2ImgPipeline"
        super().__init__(checkpoint, checkpoint.pipeline(name))

    def example(self, call: Call, width: int, height: int) -> GenerationRequest:
        """Redraws a black image."""
        own = {"prompt": "a picture", "image": Image.new("RGB", (width, height))}
        return GenerationRequest(call, 0, {"strength": 1.0}, own)

    def read(self, call: Call) -> GenerationRequest:
        """Reads the image, the words, and how much is to change."""
        if call.text("operation") != _OPERATION:
            raise call.bad_input("operation", f"is {call.text('operation')!r}; this model does {_OPERATION!r} alone.")
        own: dict[str, Argument] = dict(self.settings.prompts_of(call))
        seed = settings.seed_of(call)
        strength = call.number("strength", _USUAL_STRENGTH)
        if not 0 <= strength <= 1:
            raise call.bad_input("strength", f"is {strength:g}; it lies between 0 and 1.")
        # Only that share of the steps is taken: there must be one left to take.
        steps = min(self.settings.max_steps, max(self.settings.steps, math.ceil(1 / max(strength, 1e-3))))
        guidance = self.settings.guidance_of(call)
        source = image_inputs.opaque(image_inputs.read(call, "image", self.checkpoint.spec.max_image_pixels))
        size = self.canvas.fitted(*source.size)
        own["image"] = source.resize(size, Image.Resampling.LANCZOS)
        shared = {"num_inference_steps": steps, "strength": max(strength, 1 / steps), **guidance}
        return GenerationRequest(call, seed, shared | self._size(*size), own)

    def write(self, drawing: GenerationRequest, made: Image.Image) -> Outputs:
        """Writes the image."""
        return {"image": image_outputs.write(drawing.call, "image", made, "redrawn")}

    def _size(self, width: int, height: int) -> dict[str, int]:
        # Stable Diffusion takes the size of the image; others would make a square of it.
        return {"width": width, "height": height} if {"width", "height"} <= self.settings.takes else {}


load = ImageToImage
