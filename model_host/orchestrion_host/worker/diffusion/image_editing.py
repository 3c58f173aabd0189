"""Image editing by instruction: InstructPix2Pix, and other pipelines that take an image and an instruction."""

from __future__ import annotations

from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.diffusion import settings
from orchestrion_host.worker.diffusion.checkpoint import PipelineCheckpoint
from orchestrion_host.worker.diffusion.expert import DiffusionExpert, GenerationRequest
from orchestrion_host.worker.media.image import image_inputs, image_outputs
from orchestrion_host.worker.runtimes import Outputs


class ImageEditing(DiffusionExpert):
    """Follows an instruction about an image."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: the pipeline is made for something else.
        """
        checkpoint = PipelineCheckpoint(spec)
        super().__init__(checkpoint, checkpoint.pipeline())
        if not {"prompt", "image"} <= self.settings.takes or "strength" in self.settings.takes:
            raise checkpoint.refused(f"a {checkpoint.class_name} follows no instruction about a picture")

    def example(self, call: Call, width: int, height: int) -> GenerationRequest:
        """Changes a black image."""
        return GenerationRequest(call, 0, {}, {"prompt": "a picture", "image": Image.new("RGB", (width, height))})

    def read(self, call: Call) -> GenerationRequest:
        """Reads the image and the instruction."""
        words = self.settings.prompts_of(call, "instruction")
        shared = {
            "num_inference_steps": self.settings.step_count(call),
            **self.settings.guidance_of(call),
            **self.settings.guidance_of(call, "image_guidance", "image_guidance_scale"),
        }
        seed = settings.seed_of(call)
        source = image_inputs.opaque(image_inputs.read(call, "image", self.checkpoint.spec.max_image_pixels))
        # What the model was trained on; much larger images come out torn.
        fitted = source.resize(self.canvas.fitted(*source.size), Image.Resampling.LANCZOS)
        return GenerationRequest(call, seed, shared, {**words, "image": fitted})

    def write(self, drawing: GenerationRequest, made: Image.Image) -> Outputs:
        """Writes the image, and the seed that makes it again."""
        return {"image": image_outputs.write(drawing.call, "image", made, "edited"), "seed": float(drawing.seed)}


load = ImageEditing
