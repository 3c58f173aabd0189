"""Voices of SpeechT5: x-vectors (speaker embeddings), and the vocoder from spectrograms to waveforms."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
import transformers

from orchestrion_host.worker.library_types import Model
from orchestrion_host.worker.media.audio.mixing import Mono
from orchestrion_host.worker.models.audio.waveforms import Waveforms
from orchestrion_host.worker.models.checkpoint import Checkpoint

# What the training of encoders of speakers compares with; vectors are what comes before it.
_UNREAD: Final = (r"^objective\.",)


def vocoder(checkpoint: Checkpoint) -> Model:
    """Loads the part `vocoder`, a `SpeechT5HifiGan`.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: the catalogue names none.
    """
    return checkpoint.model(transformers.SpeechT5HifiGan, checkpoint.part("vocoder"))


def own_voice(checkpoint: Checkpoint) -> torch.Tensor:
    """Returns the x-vector of the option `speaker_embedding`, else the neutral one.

    The neutral one is all zeros, as the library's own examples of SpeechT5 have it.

    Returns:
        Tensor of shape (1, speaker_embedding_dim).

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: the option has not as many numbers as the model takes.
    """
    size = int(checkpoint.config.speaker_embedding_dim)
    numbers = checkpoint.spec.options.get("speaker_embedding", [0.0] * size)
    if not isinstance(numbers, list | tuple) or len(numbers) != size:
        raise checkpoint.spec.refused(f"options.speaker_embedding: expected a list of {size} numbers.")
    return torch.tensor([numbers], dtype=checkpoint.dtype, device=checkpoint.device)


class SpeakerEncoder:
    """The part `speaker_encoder`: a model that tells speakers apart, such as `WavLMForXVector`."""

    def __init__(self, checkpoint: Checkpoint, folder: Path, size: int) -> None:
        """Loads it.

        Args:
            checkpoint: What it is a part of.
            folder: Where it is.
            size: How many numbers an x-vector must have.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: its vectors are of another size.
        """
        self.model: Model = checkpoint.model(transformers.AutoModelForAudioXVector, folder, unread=_UNREAD)
        self._waveforms = Waveforms(checkpoint, folder, masked=False)
        self.rate = self._waveforms.rate
        length = int(self.model.config.xvector_output_dim)
        if length != size:
            raise checkpoint.spec.refused(f"its speaker encoder makes vectors of {length} numbers, not {size}.")

    def voice(self, samples: Mono) -> torch.Tensor:
        """Returns the x-vector of a speaker, of length 1 and shape (1, size)."""
        _, inputs = next(self._waveforms.passes([samples]))
        with torch.inference_mode():
            return torch.nn.functional.normalize(self.model(**inputs).embeddings, dim=-1)
