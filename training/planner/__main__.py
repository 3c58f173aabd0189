"""Trains the built-in planner's encoder, writes its weights and measures them: `make train-planner`."""

from __future__ import annotations

import argparse
import itertools
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import multiprocessing

from orchestrion_controller.planner.builtin.reading.encoder import WEIGHTS, Encoder
from orchestrion_controller.planner.builtin.reading.reader import Reader
from training.planner import libraries, marked, trial
from training.planner.crew import Crew
from training.planner.encoding import own_library
from training.planner.export import export
from training.planner.marked import Marked
from training.planner.model import PlanModel
from training.planner.teacher import Teacher
from training.planner.trainer import Pace, Trainer

_HELD_OUT: Final = libraries.DATA / "held_out" / "requests"
"""Marked requests that are not learnt from, but measure what was learnt: one of twelve, as they were written."""
_ONE_OF: Final = 12
"""Likewise of the requests of a language that has none there."""
_MEETING: Final = "tcp://127.0.0.1:29511"
"""Where processes that train together meet."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How it is trained."""

    epochs: int
    layers: int
    rate: float
    made_up: int
    tools: float
    seed: int
    threads: int
    requests: Path
    checkpoint: Path | None
    output: Path
    weights: Path
    all: bool
    most: int
    show: int
    processes: int


def main() -> None:
    """Reads the command line, trains, writes and measures."""
    settings = _settings()
    if settings.processes > 1:
        start: Any = multiprocessing.start_processes  # type: ignore[attr-defined]  # The library does not export it.
        start(_run, (settings,), settings.processes, start_method="fork")
    else:
        _run(0, settings)


def _run(rank: int, settings: Settings) -> None:
    crew = Crew(rank, settings.processes)
    crew.join(_MEETING)
    torch.manual_seed(settings.seed + rank)
    torch.set_num_threads(max(1, settings.threads // settings.processes))
    requests, held_out = _parted(settings.requests)
    if rank == 0:
        both = Counter(item.language for item in (*requests, *held_out))
        print(f"{both.total()} marked requests, {len(held_out)} of them held out: {dict(both)}", flush=True)
    own = own_library().offer
    model = PlanModel(settings.layers, len(own.abilities), len(own.options))
    if settings.checkpoint:
        # An older one may lack what is learnt of our own library.
        model.load_state_dict(torch.load(settings.checkpoint, weights_only=True), strict=False)
    if settings.epochs:
        learnt = [*requests, *held_out] if settings.all else requests
        _train(model, settings, learnt, held_out, crew)
    if rank:
        return
    likeness = export(model, settings.weights, own)
    size = sum(path.stat().st_size for path in settings.weights.iterdir())
    print(f"{settings.weights}: {size / 1e6:.1f} MB, cosine to the model {likeness:.4f}", flush=True)
    reader = Reader(Encoder(settings.weights))
    of_requests = trial.of_requests(reader, held_out, shown=settings.show)
    for line in itertools.chain(of_requests, trial.of_plugins(reader), trial.of_libraries(reader)):
        print(line, flush=True)


def _train(
    model: PlanModel, settings: Settings, learnt: Sequence[Marked], held_out: Sequence[Marked], crew: Crew
) -> None:
    teacher = Teacher()
    trainer = Trainer(model, teacher, learnt, random.Random(settings.seed), crew)
    if settings.checkpoint is None:
        teacher.give(model)
        likeness = teacher.align(model, trainer.encoding.pieces, trainer.encoding.base)
        print(f"cosine of what enters to what the layers know: {likeness:.3f}", flush=True)
    pace = Pace(settings.epochs, settings.rate, settings.made_up, settings.tools, settings.most)
    settings.output.parent.mkdir(parents=True, exist_ok=True)
    for line in trainer.train(pace, held_out, settings.output):
        if crew.rank == 0:
            print(line, flush=True)


def _parted(folder: Path) -> tuple[list[Marked], list[Marked]]:
    """Reads marked requests: those that are learnt from, and those that are held out."""
    requests, held_out = _marked(folder), _marked(_HELD_OUT)
    measured = {item.language for item in held_out}
    number, learnt = 0, []
    for item in requests:
        number += item.language not in measured
        if item.language in measured or number % _ONE_OF:
            learnt.append(item)
        else:
            held_out.append(item)
    return learnt, held_out


def _marked(folder: Path) -> list[Marked]:
    return [item for path in sorted(folder.glob("*.jsonl")) for item in marked.read(path)]


def _settings() -> Settings:
    parser = argparse.ArgumentParser(prog="python -m training.planner", description=__doc__)
    parser.add_argument("--epochs", type=int, default=5, help="how often each request is seen; 0 only measures")
    parser.add_argument("--layers", type=int, default=3, help="how many of the teacher's six layers are kept")
    parser.add_argument("--rate", type=float, default=2e-4, help="the learning rate of the teacher's layers")
    parser.add_argument("--made-up", type=int, default=2500, help="how many requests are made up for each epoch")
    parser.add_argument("--tools", type=float, default=0.5, help="what share of others' libraries an epoch takes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--requests", type=Path, default=libraries.DATA / "requests", help="the marked requests")
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint to begin with, instead of the teacher")
    parser.add_argument("--output", type=Path, default=Path("build/planner.pt"), help="the checkpoint to write")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="the folder for the planner's weights")
    parser.add_argument("--all", action="store_true", help="learn from all requests, with none held out")
    parser.add_argument("--most", type=int, default=10**9, help="batches at most, for a trial")
    parser.add_argument("--processes", type=int, default=1, help="how many processes train together, of the threads")
    parser.add_argument("--show", type=int, default=0, help="how many requests that are read wrong to show")
    return Settings(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
