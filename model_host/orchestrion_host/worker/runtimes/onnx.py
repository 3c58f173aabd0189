"""The runtime `onnx`: exported models on onnxruntime, each kind by a module of `worker.onnx_models`."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from orchestrion.errors import Reason
from orchestrion_host import wire
from orchestrion_host.worker.runtimes import Loader, embeddings

_PACKAGE: Final = "orchestrion_host.worker.onnx_models"
# Each kind is a module with a class or function `load` from the message to the expert.
_KINDS: Final = {
    "texts": embeddings.TASK_TYPES | {"text-classification"},
    "rows": frozenset({"tabular-classification"}),
}


def loader(spec: wire.Load) -> Loader:
    """Returns the way that this expert is loaded.

    Raises:
        FailedPreconditionError: No kind of model performs all of its task types.
    """
    kind = next((kind for kind, known in _KINDS.items() if known.issuperset(spec.task_types)), None)
    if kind is None:
        known = ", ".join(sorted(frozenset().union(*_KINDS.values())))
        text = f"The runtime onnx has no model for {', '.join(sorted(spec.task_types))} together; it performs {known}."
        raise Reason.EXPERT_LOAD_FAILED.error(text, expert=spec.expert_id)
    found: Loader = import_module(f"{_PACKAGE}.{kind}").load
    return found
