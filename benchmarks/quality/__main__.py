"""Has the starter experts do small labelled sets, and prints how well they did: `make eval-experts`."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from typing import Final

import orchestrion
from benchmarks.quality.experts import Experts
from benchmarks.quality.rows import Table

SETS: Final[tuple[str, ...]] = ("detection", "faces", "classification", "cutout", "reading", "hearing")
"""The modules of this folder with a set each, in the order of their tables: they have a function `measure`."""


def measure(name: str, experts: Experts) -> Table:
    """Measures one set."""
    print(f"measuring {name} …", file=sys.stderr, flush=True)
    started = time.perf_counter()
    table: Table = importlib.import_module(f"benchmarks.quality.{name}").measure(experts)
    print(f"{name} took {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    return table


def main() -> int:
    """Prints a table a set; returns 1 where a figure is not what it should be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=SETS, help="measure these sets alone")
    arguments = parser.parse_args()
    with orchestrion.embedded() as client:
        experts = Experts(client)
        tables = [measure(name, experts) for name in SETS if not arguments.only or name in arguments.only]
    print("\n\n".join("\n".join(table.lines()) for table in tables))
    return 0 if all(row.is_met for table in tables for row in table.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
