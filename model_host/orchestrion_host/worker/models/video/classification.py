"""Video classification: what happens in a clip, from as many frames of it as the model takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
import transformers
from transformers.models.videomae.image_processing_pil_videomae import VideoMAEImageProcessorPil
from transformers.models.vivit.image_processing_vivit import VivitImageProcessor

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_names, class_scores
from orchestrion_host.worker.library_types import AutoClass, Model, Processor
from orchestrion_host.worker.media.video import video_files
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.runtimes import Result, read_each

_KINDS: Final = ("videomae", "timesformer", "vivit")
# Images are read at twice the size of the model at least: enough for its own, careful reduction.
_SPARE: Final = 2


class VideoClassifier(TorchExpert):
    """VideoMAE, TimeSformer or ViViT."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: it is none of these.
        """
        checkpoint = Checkpoint(spec)
        config = checkpoint.config
        if config.model_type not in _KINDS:
            kinds = ", ".join(_KINDS)
            raise spec.refused(f"{config.model_type!r} is no kind of classifier of videos; there are {kinds}.")
        # By name: the library's own choice needs torchvision.
        own = VivitImageProcessor if config.model_type == "vivit" else VideoMAEImageProcessorPil
        self._processor: Processor = _processor(checkpoint, own)
        self._model: Model = checkpoint.model(transformers.AutoModelForVideoClassification)
        super().__init__(checkpoint, self._model)
        self._count = int(config.num_frames)
        size = config.image_size
        self._size = int(size if isinstance(size, int) else max(size))
        self._names = class_names.of(checkpoint.config, spec)

    def warm_up(self) -> None:
        """Looks at grey images."""
        self._logits([[np.full((self._size, self._size, 3), 128, np.uint8)] * self._count])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Looks at the videos of a batch in one pass."""
        clips, results = read_each(batch, self._frames)
        if clips:
            logits = self._logits(list(clips.values()))
            for place, row in zip(clips, logits, strict=True):
                results[place] = class_scores.from_logits(row, self._names)
        return [results[place] for place in range(len(batch))]

    def _frames(self, call: Call) -> list[video_files.Frame]:
        limits = self.checkpoint.spec
        return video_files.read(
            call,
            "video",
            limits.max_video_seconds,
            limits.max_image_pixels,
            self._count,
            shortest_side=_SPARE * self._size,
        ).frames

    def _logits(self, clips: list[list[video_files.Frame]]) -> npt.NDArray[np.float32]:
        encoded = self._processor(clips, return_tensors="pt")
        with torch.inference_mode():
            logits: npt.NDArray[np.float32] = (
                self._model(**self.checkpoint.inputs(encoded)).logits.float().cpu().numpy()
            )
        return logits


def _processor(checkpoint: Checkpoint, own: AutoClass) -> Processor:
    """Loads the processor of images, whose settings newer releases of the library save under another name."""
    newer = checkpoint.folder / "video_preprocessor_config.json"
    if newer.is_file() and not (checkpoint.folder / "preprocessor_config.json").is_file():
        return own.from_dict(json.loads(newer.read_text("utf-8")))
    return checkpoint.processor(own)


load = VideoClassifier
