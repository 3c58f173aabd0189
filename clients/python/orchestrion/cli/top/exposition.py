"""Prometheus' text format, read without its library, which the client does not need otherwise. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

Series: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
"""A series: its name, and its labels with their values, in order."""

_SAMPLE: Final = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?\s*$")
_LABEL: Final = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?')
_ESCAPED: Final = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Exposition:
    """The samples that a server exposes."""

    samples: Mapping[Series, float] = field(default_factory=dict)
    """The value of each series."""

    def total(self, name: str, **labels: str) -> float | None:
        """Adds up the series of a name that have these labels; None where there is none."""
        values = [value for of_series, value in self.samples.items() if _matches(of_series, name, labels)]
        return sum(values) if values else None

    def by(self, name: str, label: str) -> dict[str, float]:
        """Adds up the series of a name for each value of a label."""
        sums: dict[str, float] = {}
        for (own, labels), value in self.samples.items():
            if own == name:
                key = dict(labels).get(label, "")
                sums[key] = sums.get(key, 0.0) + value
        return sums

    def has(self, prefix: str) -> bool:
        """Whether some series begins so: by this one tells whose metrics these are."""
        return any(name.startswith(prefix) for name, _ in self.samples)


def parse(text: str) -> Exposition:
    """Reads the text format; lines that are no samples are left out."""
    samples: dict[Series, float] = {}
    for line in text.splitlines():
        match = None if line.startswith("#") else _SAMPLE.match(line)
        if match is None:
            continue
        name, labels, value = match.groups()
        try:
            samples[name, tuple(sorted(_labels(labels or "")))] = float(value)
        except ValueError:
            continue
    return Exposition(samples)


def increases(before: Exposition, now: Exposition) -> Exposition:
    """Returns by how much each series grew; one that fell was started anew with its server, and grew from 0."""
    grown = {}
    for series, value in now.samples.items():
        old = before.samples.get(series, 0.0)
        grown[series] = value - old if value >= old else value
    return Exposition(grown)


def _labels(text: str) -> Iterator[tuple[str, str]]:
    for match in _LABEL.finditer(text):
        name, value = match.groups()
        yield name, _ESCAPED.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], value)


def _matches(series: Series, name: str, labels: Mapping[str, str]) -> bool:
    return series[0] == name and labels.items() <= dict(series[1]).items()
