"""Which family of models performs which task types on the runtime `transformers`. Imports no library of models."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from orchestrion_host.worker.runtimes import embeddings

HEADS: Final = {
    "extractive_answers": ("question-answering",),
    "masked_words": ("fill-mask",),
    "text_classification": ("text-classification", "zero-shot-classification"),
    "token_classification": ("token-classification",),
}
"""Models of texts with a head, on the runtimes transformers and onnx; each family is a module of `worker.heads`."""

# Each other family is a module of `worker.models` with a function `load` from the message to the expert.
FAMILIES: Final = {
    **HEADS,
    "audio_classification": ("audio-classification",),
    "audio_codec": ("audio-to-audio",),
    "audio_generation": ("text-to-audio",),
    "captions": ("image-to-text",),
    "depth": ("depth-estimation", "depth-control", "normal-control"),
    "document_answers": ("document-question-answering",),
    "image_classification": ("image-classification",),
    "image_segmentation": ("image-segmentation", "seg-control"),
    "image_text_matching": ("zero-shot-image-classification",),
    "mask_generation": ("mask-generation",),
    "object_detection": ("object-detection",),
    "open_vocabulary_detection": ("zero-shot-object-detection",),
    "poses": ("openpose-control",),
    "sequence_to_sequence": ("text2text-generation", "summarization", "translation"),
    "speech_recognition": ("automatic-speech-recognition",),
    "speech_synthesis": ("text-to-speech",),
    "super_resolution": ("image-to-image",),
    "tables": ("table-question-answering",),
    "text_generation": ("text-generation", "conversational"),
    "video_classification": ("video-classification",),
    "visual_answers": ("visual-question-answering",),
    "voice_conversion": ("voice-conversion",),
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
