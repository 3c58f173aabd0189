"""How many characters of drawn pages come back wrong: the edit distance over the length of the text."""

from __future__ import annotations

import io
from statistics import median
from typing import Final

import numpy as np

from benchmarks.quality import drawn_pages
from benchmarks.quality.experts import Experts
from benchmarks.quality.rows import Row, Table

_MEDIAN: Final = 0.01
_WORST: Final = 0.03


def measure(experts: Experts) -> Table:
    """Has the expert that is chosen read thirty pages; a row a kind of page."""
    rates: dict[str, list[float]] = {}
    for page in drawn_pages.all_pages():
        content = io.BytesIO()
        page.image.save(content, "PNG", compress_level=1)
        outputs = experts.perform("image-to-text", {"image": experts.upload(content.getvalue())})
        rates.setdefault(page.kind, []).append(error_rate(page.text, str(outputs["text"])))
    every = [rate for some in rates.values() for rate in some]
    rows = [Row(f"{kind} ({len(some)})", _percent(max(some))) for kind, some in rates.items()]
    return Table(
        "Reading: wrong characters, the worst page of each kind",
        (
            *rows,
            Row("median of all pages", _percent(median(every)), "under 1 %", median(every) < _MEDIAN),
            Row("worst of all pages", _percent(max(every)), "under 3 %", max(every) < _WORST),
        ),
    )


def error_rate(expected: str, actual: str) -> float:
    """Returns the edit distance between two texts over the length of the first; line breaks count as spaces."""
    first, second = (" ".join(text.split()) for text in (expected, actual))
    letters = np.asarray([ord(letter) for letter in second])
    places = np.arange(len(second) + 1)
    distances = places.copy()
    for count, letter in enumerate(first, 1):
        replaced = distances[:-1] + (letters != ord(letter))
        kept = np.concatenate([[count], np.minimum(replaced, distances[1:] + 1)])
        # What is left of a place may be inserted: the least of all of these, each one further away.
        distances = np.minimum.accumulate(kept - places) + places
    return float(distances[-1]) / max(1, len(first))


def _percent(rate: float) -> str:
    return f"{100 * rate:.2f} %"
