"""Text to image along a control map (edges, depth, a pose, …): ControlNet beside Stable Diffusion.

What kind of map it is lies in the weights of the part `controlnet` alone, so one module does for all kinds.
"""

from __future__ import annotations

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

_MOST_STRENGTH: Final = 2.0


class ControlNet(DiffusionExpert):
    """Paints an image of what a prompt says, where a map says."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it: a pipeline for images and the part `controlnet`, or a pipeline that has both."""
        checkpoint = PipelineCheckpoint(spec)
        if "ControlNet" in checkpoint.class_name and "controlnet" not in spec.parts:
            pipeline = checkpoint.pipeline()
        else:
            controlnet = checkpoint.part("controlnet")
            name = checkpoint.class_name.removesuffix("Pipeline").removesuffix("ControlNet") + "ControlNetPipeline"
            pipeline = checkpoint.pipeline(name, controlnet=controlnet)
        super().__init__(checkpoint, pipeline)
        # Flux and Stable Diffusion 3 call the map otherwise, since they take an image to redraw as well.
        self._map = "control_image" if "control_image" in self.settings.takes else "image"

    def example(self, call: Call, width: int, height: int) -> GenerationRequest:
        """Paints anything along nothing."""
        own = {"prompt": "a picture", self._map: Image.new("RGB", (width, height))}
        return GenerationRequest(call, 0, {"width": width, "height": height}, own)

    def read(self, call: Call) -> GenerationRequest:
        """Reads the words and the map, which is made as large as the image will be and is otherwise left as it is."""
        own: dict[str, Argument] = dict(self.settings.prompts_of(call))
        strength = call.number("strength", 1.0)
        if not 0 <= strength <= _MOST_STRENGTH:
            raise call.bad_input("strength", f"is {strength:g}; it lies between 0 and {_MOST_STRENGTH:g}.")
        shared: dict[str, Argument] = {
            "num_inference_steps": self.settings.step_count(call),
            "controlnet_conditioning_scale": strength,
            **self.settings.guidance_of(call),
        }
        seed = settings.seed_of(call)
        source = image_inputs.opaque(image_inputs.read(call, "image", self.checkpoint.spec.max_image_pixels))
        width, height = self.canvas.fitted(*source.size)
        own[self._map] = source.resize((width, height), Image.Resampling.LANCZOS)
        return GenerationRequest(call, seed, {"width": width, "height": height, **shared}, own)

    def write(self, drawing: GenerationRequest, made: Image.Image) -> Outputs:
        """Writes the image, and the seed that paints it again."""
        return {"image": image_outputs.write(drawing.call, "image", made, "painted"), "seed": float(drawing.seed)}


load = ControlNet
