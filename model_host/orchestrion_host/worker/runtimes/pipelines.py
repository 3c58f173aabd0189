"""What goes into the pipelines of `transformers` and comes out of them, task type by task type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from orchestrion_host import wire
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media import images, resampling
from orchestrion_host.worker.runtimes import Outputs, classes


@dataclass(frozen=True, slots=True)
class Shape:
    """How a pipeline is called."""

    principal: str
    """The name of the input that comes first: `text`, `image`, `audio`, or a file for any other name."""
    outputs: Callable[[Any], Outputs]
    """Turns what the pipeline returns for one item into named outputs."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Further inputs that the pipeline takes, and its names for them."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What it is always called with."""
    warm_up: str = ""
    """A text to warm up with; empty where a text is not enough."""

    def arguments(self, call: Call, limits: wire.Load, audio_rate: int) -> tuple[Any, dict[str, Any]]:
        """Reads the inputs of a call: the principal one, and the others by the pipeline's names.

        Args:
            call: The call.
            limits: Has the most pixels of a picture and the longest sound that are decoded.
            audio_rate: The rate in Hz of the sounds that the model takes.

        Raises:
            InvalidArgumentError: A picture or a sound is none, or too large.
        """
        settings = {
            theirs: _argument(call.inputs[ours]) for ours, theirs in self.parameters.items() if ours in call.inputs
        }
        if self.principal == "image":
            return images.read(call, "image", limits.max_image_pixels).convert("RGB"), settings
        if self.principal == "audio":
            # Given a path, a pipeline would start ffmpeg, a program that need not be there.
            samples = resampling.read_mono(call, "audio", limits.max_audio_seconds, audio_rate)
            return {"raw": samples, "sampling_rate": audio_rate}, settings
        if self.principal == "text":
            return call.text("text"), settings
        return str(call.file(self.principal)), settings


def shape_of(task_type: str) -> Shape:
    """Returns how the pipeline of a task type is called; one without an entry gives its result as it is."""
    return _SHAPES.get(task_type, Shape("image" if "image" in task_type else "text", _as_it_is))


def plain(found: Any) -> Any:
    """Turns a pipeline's result into structured data: arrays and numbers of numpy and torch become Python's."""
    if isinstance(found, Mapping):
        return {str(key): plain(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [plain(item) for item in found]
    if isinstance(found, np.ndarray | np.generic) or hasattr(found, "detach"):
        return found.tolist()
    return found


def _as_it_is(found: Any) -> Outputs:
    return {"result": {"json": plain(found)}}


def _classes(found: Any) -> Outputs:
    return classes.describe(found if isinstance(found, list) else [found])


def _zero_shot_classes(found: Any) -> Outputs:
    pairs = zip(found["labels"], found["scores"], strict=True)
    return classes.describe([{"label": label, "score": score} for label, score in pairs])


def _generated_text(found: Any) -> Outputs:
    return {"text": (found[0] if isinstance(found, list) else found)["generated_text"]}


def _argument(value: wire.Plain) -> Any:
    return value.get("json") if isinstance(value, dict) else value


_SHAPES: Final = {
    "text-classification": Shape("text", _classes, settings={"top_k": None, "truncation": True}, warm_up="Ready."),
    "image-classification": Shape("image", _classes),
    "audio-classification": Shape("audio", _classes),
    "zero-shot-classification": Shape("text", _zero_shot_classes, {"labels": "candidate_labels"}),
    "token-classification": Shape("text", _as_it_is, settings={"aggregation_strategy": "simple"}, warm_up="Ready."),
    "automatic-speech-recognition": Shape("audio", lambda found: {"text": found["text"]}),
    "text-generation": Shape("text", _generated_text, settings={"return_full_text": False}),
}
