"""Table question answering: TAPAS picks cells and an operation on them, TAPEX generates the answer."""

from __future__ import annotations

from orchestrion_host import ipc
from orchestrion_host.worker.models.checkpoint import Checkpoint
from orchestrion_host.worker.models.document.tapas import Tapas
from orchestrion_host.worker.models.document.tapex import Tapex
from orchestrion_host.worker.runtimes import LoadedExpert


def load(spec: ipc.Load) -> LoadedExpert:
    """Loads the reader of tables that fits the architecture of a checkpoint.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: it is none that is known.
    """
    checkpoint = Checkpoint(spec)
    kind = checkpoint.config.model_type
    if kind == "tapas":
        return Tapas(checkpoint)
    if kind == "bart":
        return Tapex(checkpoint)
    raise spec.refused(f"{kind!r} is no kind of model that answers from tables here; tapas and bart (TAPEX) are.")
