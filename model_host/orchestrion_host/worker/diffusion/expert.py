"""What all experts on diffusion pipelines have in common: calls of equal settings in one pass, noise from seeds."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import torch
from PIL import Image

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.diffusion import previews, settings, sizes
from orchestrion_host.worker.diffusion.checkpoint import PipelineCheckpoint
from orchestrion_host.worker.diffusion.passes import DenoisingWatch
from orchestrion_host.worker.library_types import Argument, Pipeline
from orchestrion_host.worker.models import checkpoint as torch_checkpoint
from orchestrion_host.worker.output_files import Spool
from orchestrion_host.worker.runtimes import Outputs, Result, read_each
from orchestrion_host.worker.text import control_tokens

Generated: TypeAlias = Any
"""What a pipeline made for a call. Any: an image, the frames of a video as an array, or the error in their place."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What one call asks the pipeline for, in the pipeline's words."""

    call: Call
    seed: int
    shared: Mapping[str, Argument]
    """Arguments that are one for a whole pass: numbers. Calls in which they are equal can share a pass."""
    own: Mapping[str, Argument]
    """Arguments that each call of a pass has for itself: prompts and images."""
    alone: bool = False
    """Whether it has a pass of its own, as videos do."""

    @property
    def pass_key(self) -> tuple[Hashable, ...]:
        """What must be equal for two calls to share a pass."""
        images = tuple(value.size for value in self.own.values() if isinstance(value, Image.Image))
        return (*sorted(self.shared.items()), *sorted(self.own), images, id(self) if self.alone else 0)


