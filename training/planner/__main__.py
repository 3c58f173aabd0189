"""Trains the built-in planner's encoder and writes its weights: `make train-planner`."""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import Tensor

from orchestrion_controller.planner.builtin.learned.encoder import WEIGHTS, Encoder
from orchestrion_controller.planner.builtin.learned.marking import MARKS
from orchestrion_controller.planner.builtin.learned.pieces import Pieces
from orchestrion_controller.planner.builtin.learned.reader import Reader
from orchestrion_controller.planner.builtin.learned.tool_texts import description_of, words_of
from training.planner import batches, libraries, trial, vocabulary
from training.planner.batches import Request
from training.planner.export import export
from training.planner.libraries import Example, Library
from training.planner.losses import Offer, losses
from training.planner.model import PlanModel, Read, Tools
from training.planner.synthesis import made_up
from training.planner.teacher import Teacher

_BATCH: Final = 32
_HEADS_FASTER: Final = 5
"""How much faster the new layers learn than those that come from the teacher."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How it is trained."""

    epochs: int
    layers: int
    rate: float
    made_up: int
    seed: int
    threads: int
    output: Path


@dataclass(frozen=True, slots=True)
class _Lesson:
    """A batch: requests for the tools of one library."""

    library: Library
    examples: Sequence[Example]
    taught: Sequence[Tensor]
    """What the teacher makes of each tool and of its variants."""


def main() -> None:
    """Reads the command line, trains, writes and measures."""
    settings = _settings()
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    learnt = libraries.training()
    print(f"{sum(len(item.examples) for item in learnt)} requests, {len(learnt)} libraries")
    teacher = Teacher()
    model, pieces, words = _begin(teacher, learnt, settings)
    _train(model, pieces, teacher, learnt, settings)
    likeness = export(model, words, settings.output)
    size = sum(path.stat().st_size for path in settings.output.iterdir())
    print(f"Wrote {settings.output}: {size / 1e6:.1f} MB; cosine to the model before it was made small {likeness:.4f}")
    for line in trial.results(Reader(Encoder(settings.output))):
        print(line)


def _settings() -> Settings:
    parser = argparse.ArgumentParser(prog="python -m training.planner", description=__doc__)
    parser.add_argument("--epochs", type=int, default=5, help="how often each request is seen")
    parser.add_argument("--layers", type=int, default=3, help="how many of the teacher's six layers are kept")
    parser.add_argument("--rate", type=float, default=2e-4, help="the learning rate of the teacher's layers")
    parser.add_argument("--made-up", type=int, default=2500, help="how many requests are made up for each epoch")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--output", type=Path, default=WEIGHTS, help="the folder to write")
    return Settings(**vars(parser.parse_args()))


def _begin(teacher: Teacher, learnt: Sequence[Library], settings: Settings) -> tuple[PlanModel, Pieces, list[str]]:
    """Makes a model of the teacher's first layers and of the pieces that are needed."""
    tools = [
        f"{words_of(tool.name)} {description_of(tool)}" for item in learnt for row in item.variants for tool in row
    ]
    requests = [example.text for item in learnt for example in item.examples]
    phrases = [phrase for item in learnt for row in item.phrases for phrase in row]
    kept = vocabulary.choose(teacher.vocabulary, [*tools, *phrases, *requests])
    words = [*(teacher.vocabulary[number] for number in kept), *MARKS]
    model = PlanModel(len(words), settings.layers)
    teacher.give(model, kept)
    return model, Pieces(words), words


def _train(model: PlanModel, pieces: Pieces, teacher: Teacher, learnt: Sequence[Library], settings: Settings) -> None:
    generator = random.Random(settings.seed)
    taught = {item.name: [teacher.vectors(row) for row in item.variants] for item in learnt}
    own = {id(parameter) for parameter in model.bert.parameters()}
    optimizer = torch.optim.AdamW(
        [
            {"params": list(model.bert.parameters()), "lr": settings.rate},
            {
                "params": [item for item in model.parameters() if id(item) not in own],
                "lr": settings.rate * _HEADS_FASTER,
            },
        ],
        weight_decay=0.01,
    )
    epochs = [_epoch(learnt, taught, settings.made_up, generator) for _ in range(settings.epochs)]
    total = sum(map(len, epochs))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, step / (0.1 * total)) * max(0.02, 1 - step / total)
    )
    model.train()
    with _progress() as progress:
        bar = progress.add_task("Training", total=total)
        for number, epoch in enumerate(epochs, start=1):
            sums: Counter[str] = Counter()
            for lesson in epoch:
                loss_of = _step(model, pieces, lesson, generator)
                optimizer.zero_grad()
                loss_of["total"].backward()  # type: ignore[no-untyped-call]  # The library is not typed.
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                sums.update({name: float(value.detach()) for name, value in loss_of.items()})
                progress.advance(bar)
            means = ", ".join(f"{name} {value / len(epoch):.3f}" for name, value in sums.items())
            progress.console.print(f"epoch {number}: {means}")


def _epoch(
    learnt: Sequence[Library], taught: Mapping[str, Sequence[Tensor]], count: int, generator: random.Random
) -> list[_Lesson]:
    """Draws the batches of an epoch, each of one library and of requests of like length."""
    lessons: list[_Lesson] = []
    for library in learnt:
        drawn = (made_up(library, generator) for _ in range(count // len(learnt)))
        examples = [*library.examples, *(example for example in drawn if example)]
        lengths = {id(example): len(example.text) + generator.random() * 60 for example in examples}
        examples.sort(key=lambda example: lengths[id(example)])
        starts = range(0, len(examples), _BATCH)
        lessons += [_Lesson(library, examples[start : start + _BATCH], taught[library.name]) for start in starts]
    generator.shuffle(lessons)
    return lessons


def _step(model: PlanModel, pieces: Pieces, lesson: _Lesson, generator: random.Random) -> dict[str, Tensor]:
    """Reads a batch and computes its losses."""
    picks = [generator.randrange(len(row)) if generator.random() < 0.6 else 0 for row in lesson.library.variants]
    types = [row[pick] for row, pick in zip(lesson.library.variants, picks, strict=True)]
    requests = [Request.of(example, pieces) for example in lesson.examples]
    ids, mask = batches.padded([request.pieces for request in requests])
    with torch.autocast("cpu", torch.bfloat16):
        # Tools are read anew for each batch; what they teach need not flow back each time.
        with torch.set_grad_enabled(generator.random() < 0.6):
            tools = model.tools(*batches.tools(types, pieces))
        hidden = model.hidden(batches.without_some(ids, pieces.ids["[UNK]"], generator), mask)
    tools = Tools(tools.keys.float(), tools.pair.float(), tools.whole.float())
    teacher = torch.stack([vectors[pick] for vectors, pick in zip(lesson.taught, picks, strict=True)])
    parts = losses(
        model, requests, Read(hidden.float(), mask, batches.words(requests)), Offer(tools, types, teacher), generator
    )
    return {
        "total": parts.total,
        "places": parts.places,
        "wanted": parts.wanted,
        "links": parts.links,
        "teacher": parts.teacher,
    }


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )


if __name__ == "__main__":
    main()
