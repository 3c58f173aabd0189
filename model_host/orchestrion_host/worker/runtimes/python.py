"""The runtime `python`: experts written in Python by third parties, and what runtimes of third parties load."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host import ipc
from orchestrion_host.plugins import Expert, ModelSpec
from orchestrion_host.worker import memory, python_classes
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.plugin_calls import WorkerCall, outputs_of
from orchestrion_host.worker.runtimes import Loader, Result

_log = logging.getLogger(__name__)
_WORK_BYTES: Final = 8


class PluginExpert:
    """A loaded expert of a plug-in, as the worker wants experts."""

    def __init__(self, expert: Expert, expert_id: str) -> None:
        """Keeps the expert, which is loaded."""
        self._expert = expert
        outputs = (expert.tensors or {}).get("outputs", ())
        self._datatypes = {str(own["name"]): str(own["datatype"]) for own in outputs}
        self._id = expert_id

    def warm_up(self) -> None:
        """Has the expert compute something small."""
        self._expert.warm_up()

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Has the expert compute a batch; an exception in its list fails one call."""
        calls = [WorkerCall(call, self._datatypes) for call in batch]
        results = self._expert.predict_batch(calls)
        if len(results) != len(calls):
            raise ValueError(f"predict_batch returned {len(results)} results for {len(calls)} calls")
        return [self._result(call, result) for call, result in zip(calls, results, strict=True)]

    def parameter_bytes(self) -> int:
        """Returns what its weights take, as the expert says."""
        return self._expert.parameter_bytes()

    def work_bytes(self, call: Call, pixel_count: int) -> int:
        """As `DeclaresWork` has it: what others do with a picture is not known, and many do not decode it."""
        del call
        return _WORK_BYTES * pixel_count

    def unload(self) -> None:
        """Has the expert let go of everything."""
        self._expert.unload()

    def _result(self, call: WorkerCall, result: object) -> Result:
        if isinstance(result, OrchestrionError):
            return result
        try:
            if isinstance(result, Exception):
                raise result
            return outputs_of(call, result)
        except Exception as error:
            if memory.is_exhaustion(error):
                raise
            _log.exception("%s failed", self._id)
            return Reason.EXPERT_FAILED.error(f"{self._id} failed: {type(error).__name__}: {error}")


def loader(spec: ipc.Load) -> Loader:
    """Imports the class that the expert names as its model, and returns what makes and loads an object of it.

    Raises:
        FailedPreconditionError: It has no such class.
    """
    expert_class = python_classes.find(spec.model)

    def load(spec: ipc.Load) -> PluginExpert:
        expert = expert_class()
        expert.spec = model_spec(spec)
        expert.load()
        return PluginExpert(expert, spec.expert_id)

    return load


def plugged_in(module: ModuleType, spec: ipc.Load) -> Loader:
    """Returns the loader of a runtime that a third party brings.

    Args:
        module: The runtime's module, which has `loader`.
        spec: What is to be loaded.
    """
    load = module.loader(model_spec(spec))
    return lambda spec: PluginExpert(load(model_spec(spec)), spec.expert_id)


def model_spec(spec: ipc.Load) -> ModelSpec:
    """Returns what plug-ins are told of a load."""
    return ModelSpec(
        expert_id=spec.expert_id,
        model=spec.model,
        task_types=tuple(spec.task_types),
        device=spec.device,
        folder=Path(spec.folder) if spec.folder else None,
        parts={name: Path(place) for name, place in spec.parts.items()},
        options=dict(spec.options),
        trusted=tuple(spec.trusted),
    )
