"""Runtimes: ways to load a model and run batches on it. Each is imported when the first expert needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module, metadata
from typing import Final, Protocol, TypeAlias, TypeVar

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host import ipc
from orchestrion_host.catalogue import runtimes
from orchestrion_host.worker.call import Call

T = TypeVar("T")

Outputs: TypeAlias = Mapping[str, ipc.Plain]
"""The outputs of one call by name."""

Result: TypeAlias = Outputs | OrchestrionError
"""What became of one call of a batch."""


class LoadedExpert(Protocol):
    """A model in memory."""

    def warm_up(self) -> None:
        """Computes something small, so that the first call is not slower and the memory figure is true."""

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Computes a batch of calls of one task type and returns one result for each, in order.

        An error in the list fails one call; an error raised fails all of them.
        """

    def parameter_bytes(self) -> int:
        """Returns what its weights take on the device, shared storages counted once; 0 when not known."""

    def unload(self) -> None:
        """Lets go of everything it holds."""


Loader: TypeAlias = Callable[[ipc.Load], LoadedExpert]
"""Loads an expert; raises an OrchestrionError, or whatever its library raises."""

_MODULES: Final = {
    "engine": "orchestrion_host.worker.runtimes.engine",
    "transformers": "orchestrion_host.worker.runtimes.families",
    "diffusers": "orchestrion_host.worker.runtimes.families",
    "onnx": "orchestrion_host.worker.runtimes.families",
    "remote": "orchestrion_host.worker.runtimes.remote",
    "python": "orchestrion_host.worker.runtimes.python",
}


def loader(spec: ipc.Load) -> Loader:
    """Returns what loads this expert, its libraries imported, so that they do not count as the expert's memory.

    Raises:
        FailedPreconditionError: There is no such runtime.
    """
    if spec.runtime not in _MODULES:
        for point in metadata.entry_points(group=runtimes.GROUP, name=spec.runtime):
            return import_module(_MODULES["python"]).plugged_in(point.load(), spec)  # type: ignore[no-any-return]
        raise Reason.EXPERT_LOAD_FAILED.error(
            f"There is no runtime {spec.runtime!r}; there are {', '.join(runtimes.names())}."
        )
    load: Loader = import_module(_MODULES[spec.runtime]).loader(spec)
    return load


def read_each(batch: Sequence[Call], read: Callable[[Call], T]) -> tuple[dict[int, T], dict[int, Result]]:
    """Reads the inputs of each call, so that a bad one fails its own call alone.

    Returns:
        What was read, and the errors of the other calls, both by the place of the call in the batch.
    """
    inputs: dict[int, T] = {}
    errors: dict[int, Result] = {}
    for place, call in enumerate(batch):
        try:
            call.raise_if_cancelled()
            inputs[place] = read(call)
        except OrchestrionError as error:
            errors[place] = error
    return inputs, errors


def one_by_one(batch: Sequence[Call], compute: Callable[[Call], Outputs]) -> list[Result]:
    """Computes the calls of a batch one after the other, for models that gain nothing from batches."""
    results: list[Result] = []
    for call in batch:
        try:
            call.raise_if_cancelled()
            results.append(compute(call))
        except OrchestrionError as error:
            results.append(error)
    return results
