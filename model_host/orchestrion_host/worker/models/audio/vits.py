"""VITS (Kim et al., 2021) and the voices of MMS: text straight to a waveform, in one pass."""

from __future__ import annotations

from typing import Final

import torch
import transformers
from transformers.models.speecht5.number_normalizer import EnglishNumberNormalizer

from orchestrion.errors import Reason
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model, Tokenizer
from orchestrion_host.worker.media.audio.mixing import Mono
from orchestrion_host.worker.models import randomness
from orchestrion_host.worker.models.audio.synthesiser import Synthesiser
from orchestrion_host.worker.models.checkpoint import Checkpoint
from orchestrion_host.worker.text import language_tags

# The model draws its rhythm and its breath at random; the same text is to give the same sound.
_SEED: Final = 1


class Vits(Synthesiser):
    """A voice, or several in one model."""

    has_speed = True

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Loads it.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: its letters need a package that is not installed.
        """
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)
        for wanted, package, present in (
            ("phonemize", "phonemizer", transformers.utils.import_utils.is_phonemizer_available()),
            ("is_uroman", "uroman", transformers.utils.import_utils.is_uroman_available()),
        ):
            if getattr(self._tokenizer, wanted, False) and not present:
                text = f"{checkpoint.spec.expert_id} needs the package {package!r}, which is not installed."
                raise Reason.EXPERT_LOAD_FAILED.error(text, expert=checkpoint.spec.expert_id)
        self._model: Model = checkpoint.model(transformers.VitsModel)
        self.language = getattr(self._tokenizer, "language", None) or ""
        super().__init__(checkpoint, self._model)
        # Digits are dropped like all that a voice has no letters for; in English they can be spelled out.
        spoken = language_tags.parse(self.language)
        is_english = spoken is not None and spoken.language == "en"
        spells = is_english and not any(digit in self._tokenizer.get_vocab() for digit in "0123456789")
        self._numbers = EnglishNumberNormalizer() if spells else None  # type: ignore[no-untyped-call]  # The library is not typed here.
        self.rate = int(checkpoint.config.sampling_rate)

    def voice(self, call: Call, name: str) -> int | None:
        """Returns the number of a speaker: models with several know them by it."""
        count = int(self._model.config.num_speakers)
        if count <= 1:
            if name:
                raise call.bad_input("voice", f"names no voice: {name!r}. This expert has one alone; leave it out.")
            return None
        if name and not (name.isdecimal() and int(name) < count):
            raise call.bad_input("voice", f"names no voice: {name!r}. This expert has the numbers 0 to {count - 1}.")
        return int(name or 0)

    def speak(self, text: str, speed: float, voice: int | None) -> Mono | None:
        """Speaks a piece of text; None where none of its letters are known."""
        tokens = self._tokenizer(self._numbers(text) if self._numbers else text, return_tensors="pt")
        spoken = (tokens["input_ids"] != self._tokenizer.pad_token_id) & (tokens["input_ids"] != 0)
        if not bool(spoken.any()):
            return None
        device = self.checkpoint.device
        inputs = self.checkpoint.inputs(tokens)
        with torch.inference_mode(), randomness.seeded(_SEED, device):
            rate = self._model.config.speaking_rate * speed
            sound = self._model(**inputs, speaker_id=voice, speaking_rate=rate).waveform[0]
        samples: Mono = sound.float().cpu().numpy()
        return samples
