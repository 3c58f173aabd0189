"""Which family of models performs which task types on the runtime `transformers`. Imports no library of models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from orchestrion_host.worker.text import embeddings

HEADS: Final = {
    "extractive_qa": ("question-answering",),
    "masked_lm": ("fill-mask",),
    "text_classification": ("text-classification", "zero-shot-classification"),
    "token_classification": ("token-classification",),
}
"""Models of texts with a head, on the runtimes transformers and onnx; each family is a module of `worker.heads`."""

# Each other family is a module of `worker.models` with a function `load` from the message to the expert.
FAMILIES: Final = {
    **HEADS,
    "audio.classification": ("audio-classification",),
    "audio.codec": ("audio-to-audio",),
    "audio.musicgen": ("text-to-audio",),
    "multimodal.captioning": ("image-to-text",),
    "image.depth_estimation": ("depth-estimation", "depth-control", "normal-control"),
    "document.question_answering": ("document-question-answering",),
    "image.classification": ("image-classification",),
    "image.segmentation": ("image-segmentation", "seg-control"),
    "multimodal.clip": ("zero-shot-image-classification",),
    "image.mask_generation": ("mask-generation",),
    "image.object_detection": ("object-detection",),
    "image.open_vocabulary_detection": ("zero-shot-object-detection",),
    "image.pose_estimation": ("openpose-control",),
    "text.seq2seq": ("text2text-generation", "summarization", "translation"),
    "audio.speech_recognition": ("automatic-speech-recognition",),
    "audio.speech_synthesis": ("text-to-speech",),
    "image.super_resolution": ("image-to-image",),
    "document.table_question_answering": ("table-question-answering",),
    "text.causal_lm": ("text-generation", "conversational"),
    "video.classification": ("video-classification",),
    "multimodal.visual_question_answering": ("visual-question-answering",),
    "audio.voice_conversion": ("voice-conversion",),
}


def of(task_types: Sequence[str]) -> str:
    """Returns the family that performs all of these task types; empty where there is none."""
    return next((family for family, known in FAMILIES.items() if set(task_types) <= set(known)), "")


def is_encoder(folder: str, task_types: Sequence[str]) -> bool:
    """Whether the task types are done with the embeddings of a model, rather than with a head that it has for them.

    Several of those of `embeddings.TASK_TYPES` are also performed by models with a head of their own.
    """
    if not embeddings.TASK_TYPES.issuperset(task_types):
        return False
    return architecture(folder).endswith("Model") or not of(task_types)


def architecture(folder: str) -> str:
    """Returns the class that a checkpoint was saved from, such as `BertModel`; empty when it does not say."""
    path = Path(folder) / "config.json"
    found = json.loads(path.read_text("utf-8")).get("architectures") if path.is_file() else None
    return str(found[0]) if found else ""
