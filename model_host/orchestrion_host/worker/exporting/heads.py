"""What can be exported: encoders of texts, bare or with a head for a task. Imports no library of models."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Final

from orchestrion.errors import Reason
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.worker.runtimes import families
from orchestrion_host.worker.text import embeddings

ENCODER: Final = "AutoModel"
"""The class of encoders, whose first output are the states of the tokens."""


def kind_of(facts: ModelFacts, folder: Path, task_type: str) -> tuple[str, tuple[str, ...]]:
    """Tells how a model is exported.

    Args:
        facts: The model.
        folder: Where its files are.
        task_type: What the export is to perform at least; empty for whatever the model does.

    Returns:
        The class of the library that loads it, and the task types of the export: all that the model does, since they
        are done with the same outputs.

    Raises:
        InvalidArgumentError: It does not perform the task type, or cannot be exported for it.
    """
    if task_type and task_type not in facts.task_types:
        text = f"task_type: {facts.id} performs {', '.join(facts.task_types)}; asked for {task_type!r}."
        raise Reason.INVALID_FIELD.error(text, field="task_type")
    if families.is_encoder(str(folder), facts.task_types):
        return ENCODER, facts.task_types
    family = families.of(facts.task_types)
    if family not in families.HEADS:
        able = ", ".join(sorted(embeddings.TASK_TYPES.union(*families.HEADS.values())))
        text = f"{facts.id} does {', '.join(facts.task_types)}; exported are encoders of texts, for {able}."
        raise Reason.MODEL_NOT_SUPPORTED.error(text, expert=facts.id)
    auto_class: str = import_module(f"orchestrion_host.worker.heads.{family}").AUTO_CLASS
    return auto_class, facts.task_types
