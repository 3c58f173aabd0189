"""What can be exported: encoders of texts, bare or with a head for a task. Imports no library of models."""

from __future__ import annotations

from pathlib import Path

from orchestrion.errors import Reason
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.families import table
from orchestrion_host.families.family import Family
from orchestrion_host.worker.runtimes import families


def family_of(facts: ModelFacts, folder: Path, task_type: str) -> Family:
    """Returns the family of a model that can be exported.

    Its export performs all that the model does, since that is done with the same outputs.

    Args:
        facts: The model.
        folder: Where its files are.
        task_type: What the export is to perform at least; empty for whatever the model does.

    Raises:
        InvalidArgumentError: It does not perform the task type, or cannot be exported for it.
    """
    if task_type and task_type not in facts.task_types:
        text = f"task_type: {facts.id} performs {', '.join(facts.task_types)}; asked for {task_type!r}."
        raise Reason.INVALID_FIELD.error(text, field="task_type")
    family = families.of_folder(facts.runtime, str(folder), facts.task_types)
    if family is None or not family.auto_class:
        exportable = {name for other in table.families() if other.auto_class for name in other.task_types}
        text = f"{facts.id} does {', '.join(facts.task_types)}; exported are encoders of texts, for "
        text += f"{', '.join(sorted(exportable))}."
        raise Reason.MODEL_NOT_SUPPORTED.error(text, expert=facts.id)
    return family
