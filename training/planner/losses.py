"""What a batch of requests teaches: where each tool is asked for, which tools are wanted, what feeds what."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from orchestrion.plans import TaskType
from orchestrion_controller.planner.builtin.learned import features
from training.planner.batches import Request
from training.planner.model import PlanModel, Read, Tools, shares

_FAR: Final = -1e4


@dataclass(frozen=True, slots=True)
class Offer:
    """The T tools of a library."""

    tools: Tools
    """What the model makes of them."""
    types: Sequence[TaskType]
    """The tools as they are."""
    teacher: Tensor
    """What the teacher makes of them, shape (T, WIDTH)."""


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses of a batch, each a mean."""

    places: Tensor
    wanted: Tensor
    links: Tensor
    teacher: Tensor

    @property
    def total(self) -> Tensor:
        """What is minimised."""
        return 2 * self.places + 2 * self.wanted + self.links + 0.5 * self.teacher


def losses(model: PlanModel, requests: Sequence[Request], read: Read, offer: Offer, generator: random.Random) -> Losses:
    """Computes the losses of a batch.

    Args:
        model: The model.
        requests: B requests.
        read: Their vectors.
        offer: The tools.
        generator: Decides what is left out this time.
    """
    tools = offer.tools
    places = model.places(read.hidden, tools)
    wanted, target, offered = _targets(requests, places, generator)
    places = places.masked_fill(~offered[:, None], _FAR)
    weight = torch.tensor([request.example.weight for request in requests])
    nothing = torch.zeros(*places.shape[:2], 1)
    logits = torch.cat([places, nothing], -1).flatten(0, 1)
    wrong = functional.cross_entropy(logits, target.flatten(), reduction="none").reshape(target.shape)
    emphasis = torch.where(target == len(offer.types), 0.5, 1.0) * read.mask
    odds = model.wanted(read, places, tools)
    missed = functional.binary_cross_entropy_with_logits(odds, wanted, reduction="none") * offered
    linked = [
        _links(model, request, (read.hidden[row], places[row]), offer, shown=generator.random() < 0.5)
        for row, request in enumerate(requests)
        if request.example.steps
    ]
    return Losses(
        places=((wrong * emphasis).sum(1) / emphasis.sum(1) * weight).mean(),
        wanted=(missed.sum(1) / (wanted.sum(1) + 1.5) * weight).mean(),
        links=torch.stack(linked).sum() / len(requests) if linked else torch.zeros(()),
        teacher=(1 - functional.cosine_similarity(model.to_teacher(tools.whole), offer.teacher)).mean(),
    )


def _targets(requests: Sequence[Request], places: Tensor, generator: random.Random) -> tuple[Tensor, Tensor, Tensor]:
    """Returns which tools are wanted (B, T), which tool each piece asks for (B, N), and what is on offer (B, T).

    What is on offer differs by request: the tools of its plan and some of the others, so that no tool is known by what
    it stands beside.
    """
    batch, length, count = places.shape
    offered = torch.rand(batch, count) < generator.choice((0.4, 0.7, 1.0, 1.0))
    wanted = torch.zeros(batch, count)
    target = torch.full((batch, length), count, dtype=torch.long)
    for row, request in enumerate(requests):
        for step in request.example.steps:
            wanted[row, step.tool] = 1
            offered[row, step.tool] = True
            target[row, request.inside(step.start, step.end)] = step.tool
    return wanted, target, offered


def _links(model: PlanModel, request: Request, read: tuple[Tensor, Tensor], offer: Offer, *, shown: bool) -> Tensor:
    """How unlikely the right sources of a request's steps are, each step's among all it could have and none."""
    steps = request.example.steps
    length = len(request.pieces)
    hidden, places = read
    tools = [step.tool for step in steps]
    attention, positions = _where(request, shares(places[:length])[:, tools], shown=shown)
    vectors = attention @ hidden[:length]
    keys = offer.tools.pair[tools]
    spots = [features.Mention(offer.types[tool], position) for tool, position in zip(tools, positions, strict=True)]
    both, alone = (torch.from_numpy(array) for array in features.pairs(spots, request.asides, request.example.text))
    fits = both[..., 0] > 0
    if not fits.any():
        return torch.zeros(())
    right = torch.zeros(len(steps), len(steps))
    for source, target in request.example.links:
        right[source, target] = 1
    none = (right.sum(0) == 0).float()
    aim = torch.cat([right, none[None]])
    scores = torch.cat(
        [model.pairs(vectors, keys, both).masked_fill(~fits, _FAR), model.roots(vectors, keys, alone)[None]]
    )
    wrong: Tensor = -(aim / aim.sum(0) * functional.log_softmax(scores, 0)).sum(0).mean()
    return wrong * request.example.weight


def _where(request: Request, steps_shares: Tensor, *, shown: bool) -> tuple[Tensor, list[int]]:
    """Tells which pieces stand for each step, and where it is: what its words are, or what the model takes for them.

    Half of the time the model's own mistakes are what links are learnt from, since that is what they are made of later.

    Returns:
        Attention of shape (S, N), and a place in the request for each step.
    """
    steps = request.example.steps
    words = torch.tensor([piece.end > piece.start for piece in request.pieces])
    taken = steps_shares.masked_fill(~words[:, None], _FAR)
    attention = torch.softmax(taken, 0).T
    positions = [request.pieces[int(number)].start for number in taken.argmax(0)]
    if not shown:
        return attention, positions
    rows = []
    for row, step in zip(attention, steps, strict=True):
        inside = request.inside(step.start, step.end)
        rows.append(torch.zeros_like(row).index_fill(0, torch.tensor(inside), 1 / len(inside)) if inside else row)
    return torch.stack(rows), [step.start for step in steps]
