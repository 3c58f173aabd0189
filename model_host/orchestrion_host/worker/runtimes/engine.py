"""The runtime `engine`: experts that are programs of their own, written for this host, one module each."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from orchestrion.errors import Reason
from orchestrion_host import wire
from orchestrion_host.worker.runtimes import Loader

_MODULES: Final = {
    "delay": "orchestrion_host.worker.engines.delay",
    "espeak-ng": "orchestrion_host.worker.engines.espeak",
    "rapidocr": "orchestrion_host.worker.engines.rapid_ocr",
    "text-rules": "orchestrion_host.worker.engines.text_rules",
}


def loader(spec: wire.Load) -> Loader:
    """Imports the module of the engine that the expert names as its model and returns its `load`.

    Raises:
        FailedPreconditionError: There is no such engine.
    """
    if spec.model not in _MODULES:
        raise Reason.EXPERT_LOAD_FAILED.error(f"There is no engine {spec.model!r}; there are {', '.join(_MODULES)}.")
    load: Loader = import_module(_MODULES[spec.model]).load
    return load
