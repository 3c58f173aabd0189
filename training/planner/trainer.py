"""Trains the model: batches of marked requests and of requests for others' tools, in turns."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import torch
from torch import Tensor

from orchestrion.plans import TaskType
from orchestrion_controller.planner.asides import LONG_WORDS
from orchestrion_controller.plans.offers import description_of, words_of
from training.planner import libraries, marked_losses, plugins, scores, tool_losses
from training.planner.batches import cut_example, cut_marked
from training.planner.crew import Crew
from training.planner.encoding import Encoding, OwnLibrary, Texts, own_library
from training.planner.libraries import Example
from training.planner.losses import Losses, Offer
from training.planner.marked import Marked
from training.planner.model import PlanModel
from training.planner.synthesis import made_up
from training.planner.teacher import Teacher
from training.planner.variation import Variation

_BATCH: Final = 32
_HEADS_FASTER: Final = 4
"""How much faster the new layers learn than those that come from the teacher."""
_VARIED: Final = 0.6
"""In what share of the batches a tool of others has another name and description than its own."""
_LEFT: Final = 0.6
"""In what share of the requests that go on with a turn their files count as what it left, and not as attached."""
_COLON: Final = 0.5
"""In what share of the requests few words after a colon are set aside, as they are when a request is read again."""
_TURNS: Final = 2
"""How often an epoch has the requests for what plug-ins bring, with what they bring."""

_ALONE: Final = Crew()

T = TypeVar("T", Example, Marked)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how fast it learns."""

    epochs: int
    rate: float
    made_up: int
    """How many requests for others' tools are made up for each epoch."""
    tools: float
    """What share of the requests for others' tools an epoch takes."""
    most: int
    """Batches at most."""


@dataclass(frozen=True, slots=True)
class _School:
    """A library of others' tools with what is learnt from it."""

    library: libraries.Library
    texts: Sequence[Texts]
    """For each tool its name and description, and others that it could have."""
    types: Sequence[Sequence[TaskType]]
    taught: Sequence[Tensor]


@dataclass(frozen=True, slots=True)
class _ToolLesson:
    """A batch of requests for the tools of one library."""

    school: _School
    examples: Sequence[Example]


@dataclass(frozen=True, slots=True)
class _OwnLesson:
    """A batch of marked requests."""

    requests: Sequence[Marked]
    library: OwnLibrary
    """Our own, or with a plug-in's after them."""


_Lesson: TypeAlias = _ToolLesson | _OwnLesson


