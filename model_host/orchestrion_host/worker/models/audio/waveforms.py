"""Waveforms for models: which of them may go through one forward pass without a change to any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
import transformers

from orchestrion_host.worker.library_types import Argument, Processor
from orchestrion_host.worker.media.audio.mixing import Mono
from orchestrion_host.worker.models.checkpoint import Checkpoint

# Shorter sounds are filled up with silence: the first layers of most models see no frame in less.
_SHORTEST_SECONDS: Final = 0.1
_USUAL_RATE: Final = 16_000
# Windows of half a minute fill a device with few rows; more of them make nothing faster.
_MOST_ROWS: Final = 4


class Waveforms:
    """The feature extractor of a checkpoint, and what its model allows of padding."""

    def __init__(self, checkpoint: Checkpoint, folder: Path | None = None, *, masked: bool = True) -> None:
        """Loads the feature extractor of a checkpoint, or of a part of it in a folder of its own.

        Args:
            checkpoint: The checkpoint.
            folder: That of the part.
            masked: Whether the model may be given masks. WavLM hands its own to PyTorch in a way that warns.
        """
        self._checkpoint = checkpoint
        self.extractor: Processor = checkpoint.processor(transformers.AutoFeatureExtractor, folder)
        self.rate = int(getattr(self.extractor, "sampling_rate", _USUAL_RATE))
        """The rate in Hz that the model takes."""
        inputs = self.extractor.model_input_names
        takes_frames = isinstance(getattr(self.extractor, "max_length", None), int)
        spectrograms = "input_values" not in inputs or takes_frames
        # Whisper's samples and AST's frames have one number for all sounds.
        self._fixed = hasattr(self.extractor, "n_samples") or takes_frames
        self._is_waveform = not spectrograms
        # Models that normalise over a whole sound (wav2vec2-base and its like) hear padding, and say so by leaving the
        # mask out; spectrograms are masked by each model in another way.
        own_mask = bool(getattr(self.extractor, "return_attention_mask", False))
        self.masked = masked and own_mask and not spectrograms and checkpoint.config.model_type != "wavlm"
        """Whether sounds of several lengths may go through one pass."""

    def passes(self, sounds: Sequence[Mono]) -> Iterator[tuple[list[int], dict[str, Argument]]]:
        """Sorts sounds into forward passes in which none changes what comes out for another.

        Args:
            sounds: Samples at the rate of the model.

        Yields:
            The places of the sounds of a pass, and the arguments of the model.
        """
        shortest = round(_SHORTEST_SECONDS * self.rate)
        padded = [np.pad(sound, (0, max(0, shortest - len(sound)))) for sound in sounds]
        together: dict[int, list[int]] = defaultdict(list)
        for place, sound in enumerate(padded):
            together[0 if self._fixed or self.masked else len(sound)].append(place)
        for places in _parts(together.values()):
            settings: dict[str, Argument] = {} if self._fixed else {"padding": True}
            if self._is_waveform:
                settings["return_attention_mask"] = self.masked
            encoded = self.extractor(
                [padded[place] for place in places], sampling_rate=self.rate, return_tensors="pt", **settings
            )
            yield places, self._checkpoint.inputs(encoded)


def warm_up_audio(checkpoint: Checkpoint, samples: int) -> list[Mono]:
    """Returns noise to warm up with: as much as goes through in one pass; on a processor, where it takes long, one."""
    noise = np.random.default_rng(1).normal(0, 0.1, samples).astype(np.float32)
    return [noise] * (_MOST_ROWS if checkpoint.device.type == "cuda" else 1)


def _parts(groups: Iterable[list[int]]) -> Iterator[list[int]]:
    for group in groups:
        for place in range(0, len(group), _MOST_ROWS):
            yield group[place : place + _MOST_ROWS]


def in_full_precision(checkpoint: Checkpoint) -> Checkpoint:
    """Has the models of a checkpoint computed in single precision, on GPUs as well, unless the option `dtype` is given.

    For models whose last layers make samples: half precision has as few steps as 8 bits, and is heard as noise.
    """
    if "dtype" not in checkpoint.spec.options:
        checkpoint.dtype = torch.float32
    return checkpoint
