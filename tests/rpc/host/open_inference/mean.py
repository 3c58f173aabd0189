"""An expert in Python that takes tensors, a batch of requests at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from orchestrion_host.plugins import Call, Expert, Outputs


class Mean(Expert):
    """Returns the mean of each row, and a greeting for each name."""

    id = "mean"
    task_types = ("tensor-inference",)
    max_batch_size = 4
    tensors: ClassVar = {
        "inputs": [
            {"name": "rows", "datatype": "BF16", "shape": [-1, 3]},
            {"name": "names", "datatype": "BYTES", "shape": [-1, 1], "optional": True},
        ],
        "outputs": [
            {"name": "mean", "datatype": "FP32", "shape": [-1, 1]},
            {"name": "greetings", "datatype": "BYTES", "shape": [-1, 1]},
        ],
        "batched": True,
    }

    def predict_batch(self, calls: Sequence[Call]) -> Sequence[Outputs | Exception]:
        return [self._one(call) for call in calls]

    def _one(self, call: Call) -> Outputs | Exception:
        rows = call.tensor("rows")
        try:
            names = call.tensor("names")
        except Exception as error:
            return error
        greetings = np.array([[b"hello " + name for name in row] for row in names], dtype=np.object_)
        return {"mean": rows.mean(axis=1, keepdims=True, dtype=np.float64), "greetings": greetings}
