"""Which task types one model can perform together on each runtime, and how the Hub calls them.

The workers' own tables are not imported here, since the host's process imports none of their code; a test compares
both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from orchestrion_host.models.architectures import CONTROLS, DEPTH, SEGMENTATION

_EMBEDDINGS: Final = frozenset(
    {
        "sentence-similarity",
        "feature-extraction",
        "zero-shot-classification",
        "summarization",
        "question-answering",
    }
)

TOGETHER: Final[Mapping[str, tuple[frozenset[str], ...]]] = {
    "transformers": (
        _EMBEDDINGS,
        frozenset(DEPTH),
        frozenset(SEGMENTATION),
        frozenset({"text2text-generation", "summarization", "translation"}),
        frozenset({"text-classification", "zero-shot-classification"}),
        frozenset({"text-generation", "conversational"}),
        *(
            frozenset({name})
            for name in (
                "audio-classification",
                "audio-to-audio",
                "automatic-speech-recognition",
                "document-question-answering",
                "fill-mask",
                "image-classification",
                "image-to-image",
                "image-to-text",
                "mask-generation",
                "object-detection",
                "openpose-control",
                "question-answering",
                "table-question-answering",
                "text-to-audio",
                "text-to-speech",
                "token-classification",
                "video-classification",
                "visual-question-answering",
                "voice-conversion",
                "zero-shot-image-classification",
                "zero-shot-object-detection",
            )
        ),
    ),
    "diffusers": (
        *(
            frozenset({name})
            for name in ("text-to-image", "image-editing", "image-to-image", "text-to-video", "image-to-video")
        ),
        frozenset(f"{control}-text-to-image" for control in CONTROLS),
    ),
    "onnx": (
        _EMBEDDINGS,
        frozenset({"text-classification", "zero-shot-classification"}),
        *(
            frozenset({name})
            for name in ("fill-mask", "question-answering", "tabular-classification", "token-classification")
        ),
    ),
}
"""For each runtime the sets of task types of which one model performs any at once."""

_TO_OURS: Final[Mapping[str, tuple[str, ...]]] = {
    "depth-estimation": DEPTH,
    "feature-extraction": ("sentence-similarity", "feature-extraction"),
    "image-segmentation": SEGMENTATION,
    "image-text-to-text": ("image-to-text",),
    "image-to-image": ("image-to-image",),
    "keypoint-detection": ("openpose-control",),
    "sentence-similarity": ("sentence-similarity", "feature-extraction"),
}
_TO_THEIRS: Final[Mapping[str, tuple[str, tuple[str, ...], str]]] = {
    "conversational": ("text-generation", ("conversational",), ""),
    "depth-control": ("depth-estimation", (), ""),
    "image-editing": ("image-to-image", (), ""),
    "normal-control": ("depth-estimation", (), ""),
    "openpose-control": ("keypoint-detection", (), ""),
    "seg-control": ("image-segmentation", (), ""),
    "text2text-generation": ("", ("text2text-generation",), ""),
    "voice-conversion": ("audio-to-audio", ("transformers",), ""),
    **{f"{control}-text-to-image": ("", ("diffusers",), f"controlnet {control}") for control in CONTROLS},
}


def performs(runtime: str, task_types: Iterable[str]) -> bool:
    """Whether one model on a runtime can perform all of these task types."""
    return any(known.issuperset(task_types) for known in TOGETHER.get(runtime, ()))


def from_hub(pipeline_tag: str) -> tuple[str, ...]:
    """Returns the task types that a pipeline tag of the Hub stands for; it may be none of this project's."""
    return _TO_OURS.get(pipeline_tag, (pipeline_tag,) if pipeline_tag else ())


def to_hub(task_type: str) -> tuple[str, tuple[str, ...], str]:
    """Returns how models of a task type are searched on the Hub: a pipeline tag, tags, and words of the id."""
    return _TO_THEIRS.get(task_type, (task_type, (), ""))
