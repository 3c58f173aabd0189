"""What can be exported: encoders, and models of texts with one head. Imports no library of models."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from orchestrion.errors import Reason
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.worker.runtimes import embeddings, families

ENCODER: Final = "AutoModel"
"""The class of encoders, whose first output are the states of the tokens."""

HEADS: Final = {
    "text-classification": "AutoModelForSequenceClassification",
}
"""The classes of models with a head, by the task type that it is for; their first output are logits."""


def kind_of(facts: ModelFacts, folder: Path, task_type: str) -> tuple[str, tuple[str, ...]]:
    """Tells how a model is exported.

    Args:
        facts: The model.
        folder: Where its files are.
        task_type: What the export is to perform; empty for all that an encoder does, or for the one that it has.

    Returns:
        The class of the library that loads it, `ENCODER` or one of `HEADS`, and the task types of the export.

    Raises:
        InvalidArgumentError: It does not perform the task type, or cannot be exported for it.
    """
    if task_type and task_type not in facts.task_types:
        text = f"task_type: {facts.id} performs {', '.join(facts.task_types)}; asked for {task_type!r}."
        raise Reason.INVALID_FIELD.error(text, field="task_type")
    if families.is_encoder(str(folder), facts.task_types):
        return ENCODER, facts.task_types
    wanted = (task_type,) if task_type else facts.task_types
    if len(wanted) > 1 or wanted[0] not in HEADS:
        able = ", ".join(sorted({*HEADS, *embeddings.TASK_TYPES}))
        text = f"{facts.id} does {', '.join(wanted)}; exported are encoders, and models with a head for one of {able}."
        raise Reason.MODEL_NOT_SUPPORTED.error(text, expert=facts.id)
    return HEADS[wanted[0]], wanted
