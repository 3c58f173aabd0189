"""Captions of images, and OCR: BLIP, BLIP-2, GIT, encoder-decoders such as ViT-GPT2 and TrOCR, and VLMs."""

from __future__ import annotations

from typing import Final

from orchestrion_host import ipc
from orchestrion_host.worker.models.multimodal import image_text_models
from orchestrion_host.worker.models.multimodal.image_text_batches import ImageTextExpert
from orchestrion_host.worker.models.multimodal.vlm import VisionLanguageModel

# A sentence, or a printed line with room to spare.
_USUAL_TOKENS: Final = 64


def load(spec: ipc.Load) -> ImageTextExpert | VisionLanguageModel:
    """Loads a model that says what an image shows, or reads what is written in it.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: it is of none of these kinds.
    """
    if image_text_models.kind_of(spec) not in image_text_models.KINDS:
        return VisionLanguageModel(spec, "text")
    return ImageTextExpert(spec, "image-to-text", "text", _USUAL_TOKENS)
