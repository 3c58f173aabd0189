"""An expert written in Python: what it says about itself, and the steps of its life in a worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from orchestrion.errors import OrchestrionError
from orchestrion_host.plugins.call import Call, Outputs


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What a host tells an expert or a runtime when it loads."""

    expert_id: str
    """The expert's id."""
    model: str
    """What the catalogue names as its model."""
    task_types: tuple[str, ...]
    """The task types that it is to perform."""
    device: str
    """Where it is to be: `cpu`, or `cuda:0` for the only GPU that the worker sees."""
    folder: Path | None = None
    """The folder of its files, where its facts name a `source`."""
    parts: Mapping[str, Path] = field(default_factory=dict)
    """The folders of further checkpoints that it is made of, by what they are to it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The settings in its facts."""
    trusted: tuple[str, ...] = ()
    """What the operator allows it beyond the rule: `pickled-weights`, `remote-code`."""


class Expert:
    """The base class of experts written in Python.

    Its attributes are facts; they are the fields of the catalogue's YAML, and a YAML file beside the Python file is
    read in place of them. The steps of its life are its methods, of which `predict` or `predict_batch` must be written.
    `load`, `warm_up` and `unload` are called once each. With more than one of `instances`, batches are computed on as
    many threads at once.
    """

    id: ClassVar[str] = ""
    """The expert's id; by default the entry point's name, or the class's name in lower case with `-` between words."""
    task_types: ClassVar[Sequence[str]] = ()
    """The task types that it performs; at least one."""
    description: ClassVar[str] = ""
    """What it is good at, in one or two sentences; by default the first paragraph of the class's docstring."""
    revision: ClassVar[str] = ""
    """The revision of its weights or code; by default the package's version, or the hash of the Python file."""
    languages: ClassVar[Sequence[str]] = ()
    """BCP 47 tags; empty when language does not matter."""
    domain: ClassVar[str] = ""
    """What it was made for; empty for general use."""
    license: ClassVar[str] = ""
    """An SPDX identifier; by default the package's, where it has one."""
    memory_bytes: ClassVar[int] = 0
    """An estimate of what it takes, until that is measured at the first load."""
    accepts: ClassVar[Mapping[str, Sequence[str]]] = {}
    """Inputs of which it takes some values only, such as one of a task type's operations."""
    input_limits: ClassVar[Mapping[str, Mapping[str, int]]] = {}
    """How much of an input it takes in: by input, `max_character_count`, `max_duration_ms` and `max_size_bytes`."""
    accuracy: ClassVar[float] = 0.0
    """A published measure of its quality, from 0 to 1, higher is better."""
    accuracy_measure: ClassVar[str] = ""
    """What `accuracy` measures."""
    context_token_count: ClassVar[int] = 0
    """How many tokens a language model reads and writes together in one call."""
    max_batch_size: ClassVar[int] = 1
    """How many calls one `predict_batch` takes at most."""
    instances: ClassVar[int] = 1
    """How many batches are computed at once, each on a thread of its own."""
    isolation: ClassVar[str] = "shared"
    """`shared`: one worker for the experts of one package or file; `own`: one for this expert alone."""
    devices: ClassVar[Sequence[str]] = ()
    """The kinds of devices that it can be on, the best first, of `cuda` and `cpu`; empty for `cpu` alone."""
    requires: ClassVar[Sequence[str]] = ()
    """Packages, by import name, without which it cannot run; it is then listed as unavailable, with their names."""
    environment: ClassVar[Sequence[str]] = ()
    """Environment variables of the host, one of which must be set."""
    source: ClassVar[Mapping[str, Any]] = {}
    """Where its weights are, such as `{"hub": "org/model"}`; `models pull` fetches those."""
    options: ClassVar[Mapping[str, Any]] = {}
    """Settings of its own, which `spec.options` has."""
    tensors: ClassVar[Mapping[str, Any] | None] = None
    """For an expert of the task type `tensor-inference`, the tensors that it takes and returns, such as
    `{"inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}], "outputs": [...], "batched": True}`; a length of
    -1 is any. `call.tensor` gives them, as arrays of NumPy; outputs are arrays, too."""
    deterministic: ClassVar[bool] = False
    """Whether equal inputs give equal outputs always, so that results may be kept."""

    spec: ModelSpec
    """What the host told; there when `load` is called."""

    def load(self) -> None:
        """Brings the model into memory. What that takes is measured."""

    def warm_up(self) -> None:
        """Computes something small, so that the first call is not slower and the measured memory is true."""

    def predict(self, call: Call) -> Outputs:
        """Computes one call."""
        raise NotImplementedError(f"{type(self).__name__} has neither `predict` nor `predict_batch`")

    def predict_batch(self, calls: Sequence[Call]) -> Sequence[Outputs | Exception]:
        """Computes a batch of calls of one task type and returns for each its outputs or an error, in order.

        An exception in the list fails one call, one that is raised fails all of them. By default the calls are computed
        one after the other by `predict`.
        """
        results: list[Outputs | Exception] = []
        for call in calls:
            try:
                call.raise_if_cancelled()
                results.append(self.predict(call))
            except MemoryError:
                raise
            except (OrchestrionError, Exception) as error:
                results.append(error)
        return results

    def parameter_bytes(self) -> int:
        """Returns what its weights take on the device; 0, the default, for the growth of the process."""
        return 0

    def unload(self) -> None:
        """Lets go of everything that it holds."""


RuntimeLoader: TypeAlias = Callable[[ModelSpec], Expert]
"""Makes a loaded expert from what the host tells. A runtime's module has `loader(spec)`, which imports what the runtime
needs and returns one: so libraries do not count as the memory of the expert that comes first."""