class DiffusionExpert:
    """A pipeline on a device. Families say what calls ask for, and what comes out."""

    form: Mapping[str, Argument] = MappingProxyType({"output_type": "pil"})
    """In what form the pipeline is to return what it made."""
    always_tiled = False
    """Whether the decoder works on parts of an image at any size, as that of videos has to."""

    def __init__(self, checkpoint: PipelineCheckpoint, pipeline: Pipeline) -> None:
        """Keeps the pipeline."""
        options = checkpoint.spec.options
        self.checkpoint = checkpoint
        self.pipeline = pipeline
        for name, component in pipeline.components.items():
            if name.startswith("tokenizer") and component is not None:
                control_tokens.as_text(component)
        self.canvas = sizes.canvas_of(pipeline, options)
        self.settings = settings.settings_of(pipeline, options)
        self._colours = previews.colours_of(pipeline)
        # Schedulers count their steps, and some pipelines change the precision of a module for a while.
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Takes one step: on a GPU at the usual size, so that the memory figure is true; elsewhere at the smallest."""
        side = self.canvas.smallest
        usual = self.checkpoint.device.type == "cuda"
        size = (self.canvas.width, self.canvas.height) if usual else (side, side)
        call = Call(0, "", {"prompt": "a picture"}, Spool(Path()), lambda message: None)
        example = self.example(call, *size)
        steps = {"num_inference_steps": 1} if "num_inference_steps" in self.settings.takes else {}
        self._run([GenerationRequest(call, 0, {**example.shared, **steps}, example.own)])

    def example(self, call: Call, width: int, height: int) -> GenerationRequest:
        """Makes up what to warm up with, of a size in pixels."""
        raise NotImplementedError

    def read(self, call: Call) -> GenerationRequest:
        """Reads what a call asks for.

        Raises:
            InvalidArgumentError: The model cannot do that.
        """
        raise NotImplementedError

    def write(self, drawing: GenerationRequest, made: Generated) -> Outputs:
        """Turns what the pipeline made for a call into its outputs."""
        raise NotImplementedError

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Makes what each call asks for, those of equal settings in one pass."""
        drawings, results = read_each(batch, self.read)
        passes: dict[tuple[Hashable, ...], list[tuple[int, GenerationRequest]]] = {}
        for place, drawing in drawings.items():
            self._tell_what_is_not_read(drawing)
            passes.setdefault(drawing.pass_key, []).append((place, drawing))
        for together in passes.values():
            results.update(self._results(together))
        return [results[place] for place in range(len(batch))]

    def parameter_bytes(self) -> int:
        """Returns what the weights of all components take."""
        components = self.pipeline.components.values()
        return torch_checkpoint.unique_bytes([item for item in components if isinstance(item, torch.nn.Module)])

    def unload(self) -> None:
        """Lets go of everything."""
        device = self.checkpoint.device
        self.__dict__.clear()
        torch_checkpoint.empty_cache(device)

    def _tell_what_is_not_read(self, drawing: GenerationRequest) -> None:
        """Tells where a prompt has more tokens than the most patient of the text encoders takes."""
        components = self.pipeline.components.items()
        tokenizers = [item for name, item in components if name.startswith("tokenizer") and item is not None]
        prompt = drawing.own.get("prompt", "")
        if not tokenizers or not prompt:
            return
        tokenizer = max(tokenizers, key=lambda item: int(item.model_max_length))
        frame = tokenizer.num_special_tokens_to_add()
        if len(tokenizer(prompt, truncation=False, verbose=False)["input_ids"]) > tokenizer.model_max_length:
            drawing.call.progress(
                "The prompt is longer than this model reads: "
                f"what comes after {tokenizer.model_max_length - frame} tokens has no effect"
            )

    def _results(self, together: Sequence[tuple[int, GenerationRequest]]) -> dict[int, Result]:
        waiting = [(place, drawing) for place, drawing in together if not drawing.call.cancelled]
        results: dict[int, Result] = {place: Reason.CANCELLED.error("The call was cancelled.") for place, _ in together}
        if not waiting:
            return results
        try:
            made = self._run([drawing for _, drawing in waiting])
        except OrchestrionError as error:
            return results | {place: error for place, _ in waiting}
        for (place, drawing), item in zip(waiting, made, strict=True):
            try:
                results[place] = item if isinstance(item, OrchestrionError) else self.write(drawing, item)
            except OrchestrionError as error:
                results[place] = error
        return results

    def _run(self, drawings: Sequence[GenerationRequest]) -> list[Generated]:
        """Runs the pipeline once, and returns what it made for each: an image, an array of frames, or an error."""
        first = drawings[0]
        # On the CPU, whose numbers are the same everywhere: a seed gives the same image on any device.
        generators = [torch.Generator("cpu").manual_seed(drawing.seed) for drawing in drawings]
        own = {name: [drawing.own[name] for drawing in drawings] for name in first.own}
        if len(drawings) == 1:
            own = {name: values[0] for name, values in own.items()}
        calls = [drawing.call for drawing in drawings]
        steps = int(first.shared.get("num_inference_steps", self.settings.steps))
        with self._lock, torch.inference_mode():
            self._save_memory(first, len(drawings))
            watch = DenoisingWatch(calls, steps, self._colours)
            generator = generators if len(generators) > 1 else generators[0]
            result = self.pipeline(
                **first.shared, **own, generator=generator, **watch.arguments(self.pipeline), **self.form
            )
        made: Generated = result.frames if hasattr(result, "frames") else result.images
        flagged = getattr(result, "nsfw_content_detected", None) or [False] * len(drawings)
        return [
            drawing.call.bad_input(
                "instruction" if "instruction" in drawing.call.inputs else "prompt",
                "led to a picture that the model's safety checker withholds. Change the words or the seed.",
            )
            if withheld
            else item
            for drawing, item, withheld in zip(drawings, made, flagged, strict=True)
        ]

    def _save_memory(self, drawing: GenerationRequest, count: int) -> None:
        """Has the decoder work on one image at a time and, where it is larger than usual, on parts of it."""
        vae = getattr(self.pipeline, "vae", None)
        width, height = drawing.shared.get("width", 0), drawing.shared.get("height", 0)
        large = self.always_tiled or width * height > self.canvas.width * self.canvas.height
        for method in ("enable_slicing" if count > 1 else "", "enable_tiling" if large else "disable_tiling"):
            if method and hasattr(vae, method):
                getattr(vae, method)()
