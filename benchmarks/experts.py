"""Measures experts: what `Infer` adds to the bare call of a model's pipeline, and ONNX against PyTorch.

    .venv/bin/python benchmarks/experts.py [--runs 100] [--json FILE]

Prints tables, then the same as JSON, or writes that to a file. A target missed is marked and is no failure.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import encoders, infer, processes
from benchmarks.report import machine
from orchestrion import OrchestrionError


def main() -> int:
    """Measures, prints, and returns the exit status."""
    parser = argparse.ArgumentParser(description="Measures experts: the overhead of Infer, and ONNX against PyTorch.")
    parser.add_argument("--runs", type=int, default=100, help="how many calls of each (default: 100)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON there instead of printing it")
    arguments = parser.parse_args()
    # Libraries warn people who train and show how they load; a benchmark's output is its figures.
    warnings.simplefilter("ignore")
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    # PyTorch's threads loop for milliseconds after a call of the pipeline, and would take a processor from the call of
    # `Infer` that follows. Those of our workers do not; so neither of the two slows the other down.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    log = Path(tempfile.gettempdir(), "orchestrion-bench-experts.log")
    speed = round(min(processes.million_additions_ms() for _ in range(3)), 1)
    bystanders = processes.Bystanders()
    overheads: list[infer.Overhead] = []
    pairs: list[encoders.Comparison] = []
    try:
        with tempfile.TemporaryDirectory(prefix="orchestrion-bench-", ignore_cleanup_errors=True) as home:
            _tell("making checkpoints and starting the servers")
            for overhead in infer.measure(Path(home), log, arguments.runs):
                _tell(f"measured {overhead.task_type}")
                overheads.append(overhead)
        with tempfile.TemporaryDirectory(prefix="orchestrion-bench-", ignore_cleanup_errors=True) as home:
            for pair in encoders.measure(Path(home), arguments.runs):
                _tell(f"measured {pair.model} at batch {pair.batch}")
                pairs.append(pair)
    except (OrchestrionError, OSError, RuntimeError) as error:
        print(f"error: {error}\nThe servers' log is {log}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    others = round(bystanders.cores(), 2)
    print("\n".join([*infer.lines(overheads), "", *encoders.lines(pairs), ""]))
    print(
        f"A million additions in Python took {speed:g} ms before; this program and others used {others:g} processors."
    )
    figures = {
        "infer": [{**asdict(item), "allowed_ms": item.allowed_ms, "verdict": item.verdict} for item in overheads],
        "encoders": [{**asdict(item), "ratio": item.ratio} for item in pairs],
        "million_additions_ms": speed,
        "machine": dict(machine()),
    }
    text = json.dumps(figures, indent=2)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(text + "\n", "utf-8")
    else:
        print(text)
    return 0


def _tell(what: str) -> None:
    print(f"{what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
