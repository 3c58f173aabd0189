"""Text to video: TextToVideoSD, AnimateDiff, and pipelines on transformers such as CogVideoX, Wan and LTX."""

from __future__ import annotations

from types import MappingProxyType

import diffusers

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.diffusion import settings, videos
from orchestrion_host.worker.diffusion.checkpoint import PipelineCheckpoint
from orchestrion_host.worker.diffusion.expert import DiffusionExpert, GenerationRequest
from orchestrion_host.worker.library_types import Array, AutoClass, Pipeline
from orchestrion_host.worker.runtimes import Outputs


class TextToVideo(DiffusionExpert):
    """Makes a video of what a prompt says."""

    form = MappingProxyType({"output_type": "np"})

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it: a pipeline for videos, or one for images and the part `motion_adapter`.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: the pipeline is made for something else.
        """
        checkpoint = PipelineCheckpoint(spec)
        super().__init__(checkpoint, _animated(checkpoint) if "motion_adapter" in spec.parts else checkpoint.pipeline())
        if not {"prompt", "num_frames"} <= self.settings.takes or "image" in self.settings.takes:
            raise checkpoint.refused(f"a {checkpoint.class_name} makes no videos from words alone")
        self.always_tiled = getattr(self.pipeline, "unet", None) is None
        self._timing = videos.timing_of(self.pipeline, spec.options)

    def example(self, call: Call, width: int, height: int) -> GenerationRequest:
        """Makes anything: of the usual length at the usual size, else as short as can be."""
        usual = (width, height) == (self.canvas.width, self.canvas.height)
        frames = self._timing.frames if usual else self._timing.fewest
        return GenerationRequest(
            call, 0, {"width": width, "height": height, "num_frames": frames}, {"prompt": "a picture"}
        )

    def read(self, call: Call) -> GenerationRequest:
        """Reads the words, the length and the steps. Each video has a pass of its own: one fills it well enough."""
        shared = {
            "num_frames": self._timing.frame_count(call),
            "num_inference_steps": self.settings.step_count(call),
            "width": self.canvas.width,
            "height": self.canvas.height,
            **self.settings.guidance_of(call),
        }
        return GenerationRequest(call, settings.seed_of(call), shared, self.settings.prompts_of(call), alone=True)

    def write(self, drawing: GenerationRequest, made: Array) -> Outputs:
        """Writes the video, and the seed that makes it again."""
        video = videos.write(drawing.call, "video", made, self._timing.frames_per_second)
        return {"video": video, "seed": float(drawing.seed)}


def _animated(checkpoint: PipelineCheckpoint) -> Pipeline:
    """Sets a pipeline for images in motion, with the noise that motion modules were trained on."""
    name = {"StableDiffusionXLPipeline": "AnimateDiffSDXLPipeline"}.get(checkpoint.class_name, "AnimateDiffPipeline")
    pipeline = checkpoint.pipeline(name, motion_adapter=checkpoint.part("motion_adapter"))
    if not checkpoint.class_name.startswith("AnimateDiff"):
        scheduler: AutoClass = diffusers.DDIMScheduler
        pipeline.scheduler = scheduler.from_config(
            pipeline.scheduler.config,
            clip_sample=False,
            timestep_spacing="linspace",
            beta_schedule="linear",
            steps_offset=1,
        )
    return pipeline


load = TextToVideo
