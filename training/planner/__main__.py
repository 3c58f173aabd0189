"""Trains the built-in planner's encoder and writes its weights: `make train-planner`."""

from __future__ import annotations

import argparse
import dataclasses
import math
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from orchestrion import task_types
from orchestrion.plans import TaskType
from orchestrion_controller.planner.builtin.reading.base import Base
from orchestrion_controller.planner.builtin.reading.offers import Offer as Library
from orchestrion_controller.planner.builtin.reading.offers import offer
from orchestrion_controller.planner.builtin.reading.pieces import Pieces
from orchestrion_controller.planner.builtin.reading.tool_texts import description_of, words_of
from training.planner import batches, libraries, marked, scores
from training.planner.batches import Embedder, Request
from training.planner.libraries import Example
from training.planner.losses import Offer, losses
from training.planner.marked import Marked
from training.planner.model import PlanModel, Read, Tools
from training.planner.synthesis import made_up
from training.planner.teacher import Teacher
from training.planner.variation import Variation

_BATCH: Final = 32
_HEADS_FASTER: Final = 4
"""How much faster the new layers learn than those that come from the teacher."""
_HELD_OUT: Final = 12
"""One marked request of so many is not learnt from, but measures what was learnt."""
_TOOLS_ANEW: Final = 0.12
"""In what share of the batches what is learnt flows back into how tools are read."""
_TOOLS_KEPT: Final = 8
"""For how many batches our own task types, the most numerous, are not read anew."""


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
    output: Path
    all: bool
    most: int


@dataclass(frozen=True, slots=True)
class _School:
    """A library of tools with what is learnt from it."""

    name: str
    texts: Sequence[Sequence[tuple[str, str]]]
    """For each ability its name and description, and others that it could have."""
    types: Sequence[Sequence[TaskType]]
    taught: Sequence[Tensor]
    library: Library | None


@dataclass(frozen=True, slots=True)
class _Lesson:
    """A batch: requests for the tools of one library."""

    school: _School
    examples: Sequence[Example | Marked]


def main() -> None:
    """Reads the command line, trains, writes and measures."""
    settings = _settings()
    torch.manual_seed(settings.seed)
    torch.set_num_threads(settings.threads)
    requests = [item for path in sorted(settings.requests.glob("*.jsonl")) for item in marked.read(path)]
    learnt = requests if settings.all else [item for number, item in enumerate(requests) if number % _HELD_OUT]
    held_out = [item for number, item in enumerate(requests) if not number % _HELD_OUT]
    print(f"{len(requests)} marked requests: {dict(Counter(item.language for item in requests))}", flush=True)
    teacher = Teacher()
    model = PlanModel(settings.layers)
    teacher.give(model)
    trainer = _Trainer(model, teacher, learnt, settings)
    print(f"cosine of what enters to what the layers know: {trainer.align(teacher):.3f}", flush=True)
    trainer.train(held_out)
    torch.save(model.state_dict(), settings.output)


def _settings() -> Settings:
    parser = argparse.ArgumentParser(prog="python -m training.planner", description=__doc__)
    parser.add_argument("--epochs", type=int, default=5, help="how often each request is seen")
    parser.add_argument("--layers", type=int, default=3, help="how many of the teacher's six layers are kept")
    parser.add_argument("--rate", type=float, default=2e-4, help="the learning rate of the teacher's layers")
    parser.add_argument("--made-up", type=int, default=2500, help="how many requests are made up for each epoch")
    parser.add_argument("--tools", type=float, default=0.5, help="what share of others' libraries an epoch takes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--requests", type=Path, default=libraries.DATA / "requests", help="the marked requests")
    parser.add_argument("--output", type=Path, default=Path("build/planner.pt"), help="the checkpoint to write")
    parser.add_argument("--all", action="store_true", help="learn from all requests, with none held out")
    parser.add_argument("--most", type=int, default=10**9, help="batches at most, for a trial")
    return Settings(**vars(parser.parse_args()))


