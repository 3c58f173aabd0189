"""The runtime `remote`: experts that compute elsewhere. They take no memory here, and several calls go side by side."""

from __future__ import annotations

import logging
import os
from importlib import import_module
from typing import Final

from orchestrion._net.loopback import exempt_from_proxies
from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.worker.runtimes import Loader

_MODULES: Final = {
    "llm": ("orchestrion_host.worker.remote.language", "RemoteLanguageModel"),
    "hub-inference": ("orchestrion_host.worker.remote.hosted", "HostedModels"),
}


def loader(spec: ipc.Load) -> Loader:
    """Returns what connects to the endpoint that the expert names as its model.

    Raises:
        FailedPreconditionError: There is no such endpoint, or it does not do one of the task types.
    """
    if spec.model not in _MODULES:
        text = f"There is no remote expert {spec.model!r}; there are {', '.join(_MODULES)}."
        raise Reason.EXPERT_LOAD_FAILED.error(text, expert=spec.expert_id)
    name, kind = _MODULES[spec.model]
    # Hosts keep libraries from reaching out while models load and run; reaching out is all that this runtime does.
    os.environ["HF_HUB_OFFLINE"] = "0"
    # A proxy cannot reach endpoints on this machine.
    exempt_from_proxies(os.environ)
    # Its line for each request tells the address, which may hold a key.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    module = import_module(name)
    missing = sorted(set(spec.task_types) - module.TASK_TYPES)
    if missing:
        raise spec.refused(f"task_types: {spec.model} does not do {', '.join(missing)}.")
    load: Loader = getattr(module, kind)
    return load
