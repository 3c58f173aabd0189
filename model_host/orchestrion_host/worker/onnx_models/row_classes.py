"""What the outputs of an ONNX classifier mean: a label and shares, as a tensor or as maps by class (ZipMap)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.worker.library_types import Array, Session, SessionOutput
from orchestrion_host.worker.onnx_models import sessions
from orchestrion_host.worker.onnx_models.columns import names_of


class RowClasses:
    """The outputs of a classifier, read into names of classes and shares."""

    def __init__(self, spec: ipc.Load, outputs: Sequence[Session], metadata: Mapping[str, str]) -> None:
        """Finds the outputs.

        Args:
            spec: Its option `class_names` names the classes, in order.
            outputs: The outputs of the session.
            metadata: The model's own; its entry `class_names` names the classes where the option does not.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: no output tells classes.
        """
        self._names = names_of(spec, metadata, "class_names")
        kinds = {item.name: sessions.NUMBERS.get(item.type) for item in outputs}
        whole = [name for name, kind in kinds.items() if kind is not None and not issubclass(kind, np.floating)]
        labels = [item.name for item in outputs if item.type == "tensor(string)" or item.name in whole]
        maps = [item.name for item in outputs if item.type.startswith("seq(map(")]
        shares = [name for name, kind in kinds.items() if kind is not None and name not in whole]
        if not (labels or maps or shares):
            types = ", ".join(item.type for item in outputs)
            text = f"{spec.expert_id} is no classifier: its outputs are {types}, neither labels nor shares of classes."
            raise Reason.EXPERT_LOAD_FAILED.error(text, expert=spec.expert_id)
        self._has_maps = bool(maps)
        self._has_label = bool(labels)
        self.outputs = [*labels[:1], *(maps or shares)[:1]]
        """The names of the outputs that are wanted."""

    def shares(self, outputs: Sequence[SessionOutput]) -> tuple[list[str], Array]:
        """Reads what the session returned.

        Args:
            outputs: The wanted outputs of all rows.

        Returns:
            The names of the classes, and a float array of shape (rows, classes) whose rows add up to 1.
        """
        labels = list(outputs[0]) if self._has_label else []
        if len(outputs) == 1 and self._has_label:
            return self._certain(labels)
        if self._has_maps:
            keys = list(outputs[-1][0])
            values = np.array([[row[key] for key in keys] for row in outputs[-1]], dtype=np.float64)
            return [self._name(key) for key in keys], values
        values = np.asarray(outputs[-1], dtype=np.float64)
        values = values.reshape(len(values), -1)
        if values.shape[1] == 1:
            # Some exporters of two classes give the share of the second alone.
            values = np.concatenate([1 - values, values], axis=1)
        # Classes whose names nobody says are known by the rows that they won.
        won = {place: self._name(label) for place, label in zip(values.argmax(axis=1).tolist(), labels, strict=False)}
        names = dict(enumerate(self._names))
        return [names.get(place, won.get(place, f"class {place}")) for place in range(values.shape[1])], values

    def _certain(self, labels: Sequence[SessionOutput]) -> tuple[list[str], Array]:
        """Makes shares of 1 for a model that gives no more than labels."""
        written = [self._name(label) for label in labels]
        names = list(dict.fromkeys([*self._names, *written]))
        values = np.zeros((len(written), len(names)))
        values[np.arange(len(written)), [names.index(name) for name in written]] = 1.0
        return names, values

    def _name(self, label: SessionOutput) -> str:
        """Returns the name of a class by its number or its own name."""
        if isinstance(label, int | np.integer) and 0 <= label < len(self._names):
            return self._names[int(label)]
        return str(label)
