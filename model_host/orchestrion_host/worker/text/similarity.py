"""The tasks `sentence-similarity` and `feature-extraction`: vectors compared, and vectors as they are."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.runtimes import Outputs
from orchestrion_host.worker.text import inputs
from orchestrion_host.worker.text.encoding import Vectors


def compare(call: Call) -> Generator[Sequence[str], Vectors, Outputs]:
    """Finds the cosine of the angle between the vectors of two texts."""
    rows = yield [inputs.checked_length(call, name, call.text(name)) for name in ("text", "other")]
    # Rounding may leave the cosine of equal texts a little above 1.
    return {"score": float(np.clip(rows[0] @ rows[1], -1.0, 1.0))}


def extract(call: Call) -> Generator[Sequence[str], Vectors, Outputs]:
    """Gives the vector of a text."""
    rows = yield [inputs.checked_length(call, "text", call.text("text"))]
    return {"embedding": {"json": rows[0].tolist()}}
