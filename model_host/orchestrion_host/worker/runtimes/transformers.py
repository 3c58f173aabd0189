"""The runtime `transformers`: PyTorch checkpoints, each loaded by the family of models that performs its task types."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from transformers.utils import logging

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.worker.runtimes import Loader, families

# Lines about unused weights are for people who train.
logging.set_verbosity_error()  # type: ignore[no-untyped-call]
logging.disable_progress_bar()  # type: ignore[no-untyped-call]

_PACKAGE: Final = "orchestrion_host.worker.models"


def loader(spec: ipc.Load) -> Loader:
    """Returns the way that this expert is loaded.

    Raises:
        FailedPreconditionError: No family performs all of its task types.
    """
    family = "text.encoder" if families.is_encoder(spec.folder, spec.task_types) else families.of(spec.task_types)
    if not family:
        text = f"{spec.expert_id}: task_types: no family of models on transformers performs all of "
        text += f"{', '.join(spec.task_types)}; an expert of its own for each would do."
        raise Reason.EXPERT_LOAD_FAILED.error(text, expert=spec.expert_id)
    module = import_module(f"{_PACKAGE}.{'text.text_heads' if family in families.HEADS else family}")
    found: Loader = module.loader(family) if family in families.HEADS else module.load
    return found