class Trainer:
    """What a model learns from."""

    def __init__(
        self,
        model: PlanModel,
        teacher: Teacher,
        requests: Sequence[Marked],
        generator: random.Random,
        crew: Crew = _ALONE,
    ) -> None:
        """Prepares the lessons.

        Args:
            model: The model.
            teacher: What tools mean.
            requests: The marked requests that are learnt from.
            generator: Draws what differs between epochs.
            crew: The processes that train together.
        """
        self._model = model
        self._generator = generator
        # All processes draw the same epochs; what differs in a batch each draws for itself.
        self._in_batches = random.Random(generator.getrandbits(32) + crew.rank)
        self._crew = crew
        self._requests = requests
        self._variation = Variation(requests, generator)
        self._own = own_library()
        self._plugins = [(item, own_library(item.name, item.types)) for item in plugins.training()]
        self._taught = {
            library.name: teacher.vectors(library.texts) for library in (self._own, *(own for _, own in self._plugins))
        }
        self._schools = [_school(library, teacher) for library in libraries.training()]
        self.encoding = Encoding(model, self._in_batches)

    def train(self, pace: Pace, held_out: Sequence[Marked], output: Path) -> Iterator[str]:
        """Trains, and writes a checkpoint after each epoch; yields what there is to tell."""
        optimizer = self._optimizer(pace.rate)
        epoch = self._epoch(pace)
        total = min(len(epoch) // self._crew.size * pace.epochs, pace.most)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _schedule(total))
        began, done = time.monotonic(), 0
        yield f"{total} batches"
        for number in range(1, pace.epochs + 1):
            epoch = epoch if number == 1 else self._epoch(pace)
            self._model.train()
            sums: Counter[str] = Counter()
            counts: Counter[str] = Counter()
            # Each process takes its share; all make as many steps.
            mine = epoch[self._crew.rank :: self._crew.size][: pace.most - done]
            for lesson in mine:
                loss_of = self._losses(lesson)
                optimizer.zero_grad()
                loss_of["total"].backward()  # type: ignore[no-untyped-call]  # The library is not typed.
                self._crew.average(self._model)
                torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                done += 1
                kind = "own" if isinstance(lesson, _OwnLesson) else "tools"
                sums.update({f"{kind} {name}": float(value.detach()) for name, value in loss_of.items()})
                counts[kind] += 1
                if done % 100 == 0:
                    pause = (time.monotonic() - began) / done
                    yield f"  {done}/{total}, {pause:.2f} s a batch, {pause * (total - done) / 60:.0f} min left"
            means = ", ".join(f"{name} {value / counts[name.split()[0]]:.3f}" for name, value in sums.items())
            yield f"epoch {number}: {means}"
            if self._crew.rank == 0:
                torch.save(self._model.state_dict(), output)
            if held_out and self._crew.rank == 0:
                yield scores.of_pieces(self.encoding, self._own, held_out)

    def _optimizer(self, rate: float) -> torch.optim.Optimizer:
        layers = list(self._model.bert.parameters())
        own = {id(parameter) for parameter in layers}
        heads = [item for item in self._model.parameters() if id(item) not in own]
        groups = [{"params": layers, "lr": rate}, {"params": heads, "lr": rate * _HEADS_FASTER}]
        return torch.optim.AdamW(groups, weight_decay=0.01, fused=True)

    def _epoch(self, pace: Pace) -> list[_Lesson]:
        """Draws the batches of an epoch, each of one library and of requests of like length.

        Those that the processes take at the same time are of like length, too, so that none waits for the others.
        """
        varied = [self._variation.vary(item) for item in self._requests]
        lacking = [request for plugin, _ in self._plugins for request in plugin.lacking]
        rounds = self._rounds([_OwnLesson(batch, self._own) for batch in self._batches([*varied, *lacking])])
        for plugin, library in self._plugins * _TURNS:
            # Among requests that have nothing to do with what it brings.
            others = self._generator.sample(varied, len(plugin.requests))
            batches = self._batches([*map(self._variation.vary, plugin.requests), *others])
            rounds += self._rounds([_OwnLesson(batch, library) for batch in batches])
        for school in self._schools:
            count = pace.made_up // len(self._schools)
            drawn = (made_up(school.library, self._generator) for _ in range(count))
            examples = [*school.library.examples, *(example for example in drawn if example)]
            own = self._rounds([_ToolLesson(school, batch) for batch in self._batches(examples)])
            rounds += self._generator.sample(own, math.ceil(len(own) * pace.tools))
        self._generator.shuffle(rounds)
        return [lesson for lessons in rounds for lesson in lessons]

    def _rounds(self, lessons: Sequence[_Lesson]) -> list[Sequence[_Lesson]]:
        """What the processes take at the same time; the first ones once more where the last round lacks some."""
        size = self._crew.size
        filled = [*lessons, *lessons[: -len(lessons) % size]]
        return [filled[start : start + size] for start in range(0, len(filled) - size + 1, size)]

    def _batches(self, examples: Sequence[T]) -> list[Sequence[T]]:
        lengths = {id(example): _pieces(example.text) + self._generator.random() * 1.5 for example in examples}
        ordered = sorted(examples, key=lambda example: lengths[id(example)])
        return [ordered[start : start + _BATCH] for start in range(0, len(ordered), _BATCH)]

    def _losses(self, lesson: _Lesson) -> Losses:
        """Reads a batch and computes its losses."""
        encoding, pieces = self.encoding, self.encoding.pieces
        if isinstance(lesson, _OwnLesson):
            plugin = lesson.library if lesson.library is not self._own else None
            library = lesson.library.offer
            random_share = self._in_batches.random
            marked = [
                cut_marked(
                    item,
                    pieces,
                    tells_files=not item.follows or random_share() > _LEFT,
                    long_words=1 if random_share() < _COLON else LONG_WORDS,
                )
                for item in lesson.requests
            ]
            tools = encoding.own(self._own, plugin)
            taught = self._taught[lesson.library.name]
            offer = Offer(tools, [item.task_type for item in library.abilities], taught)
            read = encoding.requests([request.pieces for request in marked])
            return marked_losses.losses(self._model, marked, read, offer, library)
        school, draw = lesson.school, self._in_batches
        picks = [draw.randrange(len(row)) if draw.random() < _VARIED else 0 for row in school.texts]
        examples = [cut_example(item, pieces) for item in lesson.examples]
        texts = [row[pick] for row, pick in zip(school.texts, picks, strict=True)]
        offer = Offer(
            encoding.tools(texts),
            [row[pick] for row, pick in zip(school.types, picks, strict=True)],
            torch.stack([vectors[pick] for vectors, pick in zip(school.taught, picks, strict=True)]),
        )
        read = encoding.requests([request.pieces for request in examples])
        return tool_losses.losses(self._model, examples, read, offer, draw)


def _pieces(text: str) -> float:
    """About how many pieces a text has; East Asian scripts begin at U+2E80."""
    return sum(0.6 if ord(char) >= 0x2E80 else 0.25 for char in text)


def _schedule(total: int) -> Callable[[int], float]:
    """A rate that rises in the first batches, then falls."""
    return lambda step: min(1.0, step / (0.06 * total)) * max(0.02, 1 - step / total)


def _school(library: libraries.Library, teacher: Teacher) -> _School:
    texts = [[(words_of(tool.name), description_of(tool)) for tool in row] for row in library.variants]
    return _School(library, texts, library.variants, [teacher.vectors(row) for row in texts])
