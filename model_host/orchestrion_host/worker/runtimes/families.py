"""The runtimes `transformers`, `diffusers` and `onnx`: models, each loaded by the family that it belongs to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from orchestrion_host import ipc
from orchestrion_host.families import table
from orchestrion_host.families.family import Family
from orchestrion_host.worker.runtimes import Loader


def loader(spec: ipc.Load) -> Loader:
    """Returns the way that this expert is loaded.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: no family performs all of its task types.
    """
    load: Loader = import_module(family_of(spec).loaders[spec.runtime]).load
    return load


def family_of(spec: ipc.Load) -> Family:
    """Returns the family that an expert belongs to.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: none performs all of its task types.
    """
    family = of_folder(spec.runtime, spec.folder, spec.task_types)
    if family is None:
        raise spec.refused(
            f"task_types: no family of models on {spec.runtime} performs all of {', '.join(spec.task_types)}; "
            "an expert of its own for each would do."
        )
    return family


def of_folder(runtime: str, folder: str, task_types: Iterable[str]) -> Family | None:
    """Returns the family of a checkpoint; None where none performs all of these task types."""
    return table.of(runtime, task_types, architecture(folder))


def architecture(folder: str) -> str:
    """Returns the class that a checkpoint was saved from, such as `BertModel`; empty when it does not say."""
    path = Path(folder) / "config.json"
    names = json.loads(path.read_text("utf-8")).get("architectures") if path.is_file() else None
    return str(names[0]) if names else ""
