"""Speech recognition: which recogniser fits a checkpoint (Whisper, CTC, or another encoder-decoder)."""

from __future__ import annotations

from transformers.models.auto import modeling_auto

from orchestrion_host import ipc
from orchestrion_host.worker.models.audio.ctc import CtcRecogniser
from orchestrion_host.worker.models.audio.recogniser import Recogniser
from orchestrion_host.worker.models.audio.seq2seq_speech import Seq2SeqRecogniser
from orchestrion_host.worker.models.audio.whisper import Whisper
from orchestrion_host.worker.models.checkpoint import Checkpoint


def load(spec: ipc.Load) -> Recogniser:
    """Loads the recogniser that fits the architecture of a checkpoint.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: it is none that is known.
    """
    checkpoint = Checkpoint(spec)
    name = str((checkpoint.config.architectures or [""])[0])
    if checkpoint.config.model_type == "whisper":
        return Whisper(checkpoint)
    if name in modeling_auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES.values():
        return Seq2SeqRecogniser(checkpoint)
    if name in modeling_auto.MODEL_FOR_CTC_MAPPING_NAMES.values():
        return CtcRecogniser(checkpoint)
    raise spec.refused(f"{name or 'a checkpoint that names no architecture'} is no recogniser of speech.")
