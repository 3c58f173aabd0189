"""Exports a checkpoint and measures it: `python -m training.planner.measure build/planner.pt FOLDER REQUESTS`."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from orchestrion_controller.planner.builtin.reading.encoder import Encoder
from orchestrion_controller.planner.builtin.reading.reader import Reader
from training.planner import marked, trial
from training.planner.export import export
from training.planner.model import PlanModel


def main() -> None:
    """Reads the command line."""
    checkpoint, folder, requests = map(Path, sys.argv[1:4])
    model = PlanModel(3)
    model.load_state_dict(torch.load(checkpoint, weights_only=True))
    print(f"cosine {export(model, folder):.4f}", sum(path.stat().st_size for path in folder.iterdir()))
    reader = Reader(Encoder(folder))
    every = [item for path in sorted(requests.glob("*.jsonl")) for item in marked.read(path)]
    held_out = [item for number, item in enumerate(every) if not number % 12]
    for line in trial.of_requests(reader, held_out, shown=int(sys.argv[4]) if len(sys.argv) > 4 else 0):
        print(line)
    for line in trial.of_libraries(reader):
        print(line)


if __name__ == "__main__":
    main()
