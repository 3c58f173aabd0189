"""What a batch of requests for others' tools teaches: where each tool is asked for, and what feeds what."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from orchestrion_controller.planner.builtin.reading import features
from training.planner.batches import Request
from training.planner.libraries import Example
from training.planner.losses import FAR, Losses, Offer, Steps, link_loss, with_total
from training.planner.model import PlanModel, Read, shares


def losses(
    model: PlanModel, requests: Sequence[Request[Example]], read: Read, offer: Offer, generator: random.Random
) -> Losses:
    """Computes the losses of requests of which only the words for tools are known: all others ask for none."""
    asks = model.asks(read.hidden, offer.tools)
    places = asks - torch.logsumexp(model.role(read.hidden), -1, keepdim=True)
    wanted, target, offered = _targets(requests, places, generator)
    places = places.masked_fill(~offered[:, None], FAR)
    weight = torch.tensor([request.example.weight for request in requests])
    nothing = torch.zeros(*places.shape[:2], 1)
    logits = torch.cat([places, nothing], -1).flatten(0, 1)
    wrong = functional.cross_entropy(logits, target.flatten(), reduction="none").reshape(target.shape)
    emphasis = torch.where(target == len(offer.types), 0.5, 1.0) * read.mask
    odds = model.wanted(read, places, offer.tools)
    missed = functional.binary_cross_entropy_with_logits(odds, wanted, reduction="none") * offered
    linked = [
        _links(model, request, row, offer, shown=generator.random() < 0.5)
        for request, row in zip(requests, zip(read.hidden.unbind(), places.unbind(), strict=True), strict=True)
        if request.example.steps
    ]
    parts = {
        "places": 2 * ((wrong * emphasis).sum(1) / emphasis.sum(1) * weight).mean(),
        "wanted": 2 * (missed.sum(1) / (wanted.sum(1) + 1.5) * weight).mean(),
        "links": torch.stack(linked).sum() / len(requests) if linked else torch.zeros(()),
    }
    return with_total(model, offer, parts)


def _targets(
    requests: Sequence[Request[Example]], places: Tensor, generator: random.Random
) -> tuple[Tensor, Tensor, Tensor]:
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


def _links(
    model: PlanModel, request: Request[Example], read: tuple[Tensor, Tensor], offer: Offer, *, shown: bool
) -> Tensor:
    """How unlikely the right sources of a request's steps are, by how sure its annotator was."""
    example = request.example
    length = len(request.pieces)
    hidden, places = read
    tools = [step.tool for step in example.steps]
    attention, positions = _where(request, shares(places[:length])[:, tools], shown=shown)
    mentions = [features.Mention(offer.types[tool], place) for tool, place in zip(tools, positions, strict=True)]
    right = torch.zeros(len(tools), len(tools))
    for source, target in example.links:
        right[source, target] = 1
    steps = Steps(attention @ hidden[:length], offer.tools.pair[tools], mentions)
    return link_loss(model, request.asides, request.text, steps, right) * example.weight


def _where(request: Request[Example], steps_shares: Tensor, *, shown: bool) -> tuple[Tensor, list[int]]:
    """Tells which pieces stand for each step, and where it is: what its words are, or what the model takes for them.

    Half of the time the model's own mistakes are what links are learnt from, since that is what they are made of later.

    Returns:
        Attention of shape (S, N), and a place in the request for each step.
    """
    words = torch.tensor([piece.end > piece.start for piece in request.pieces])
    taken = steps_shares.masked_fill(~words[:, None], FAR)
    attention = torch.softmax(taken, 0).T
    positions = [request.pieces[int(number)].start for number in taken.argmax(0)]
    if not shown:
        return attention, positions
    rows = []
    for row, step in zip(attention, request.example.steps, strict=True):
        inside = request.inside(step.start, step.end)
        rows.append(torch.zeros_like(row).index_fill(0, torch.tensor(inside), 1 / len(inside)) if inside else row)
    return torch.stack(rows), [step.start for step in request.example.steps]