class _Trainer:
    """The model, and what it learns from."""

    def __init__(self, model: PlanModel, teacher: Teacher, requests: Sequence[Marked], settings: Settings) -> None:
        self._model = model
        self._settings = settings
        self._generator = random.Random(settings.seed)
        self._pieces = Pieces()
        self._base = Base()
        self._embedder = Embedder(self._base)
        self._requests = requests
        self._variation = Variation(requests, self._generator)
        self._libraries = libraries.training()
        own = offer([item for item in task_types.load().values() if item.name != "test-delay"])
        texts = [[(item.name_words, item.description)] for item in own.abilities]
        self._own = _School(
            "own",
            texts,
            [[item.task_type] for item in own.abilities],
            [teacher.vectors(row) for row in texts],
            own,
        )
        self._schools = {item.name: _school(item, teacher) for item in self._libraries}
        self._kept: Tools | None = None
        self._kept_for = 0
        self._tensors: dict[tuple[tuple[str, str], ...], tuple[Tensor, Tensor, Tensor, Tensor]] = {}

    def align(self, teacher: Teacher) -> float:
        """See `Teacher.align`."""
        return teacher.align(self._model, self._pieces, self._base)

    def train(self, held_out: Sequence[Marked]) -> None:
        model, settings = self._model, self._settings
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
            fused=True,
        )
        epochs = [self._epoch() for _ in range(settings.epochs)]
        total = min(sum(map(len, epochs)), settings.most)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min(1.0, step / (0.06 * total)) * max(0.02, 1 - step / total)
        )
        began, done = time.monotonic(), 0
        print(f"{total} batches", flush=True)
        for number, epoch in enumerate(epochs, start=1):
            model.train()
            sums: Counter[str] = Counter()
            counts: Counter[str] = Counter()
            for lesson in epoch:
                if done >= settings.most:
                    break
                loss_of = self._step(lesson)
                optimizer.zero_grad()
                loss_of["total"].backward()  # type: ignore[no-untyped-call]  # The library is not typed.
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                done += 1
                kind = "own" if lesson.school is self._own else "tools"
                sums.update({f"{kind} {name}": float(value.detach()) for name, value in loss_of.items()})
                counts[kind] += 1
                if done % 100 == 0:
                    rate = (time.monotonic() - began) / done
                    print(
                        f"  {done}/{total}, {rate:.2f} s a batch, {rate * (total - done) / 60:.0f} min left", flush=True
                    )
            means = ", ".join(f"{name} {value / counts[name.split()[0]]:.3f}" for name, value in sums.items())
            print(f"epoch {number}: {means}", flush=True)
            torch.save(model.state_dict(), settings.output)
            if held_out:
                print(scores.of_pieces(self, held_out), flush=True)

    def _epoch(self) -> list[_Lesson]:
        """Draws the batches of an epoch, each of one library and of requests of like length."""
        lessons = list(self._lessons(self._own, [self._variation.vary(item) for item in self._requests]))
        for library in self._libraries:
            drawn = (made_up(library, self._generator) for _ in range(self._settings.made_up // len(self._libraries)))
            examples = [*library.examples, *(example for example in drawn if example)]
            own = self._lessons(self._schools[library.name], examples)
            lessons += self._generator.sample(own, math.ceil(len(own) * self._settings.tools))
        self._generator.shuffle(lessons)
        return lessons

    def _lessons(self, school: _School, examples: Sequence[Example | Marked]) -> list[_Lesson]:
        lengths = {id(example): len(example.text.encode()) + self._generator.random() * 60 for example in examples}
        ordered = sorted(examples, key=lambda example: lengths[id(example)])
        return [_Lesson(school, ordered[start : start + _BATCH]) for start in range(0, len(ordered), _BATCH)]

    def _step(self, lesson: _Lesson) -> dict[str, Tensor]:
        """Reads a batch and computes its losses."""
        school = lesson.school
        picks = [self._generator.randrange(len(row)) if self._generator.random() < 0.6 else 0 for row in school.texts]
        requests = [Request.of(example, self._pieces) for example in lesson.examples]
        read, tools = self.read(
            requests,
            [row[pick] for row, pick in zip(school.texts, picks, strict=True)],
            school.library,
            flows_back=self._generator.random() < _TOOLS_ANEW,
        )
        teacher = torch.stack([vectors[pick] for vectors, pick in zip(school.taught, picks, strict=True)])
        types = [row[pick] for row, pick in zip(school.types, picks, strict=True)]
        return losses(self._model, requests, read, Offer(tools, types, school.library, teacher), self._generator)

    def read(
        self,
        requests: Sequence[Request],
        texts: Sequence[tuple[str, str]],
        library: Library | None,
        *,
        flows_back: bool = False,
    ) -> tuple[Read, Tools]:
        """Encodes requests and a library."""
        drops = self._generator if self._model.training else None
        base, marks, mask = self._embedder.padded([request.pieces for request in requests], drops)
        with torch.autocast("cpu", torch.bfloat16):
            tools = self._tools(texts, library, flows_back=flows_back)
            hidden = self._model.hidden(base, marks, mask)
        return Read(hidden.float(), mask, batches.words(requests)), tools

    def _tools(self, texts: Sequence[tuple[str, str]], library: Library | None, *, flows_back: bool) -> Tools:
        """Encodes a library; where nothing flows back, our own a few batches ago does as well."""
        if library is not None and self._model.training and not flows_back and self._kept_for:
            self._kept_for -= 1
            assert self._kept is not None
            return self._kept
        with torch.set_grad_enabled(flows_back):
            abilities = self._encoded(texts)
            options = self._encoded(library.option_texts) if library else None
        tools = self._model.tools(abilities, options)
        whole = Tools(*(getattr(tools, field.name).float() for field in dataclasses.fields(tools)))
        if library is not None:
            self._kept = Tools(*(getattr(whole, field.name).detach() for field in dataclasses.fields(tools)))
            self._kept_for = _TOOLS_KEPT if self._model.training else 0
        return whole

    def _encoded(self, texts: Sequence[tuple[str, str]]) -> tuple[Tensor, Tensor, Tensor]:
        key = tuple(texts)
        tensors = self._tensors.get(key) or self._embedder.tools(texts, self._pieces)
        if key in {tuple(row[0] for row in self._own.texts), self._own.library.option_texts}:
            # Our own are read in every batch, others in ever new variants.
            self._tensors[key] = tensors
        base, marks, mask, names = tensors
        return self._model.hidden(base, marks, mask).float(), mask, names


def _school(library: libraries.Library, teacher: Teacher) -> _School:
    texts = [[(words_of(tool.name), description_of(tool)) for tool in row] for row in library.variants]
    return _School(library.name, texts, library.variants, [teacher.vectors(row) for row in texts], None)


if __name__ == "__main__":
    main()
