"""Image to video: Stable Video Diffusion, I2VGen-XL, and other pipelines that take an image."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.diffusion import settings, videos
from orchestrion_host.worker.diffusion.checkpoint import PipelineCheckpoint
from orchestrion_host.worker.diffusion.expert import DiffusionExpert, GenerationRequest
from orchestrion_host.worker.library_types import Argument, Array
from orchestrion_host.worker.media.image import image_inputs
from orchestrion_host.worker.runtimes import Outputs

_DECODED_AT_ONCE: Final = 8


class ImageToVideo(DiffusionExpert):
    """Sets an image in motion."""

    form = MappingProxyType({"output_type": "np"})

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: the pipeline is made for something else.
        """
        checkpoint = PipelineCheckpoint(spec)
        pipeline = checkpoint.pipeline()
        encoder = getattr(pipeline, "text_encoder", None)
        if encoder is not None and not hasattr(encoder, "text_model"):
            # I2VGen-XL looks for the norm of its text encoder where transformers 4 had it.
            vars(encoder)["text_model"] = encoder
        super().__init__(checkpoint, pipeline)
        if not {"image", "num_frames"} <= self.settings.takes:
            raise checkpoint.refused(f"a {checkpoint.class_name} makes no videos from pictures")
        self.always_tiled = getattr(self.pipeline, "unet", None) is None
        self._timing = videos.timing_of(self.pipeline, spec.options)

    def example(self, call: Call, width: int, height: int) -> GenerationRequest:
        """Sets a black image in motion: for the usual time at the usual size, else as shortly as can be."""
        usual = (width, height) == (self.canvas.width, self.canvas.height)
        frames = self._timing.frames if usual else self._timing.fewest
        own: dict[str, Argument] = {"image": Image.new("RGB", (width, height))}
        if "prompt" in self.settings.takes:
            own["prompt"] = "a picture"
        return GenerationRequest(call, 0, self._shared(width, height, frames), own)

    def read(self, call: Call) -> GenerationRequest:
        """Reads the image, the words where the model takes some, and the length."""
        own: dict[str, Argument] = {}
        if "prompt" in self.settings.takes:
            # Those models were trained with a sentence to each image; none is better than a wrong one.
            own["prompt"] = call.text("prompt").strip()
        elif call.text("prompt").strip():
            call.progress("The prompt changes nothing: this model takes the picture alone")
        frames = self._timing.frame_count(call)
        steps = self.settings.step_count(call)
        guidance = self.settings.guidance_of(call)
        seed = settings.seed_of(call)
        source = image_inputs.opaque(image_inputs.read(call, "image", self.checkpoint.spec.max_image_pixels))
        width, height = self.canvas.fitted(*source.size)
        own["image"] = source.resize((width, height), Image.Resampling.LANCZOS)
        shared = {**self._shared(width, height, frames), "num_inference_steps": steps, **guidance}
        return GenerationRequest(call, seed, shared, own, alone=True)

    def write(self, drawing: GenerationRequest, made: Array) -> Outputs:
        """Writes the video, and the seed that makes it again."""
        video = videos.write(drawing.call, "video", made, self._timing.frames_per_second)
        return {"video": video, "seed": float(drawing.seed)}

    def _shared(self, width: int, height: int, frames: int) -> dict[str, Argument]:
        shared: dict[str, Argument] = {"width": width, "height": height, "num_frames": frames}
        # Stable Video Diffusion is told how fast the video will go.
        if "fps" in self.settings.takes:
            shared["fps"] = round(self._timing.frames_per_second)
            # Its decoder would take all images at once, and several times the memory of the model.
            shared["decode_chunk_size"] = min(frames, _DECODED_AT_ONCE)
        return shared


load = ImageToVideo
