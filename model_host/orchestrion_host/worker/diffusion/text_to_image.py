"""Text to image: Stable Diffusion 1 to 3 and XL, Flux, and every other pipeline that takes a prompt alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.diffusion import settings
from orchestrion_host.worker.diffusion.checkpoint import PipelineCheckpoint
from orchestrion_host.worker.diffusion.expert import DiffusionExpert, GenerationRequest
from orchestrion_host.worker.media.image import image_outputs
from orchestrion_host.worker.runtimes import Outputs

if TYPE_CHECKING:
    from PIL import Image


class TextToImage(DiffusionExpert):
    """Paints an image of what a prompt says."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: the pipeline is made for something else.
        """
        checkpoint = PipelineCheckpoint(spec)
        super().__init__(checkpoint, checkpoint.pipeline())
        if not {"prompt", "width", "height"} <= self.settings.takes or "image" in self.settings.takes:
            raise checkpoint.refused(f"a {checkpoint.class_name} does not paint from words alone")

    def example(self, call: Call, width: int, height: int) -> GenerationRequest:
        """Paints anything."""
        return GenerationRequest(call, 0, {"width": width, "height": height}, {"prompt": "a picture"})

    def read(self, call: Call) -> GenerationRequest:
        """Reads the size, the steps and the words."""
        own = self.settings.prompts_of(call)
        steps = self.settings.step_count(call)
        guidance = self.settings.guidance_of(call)
        seed = settings.seed_of(call)
        width, height = self.canvas.requested_size(call)
        shared = {"width": width, "height": height, "num_inference_steps": steps, **guidance}
        return GenerationRequest(call, seed, shared, own)

    def write(self, drawing: GenerationRequest, made: Image.Image) -> Outputs:
        """Writes the image, and the seed that paints it again."""
        return {"image": image_outputs.write(drawing.call, "prompt", made, "painted"), "seed": float(drawing.seed)}


load = TextToImage
