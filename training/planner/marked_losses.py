"""What a batch of marked requests teaches: what every piece is there for, what is wanted, what feeds what."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from orchestrion_controller.planner.builtin.reading import features
from orchestrion_controller.planner.builtin.reading.heads import ROLES
from orchestrion_controller.plans.offers import Offer as Library
from training.planner.batches import Request
from training.planner.classes import IGNORED, Classes
from training.planner.losses import Losses, Offer, Steps, link_loss, with_total
from training.planner.marked import Marked
from training.planner.model import PlanModel, Read

_NONE = ROLES.index("none")


def losses(model: PlanModel, requests: Sequence[Request[Marked]], read: Read, offer: Offer, library: Library) -> Losses:
    """Computes the losses of a batch of requests of which every word is marked."""
    classes = Classes(library)
    targets = classes.targets(requests)
    asks = model.asks(read.hidden, offer.tools)
    roles = model.role(read.hidden)
    options = model.options(read.hidden, offer.tools, torch.tensor(library.ability_of))
    logits = torch.cat([roles, asks, options], -1)
    emphasis = torch.where(targets.classes == _NONE, 0.7, 1.0).masked_fill(targets.classes < 0, 0)
    wrong = functional.cross_entropy(
        logits.flatten(0, 1), targets.classes.flatten(), reduction="none", ignore_index=IGNORED, label_smoothing=0.02
    ).reshape(targets.classes.shape)
    places = asks - torch.logsumexp(torch.cat([roles, options], -1), -1, keepdim=True)
    odds = model.wanted(read, places, offer.tools)
    missed = functional.binary_cross_entropy_with_logits(odds, targets.wanted, reduction="none")
    linked, bound = [], []
    # Apart at once: a row that is picked by its index costs a gradient of the size of all.
    for request, hidden in zip(requests, read.hidden.unbind(), strict=True):
        links, objects = _links(model, request, hidden, offer, classes)
        linked.append(links)
        bound.append(objects)
    parts = {
        "places": 3 * ((wrong * emphasis).sum(1) / emphasis.sum(1).clamp(min=1)).mean(),
        "starts": _starts(model, read, targets.starts),
        "changes": 0.5 * _changes(model, read, targets.changes),
        "wanted": 0.3 * (missed.sum(1) / (targets.wanted.sum(1) + 1.5)).mean(),
        "links": torch.stack(linked).mean(),
        "objects": torch.stack(bound).mean(),
    }
    return with_total(model, offer, parts)


def _starts(model: PlanModel, read: Read, starts: Tensor) -> Tensor:
    if bool((starts == IGNORED).all()):
        return torch.zeros(())
    return functional.cross_entropy(model.start(read.hidden).flatten(0, 1), starts.flatten(), ignore_index=IGNORED)


def _changes(model: PlanModel, read: Read, changes: Sequence[tuple[int, Sequence[int], int]]) -> Tensor:
    if not changes:
        return torch.zeros(())
    vectors = torch.stack([read.hidden[row, list(inside)].mean(0) for row, inside, _ in changes])
    return functional.cross_entropy(model.change(vectors), torch.tensor([kind for *_, kind in changes]))


def _links(
    model: PlanModel, request: Request[Marked], hidden: Tensor, offer: Offer, classes: Classes
) -> tuple[Tensor, Tensor]:
    """The losses of what feeds each step: other steps, and objects."""
    marked = request.example
    nothing = torch.zeros(())
    pieces: dict[int, list[int]] = {}
    for segment in marked.segments:
        if segment.role in {"ask", "input"}:
            pieces.setdefault(segment.step, []).extend(request.inside(segment.start, segment.end))
    abilities = {number: classes.ability(marked, number) for number in sorted(pieces) if pieces[number]}
    ability_of = {number: ability for number, ability in abilities.items() if ability is not None}
    numbers = list(ability_of)
    if not numbers:
        return nothing, nothing
    steps = Steps(
        torch.stack([hidden[pieces[number]].mean(0) for number in numbers]),
        offer.tools.pair[list(ability_of.values())],
        [
            features.Mention(offer.types[ability], request.pieces[min(pieces[number])].start)
            for number, ability in ability_of.items()
        ],
    )
    linked = nothing
    if len(numbers) > 1:
        right = [[float(source in marked.steps[target].sources) for target in numbers] for source in numbers]
        linked = link_loss(model, request.asides, request.text, steps, torch.tensor(right))
    objects = [
        (inside, segment)
        for segment in marked.segments
        if segment.role == "file" and (inside := request.inside(segment.start, segment.end))
    ]
    if not objects:
        return linked, nothing
    described = torch.stack([hidden[inside].mean(0) for inside, _ in objects])
    places = [(segment.start, segment.end) for _, segment in objects]
    beside = torch.from_numpy(features.objects(places, steps.mentions, request.text))
    odds = model.objects(described, steps.vectors, steps.keys, beside)
    aim = [
        [float(bool(marked.steps[number].files & set(segment.files))) for number in numbers] for _, segment in objects
    ]
    return linked, functional.binary_cross_entropy_with_logits(odds, torch.tensor(aim))
