"""The runtime `onnx`: exported models on onnxruntime, each kind by a module of `worker.onnx_models`."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.worker.runtimes import Loader, families
from orchestrion_host.worker.text import embeddings

_PACKAGE: Final = "orchestrion_host.worker.onnx_models"

TOGETHER: Final = (
    embeddings.TASK_TYPES,
    *map(frozenset, families.HEADS.values()),
    frozenset({"tabular-classification"}),
)
"""The sets of task types of which one model performs any at once."""


def loader(spec: ipc.Load) -> Loader:
    """Returns the way that this expert is loaded.

    Raises:
        FailedPreconditionError: No kind of model performs all of its task types.
    """
    if not any(known.issuperset(spec.task_types) for known in TOGETHER):
        known = ", ".join(sorted(frozenset().union(*TOGETHER)))
        text = f"The runtime onnx has no model for {', '.join(sorted(spec.task_types))} together; it performs {known}."
        raise Reason.EXPERT_LOAD_FAILED.error(text, expert=spec.expert_id)
    family = families.of(spec.task_types)
    if families.is_encoder(spec.folder, spec.task_types):
        found: Loader = import_module(f"{_PACKAGE}.encoder").load
    elif family in families.HEADS:
        found = import_module(f"{_PACKAGE}.text_heads").loader(family)
    else:
        found = import_module(f"{_PACKAGE}.rows").load
    return found
