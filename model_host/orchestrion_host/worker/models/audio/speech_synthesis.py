"""Speech synthesis: which synthesiser fits a checkpoint (VITS or SpeechT5)."""

from __future__ import annotations

from orchestrion_host import ipc
from orchestrion_host.worker.models.audio.speecht5 import SpeechT5Synthesiser
from orchestrion_host.worker.models.audio.synthesiser import Synthesiser
from orchestrion_host.worker.models.audio.vits import Vits
from orchestrion_host.worker.models.audio.waveforms import in_full_precision
from orchestrion_host.worker.models.checkpoint import Checkpoint


def load(spec: ipc.Load) -> Synthesiser:
    """Loads the synthesiser that fits the architecture of a checkpoint.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: it is none that is known, or a part is missing.
    """
    checkpoint = in_full_precision(Checkpoint(spec))
    kind = checkpoint.config.model_type
    if kind == "vits":
        return Vits(checkpoint)
    if kind == "speecht5":
        return SpeechT5Synthesiser(checkpoint)
    raise spec.refused(f"{kind!r} is no kind of voice that this host knows; it knows vits and speecht5.")
