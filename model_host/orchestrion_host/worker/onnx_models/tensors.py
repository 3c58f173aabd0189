"""Any ONNX graph as it is: tensors in, tensors out. Calls of equal shapes are joined along the batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from onnxruntime.capi import onnxruntime_pybind11_state as onnxruntime_errors

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host import ipc
from orchestrion_host.tensor_signatures import TensorSignature, TensorSpec
from orchestrion_host.tensors import BYTES
from orchestrion_host.worker import memory, weights
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Array, Session
from orchestrion_host.worker.onnx_models import sessions
from orchestrion_host.worker.runtimes import Outputs, Result, read_each
from orchestrion_host.worker.tensor_arrays import DATATYPES, array_of, plain_of

_STRINGS: Final = "tensor(string)"
_ERRORS: Final = (RuntimeError, ValueError, onnxruntime_errors.InvalidArgument, onnxruntime_errors.Fail)


class TensorGraph:
    """A session, and the tensors that it takes and returns."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Options: `file`; `threads`, with how many it computes one batch, 0 for one a core; `batched`, whether the first
        dimension of all tensors is the batch, by default where it has no fixed length in any of them.
        """
        folder = Path(spec.folder)
        weights.check(folder, spec.sha256)
        self._session: Session = sessions.start(folder, spec.options, threads=int(spec.options.get("threads", 0)))
        self._spec = spec
        inputs = tuple(self._described(item) for item in self._session.get_inputs())
        outputs = tuple(self._described(item) for item in self._session.get_outputs())
        free = all(item.shape and item.shape[0] == -1 for item in (*inputs, *outputs))
        self.signature = TensorSignature(inputs, outputs, batched=bool(spec.options.get("batched", free)))
        if self.signature.batched and not free:
            raise spec.refused("option `batched`: the first dimension of a tensor of its graph has a fixed length.")
        self._names = [item.name for item in outputs]

    def warm_up(self) -> None:
        """Computes zeros of the smallest shape; a graph that refuses these is warm after its first call."""
        arrays = {
            item.name: np.zeros([max(length, 1) for length in item.shape], dtype=DATATYPES[item.datatype])
            for item in self.signature.inputs
            if item.datatype in DATATYPES
        }
        try:
            if len(arrays) == len(self.signature.inputs):
                self._session.run(self._names, arrays)
        except _ERRORS:
            return

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Computes calls of equal shapes together; where that fails, each alone, so that one fails for itself."""
        arrays, results = read_each(batch, self._arrays)
        groups: dict[object, list[int]] = defaultdict(list)
        for place, tensors in arrays.items():
            groups[self._key(place, tensors)].append(place)
        for places in groups.values():
            results.update(self._compute([batch[place] for place in places], places, arrays))
        return [results[place] for place in range(len(batch))]

    def parameter_bytes(self) -> int:
        """Returns 0: onnxruntime does not tell; the growth of the process does."""
        return 0

    def unload(self) -> None:
        """Lets go of the session."""
        del self._session

    def _compute(
        self, calls: Sequence[Call], places: Sequence[int], arrays: Mapping[int, Mapping[str, Array]]
    ) -> dict[int, Result]:
        try:
            if len(places) == 1:
                outputs = self._session.run(self._names, arrays[places[0]])
                return {places[0]: self._outputs(outputs)}
            return self._joined(places, arrays)
        except _ERRORS as error:
            if memory.is_exhaustion(error):
                raise
            if len(places) == 1:
                return {places[0]: self._refused(error)}
        alone = zip(calls, places, strict=True)
        return {at: result for call, at in alone for result in self._compute([call], [at], arrays).values()}

    def _joined(self, places: Sequence[int], arrays: Mapping[int, Mapping[str, Array]]) -> dict[int, Result]:
        tensors = [arrays[place] for place in places]
        lengths = [len(next(iter(own.values()))) for own in tensors]
        joined = {name: np.concatenate([own[name] for own in tensors]) for name in tensors[0]}
        outputs = self._session.run(self._names, joined)
        if any(len(output) != sum(lengths) for output in outputs):
            raise ValueError("an output has another batch than the inputs")
        ends = np.cumsum(lengths)
        return {
            place: self._outputs([output[end - length : end] for output in outputs])
            for place, length, end in zip(places, lengths, ends, strict=True)
        }

    def _outputs(self, arrays: Sequence[Array]) -> Outputs:
        specs = zip(self.signature.outputs, arrays, strict=True)
        return {spec.name: plain_of(array, spec.datatype) for spec, array in specs}

    def _refused(self, error: Exception) -> OrchestrionError:
        text = f"{self._spec.expert_id} cannot compute these tensors: {str(error).splitlines()[0]}"
        if isinstance(error, onnxruntime_errors.InvalidArgument):
            return Reason.INVALID_INPUT.error(text, field="inputs")
        return Reason.EXPERT_FAILED.error(text, expert=self._spec.expert_id)

    def _arrays(self, call: Call) -> dict[str, Array]:
        brought = [spec for spec in self.signature.inputs if spec.name in call.inputs]
        return {spec.name: _array(call, spec) for spec in brought}

    def _key(self, place: int, tensors: Mapping[str, Array]) -> object:
        if not self.signature.batched:
            return place
        return tuple((name, array.dtype.str, array.shape[1:]) for name, array in tensors.items())

    def _described(self, item: Any) -> TensorSpec:  # onnxruntime is not typed.
        if item.type == _STRINGS:
            datatype = BYTES
        else:
            kind = sessions.NUMBERS.get(item.type)
            datatype = next((name for name, own in DATATYPES.items() if own is kind), "")
        if not datatype:
            raise self._spec.refused(f"`{item.name}` of its graph is of the type {item.type}, which no tensor is.")
        return TensorSpec(
            item.name, datatype, tuple(length if isinstance(length, int) else -1 for length in item.shape)
        )


def _array(call: Call, spec: TensorSpec) -> Array:
    array = array_of(call, spec.name)
    if spec.datatype != BYTES:
        return array
    # Strings of onnxruntime are texts.
    try:
        texts = [item.decode("utf-8") for item in array.ravel().tolist()]
    except UnicodeDecodeError as error:
        raise call.bad_input(spec.name, f"has an element that is no text in UTF-8 (byte {error.start}).") from error
    return np.array(texts, dtype=np.object_).reshape(array.shape)


load = TensorGraph
