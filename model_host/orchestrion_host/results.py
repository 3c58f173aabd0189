"""Results kept in memory: what a deterministic expert computed once need not be computed again."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from orchestrion._codec import value_codec
from orchestrion.plans import TaskType
from orchestrion.v1 import model_host_service_pb2 as messages
from orchestrion.values import ArtifactRef, Value
from orchestrion_host.catalogue.facts import ModelFacts

# What an entry takes beside its values: the key, the node of the list, the objects around the values.
_ENTRY_BYTES: Final = 512


class ResultCache:
    """The outputs of earlier calls, those that were used last. With no room it keeps nothing and costs nothing."""

    def __init__(self, max_bytes: int) -> None:
        """Starts empty.

        Args:
            max_bytes: What the results may take, in bytes; 0 for none.
        """
        self._max_bytes = max_bytes
        self._results: OrderedDict[str, tuple[Mapping[str, Value], int]] = OrderedDict()
        self.used_bytes = 0
        """What the results take, about."""

    def key(
        self, owner: str, facts: ModelFacts, task_type: str, kind: TaskType | None, inputs: Mapping[str, Value]
    ) -> str:
        """Returns what stands for a call; empty where its result must be computed.

        Artifacts are in it by their hashes, which are their names. A call that leaves the seed to chance wants another
        result each time.

        Args:
            owner: Whose call it is; results of one owner are not another's.
            facts: The expert.
            task_type: What it is to do.
            kind: The declaration of that; None where it is not known.
            inputs: The inputs.
        """
        if not self._max_bytes or not facts.deterministic:
            return ""
        seeded = kind is None or any(parameter.name == "seed" for parameter in kind.inputs)
        if seeded and "seed" not in inputs:
            return ""
        request = messages.InferRequest(expert_id=facts.id, task_type=task_type)
        value_codec.encode_values(inputs, request.inputs)
        settings = json.dumps(
            [owner, facts.model, facts.revision, facts.runtime, dict(facts.source.sha256), dict(facts.options)],
            sort_keys=True,
            default=str,
        )
        return hashlib.sha256(settings.encode() + b"\0" + request.SerializeToString(deterministic=True)).hexdigest()

    def find(self, key: str) -> Mapping[str, Value] | None:
        """Returns the outputs of an equal call; None where there was none, or it was too long ago."""
        result = self._results.get(key) if key else None
        if result is None:
            return None
        self._results.move_to_end(key)
        return result[0]

    def keep(self, key: str, outputs: Mapping[str, Value]) -> None:
        """Keeps the outputs of a call; those with artifacts are not kept, since these may be deleted."""
        if not key or key in self._results or any(_holds_artifact(value) for value in outputs.values()):
            return
        message = messages.InferOutputs()
        value_codec.encode_values(outputs, message.outputs)
        size = message.ByteSize() + _ENTRY_BYTES
        if size > self._max_bytes:
            return
        self._results[key] = (outputs, size)
        self.used_bytes += size
        while self.used_bytes > self._max_bytes:
            _, (_, oldest_size) = self._results.popitem(last=False)
            self.used_bytes -= oldest_size


def _holds_artifact(value: Value) -> bool:
    if isinstance(value, tuple):
        return any(_holds_artifact(item) for item in value)
    return isinstance(value, ArtifactRef)
