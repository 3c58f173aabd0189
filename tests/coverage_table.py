"""How much of each package the tests ran, printed at the end of `make test`.

What runs in other processes alone (servers, workers, the command line) is not seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import coverage


def by_package(measured: coverage.Coverage, packages: Sequence[str]) -> list[str]:
    """Returns a line for each package and one for all: lines of code, and the share of them that ran."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file in measured.get_data().measured_files():
        package = next((part for part in Path(file).parts if part in packages), None)
        if package is not None:
            _, statements, _, missing, _ = measured.analysis2(file)
            for name in (package, "all"):
                counts[name][0] += len(statements)
                counts[name][1] += len(statements) - len(missing)
    return [
        f"{name:24} {lines:7,} lines  {ran / lines:6.1%}"
        for name, (lines, ran) in sorted(counts.items(), key=lambda item: (item[0] == "all", item[0]))
        if lines
    ]
