"""Classifiers of the rows of tables on onnxruntime, as scikit-learn, XGBoost and others are exported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from onnxruntime.capi import onnxruntime_pybind11_state as onnxruntime_errors

from orchestrion_host import ipc
from orchestrion_host.worker import weights
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Array, Session, SessionOutput
from orchestrion_host.worker.media import tables
from orchestrion_host.worker.media.tables import Table
from orchestrion_host.worker.onnx_models import sessions
from orchestrion_host.worker.onnx_models.columns import FeatureColumns
from orchestrion_host.worker.onnx_models.row_classes import RowClasses
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_ROWS_AT_ONCE: Final = 4096
_MOST_TOLD: Final = 1000
"""How many rows the output `rows` holds; the table that is returned has all."""
_ADDED: Final = ("prediction", "score")


class RowClassifier:
    """A session, and what its inputs and outputs mean."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Options: `columns` (the names of the features, in order) and `class_names`, where the metadata of the model
        says neither under these names; `file`.
        """
        folder = Path(spec.folder)
        weights.check(folder, spec.sha256)
        self._session: Session = sessions.start(folder, spec.options)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self._columns = FeatureColumns(spec, self._session.get_inputs(), metadata)
        self._classes = RowClasses(spec, self._session.get_outputs(), metadata)

    def warm_up(self) -> None:
        """Classifies one row of nothing."""
        self._session.run(self._classes.outputs, self._columns.blank())

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Classifies the rows of each table, thousands at once."""
        return one_by_one(batch, self._classify)

    def parameter_bytes(self) -> int:
        """Returns 0: onnxruntime does not tell; the growth of the process does."""
        return 0

    def unload(self) -> None:
        """Lets go of the session."""
        del self._session

    def _classify(self, call: Call) -> Outputs:
        table = tables.read(call, "table")
        features = self._columns.features(call, table)
        outputs: list[Sequence[SessionOutput]] = []
        for start in range(0, len(table.rows), _ROWS_AT_ONCE):
            call.raise_if_cancelled()
            outputs.append(
                self._run(call, {name: array[start : start + _ROWS_AT_ONCE] for name, array in features.items()})
            )
            call.progress("classifying rows", min(1.0, (start + _ROWS_AT_ONCE) / len(table.rows)))
        names, shares = self._classes.shares([_joined(pieces) for pieces in zip(*outputs, strict=True)])
        unknown = np.flatnonzero(~np.isfinite(shares).all(axis=1))
        if len(unknown):
            problem = f"leaves a cell empty in row {unknown[0] + 1} without which this expert cannot judge the row."
            raise call.bad_input("table", problem, row=int(unknown[0]) + 1)
        return _outputs(call, table, names, shares)

    def _run(self, call: Call, features: Mapping[str, Array]) -> Sequence[SessionOutput]:
        try:
            outputs: Sequence[SessionOutput] = self._session.run(self._classes.outputs, features)
        except (RuntimeError, ValueError, onnxruntime_errors.InvalidArgument) as error:
            problem = f"holds values that the model cannot take: {str(error).splitlines()[0]}"
            raise call.bad_input("table", problem) from error
        return outputs


def _joined(pieces: Sequence[SessionOutput]) -> SessionOutput:
    """Joins what an output gave for some rows after the other: arrays, or lists of maps."""
    if isinstance(pieces[0], list):
        return [row for piece in pieces for row in piece]
    return np.concatenate(pieces)


def _outputs(call: Call, table: Table, names: Sequence[str], shares: npt.NDArray[np.float64]) -> Outputs:
    """Describes the classes of all rows.

    Args:
        call: The call.
        table: What came in.
        names: The names of the classes.
        shares: Float array of shape (rows, classes).
    """
    best = shares.argmax(axis=1)
    labels = [names[place] for place in best]
    scores = shares[np.arange(len(best)), best].tolist()
    described = []
    for row in range(min(len(labels), _MOST_TOLD)):
        order = np.argsort(-shares[row], kind="stable")
        ranked = [{"label": names[place], "score": float(shares[row, place])} for place in order]
        described.append({"row": row, "label": labels[row], "score": scores[row], "scores": ranked})
    kept = [place for place, name in enumerate(table.columns) if name not in _ADDED]
    written = Table(
        [*(table.columns[place] for place in kept), *_ADDED],
        [
            [*(cells[place] for place in kept), label, f"{score:.6g}"]
            for cells, label, score in zip(table.rows, labels, scores, strict=True)
        ],
    )
    counts = ", ".join(f"{count} {label}" for label, count in Counter(labels).most_common())
    return {"text": counts, "rows": {"json": described}, "table": tables.write(call, "predictions", written)}


load = RowClassifier
