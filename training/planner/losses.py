"""What a batch of requests teaches: what each piece is there for, which tools are wanted, what feeds what."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from orchestrion.plans import TaskType
from orchestrion_controller.planner.builtin.reading import features
from orchestrion_controller.planner.builtin.reading.heads import CHANGES, ROLES
from orchestrion_controller.planner.builtin.reading.offers import Offer as Library
from training.planner.batches import Request
from training.planner.libraries import Example
from training.planner.marked import Marked, Segment
from training.planner.model import PlanModel, Read, Tools, shares

_FAR: Final = -1e4
_ROLE_OF: Final = {
    "unmet": "unmet", "file": "file", "result": "result", "again": "again", "help": "help", "hello": "hello"
}  # fmt: skip
_OWN: Final = len(ROLES)
"""Where the abilities begin among the classes of a piece; the options follow them."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A library in one batch."""

    tools: Tools
    types: Sequence[TaskType]
    """The task type of each ability."""
    library: Library | None
    """The abilities and options, where requests are marked; None where only tools are."""
    teacher: Tensor | None
    """What the teacher makes of the abilities, shape (T, WIDTH)."""


def losses(
    model: PlanModel, requests: Sequence[Request], read: Read, offer: Offer, generator: random.Random
) -> dict[str, Tensor]:
    """Computes the losses of a batch, each a mean; `total` is what is minimised."""
    asks = model.asks(read.hidden, offer.tools)
    roles = model.role(read.hidden)
    if offer.library is None:
        result = _tools_alone(model, requests, read, offer, (roles, asks), generator)
    else:
        result = _marked(model, requests, read, offer, (roles, asks), generator)
    if offer.teacher is not None:
        result["teacher"] = (
            0.5 * (1 - functional.cosine_similarity(model.to_teacher(offer.tools.whole), offer.teacher)).mean()
        )
    result["total"] = torch.stack(list(result.values())).sum()
    return result


def _marked(
    model: PlanModel,
    requests: Sequence[Request],
    read: Read,
    offer: Offer,
    scores: tuple[Tensor, Tensor],
    generator: random.Random,
) -> dict[str, Tensor]:
    """Requests of which every word is marked."""
    library = offer.library
    assert library is not None
    roles, asks = scores
    options = model.options(read.hidden, offer.tools, torch.tensor(library.text_of), torch.tensor(library.ability_of))
    logits = torch.cat([roles, asks, options], -1)
    index = {(item.task_type.name, item.choices): number for number, item in enumerate(library.abilities)}
    option_index = {(item.task_type.name, item.parameter.name): number for number, item in enumerate(library.options)}
    batch, length = read.mask.shape
    target = torch.zeros(batch, length, dtype=torch.long)
    starts = torch.full((batch, length), -100, dtype=torch.long)
    changes: list[tuple[int, list[int], int]] = []
    wanted = torch.zeros(batch, len(library.abilities))
    for row, request in enumerate(requests):
        marked = request.example
        assert isinstance(marked, Marked)
        seen: set[tuple[object, ...]] = set()
        for segment in marked.segments:
            inside = request.inside(segment.start, segment.end)
            if not inside:
                continue
            number = _class(segment, marked, index, option_index, len(library.abilities))
            if number is None:
                target[row, inside] = -100
                continue
            target[row, inside] = number
            starts[row, inside] = 0
            key = _thing(segment, marked, library)
            starts[row, inside[0]] = 2 if key in seen else 1
            seen.add(key)
            if segment.role == "input":
                value = marked.steps[segment.step].values.get(segment.parameter, "words")
                changes.append((row, inside, CHANGES.index(value) if value in CHANGES else 0))
        for number in marked.worded:
            position = _ability(marked, number, index)
            if position is not None:
                wanted[row, position] = 1
    outside = read.words == 0
    target = target.masked_fill(outside, -100)
    emphasis = torch.where(target == 0, 0.7, 1.0).masked_fill(target < 0, 0)
    wrong = functional.cross_entropy(
        logits.flatten(0, 1), target.flatten(), reduction="none", ignore_index=-100, label_smoothing=0.02
    ).reshape(target.shape)
    begun = functional.cross_entropy(model.start(read.hidden).flatten(0, 1), starts.flatten(), ignore_index=-100)
    changed = torch.zeros(())
    if changes:
        vectors = torch.stack([read.hidden[row, inside].mean(0) for row, inside, _ in changes])
        changed = functional.cross_entropy(model.change(vectors), torch.tensor([kind for *_, kind in changes]))
    places = asks - torch.logsumexp(torch.cat([roles, options], -1), -1, keepdim=True)
    odds = model.wanted(read, places, offer.tools)
    missed = functional.binary_cross_entropy_with_logits(odds, wanted, reduction="none")
    linked, bound = [], []
    for row, request in enumerate(requests):
        links, objects = _own_links(model, request, read.hidden[row], offer, index)
        linked.append(links)
        bound.append(objects)
    result = {
        "places": 3 * ((wrong * emphasis).sum(1) / emphasis.sum(1).clamp(min=1)).mean(),
        "starts": begun,
        "changes": 0.5 * changed,
        "wanted": 0.3 * (missed.sum(1) / (wanted.sum(1) + 1.5)).mean(),
        "links": torch.stack(linked).mean(),
        "objects": torch.stack(bound).mean(),
    }
    return result


def _class(
    segment: Segment,
    marked: Marked,
    index: Mapping[tuple[str, tuple[tuple[str, str], ...]], int],
    option_index: Mapping[tuple[str, str], int],
    abilities: int,
) -> int | None:
    """The class of a segment's pieces; None where the library lacks it."""
    if segment.role in _ROLE_OF:
        return ROLES.index(_ROLE_OF[segment.role])
    if segment.role == "ask":
        ability = _ability(marked, segment.step, index)
        return None if ability is None else _OWN + ability
    step = marked.steps[segment.step]
    option = option_index.get((step.type, segment.parameter))
    if option is None and step.type == "again":
        return ROLES.index("again")
    return None if option is None else _OWN + abilities + option


def _ability(marked: Marked, step: int, index: Mapping[tuple[str, tuple[tuple[str, str], ...]], int]) -> int | None:
    item = marked.steps[step]
    return index.get((item.type, tuple(sorted(item.choices.items()))))


def _thing(segment: Segment, marked: Marked, library: Library) -> tuple[object, ...]:
    """What a segment is of: two of the same thing are one thing said in two places."""
    if segment.role == "ask":
        return ("step", segment.step)
    if segment.role == "input":
        value = marked.steps[segment.step].values.get(segment.parameter, "words")
        kinds = {item.parameter.name: item.parameter for item in library.options}
        parameter = kinds.get(segment.parameter)
        if (parameter is not None and parameter.repeated) or "," in value:
            return ("item", segment.start)
        return ("input", segment.step, segment.parameter)
    if segment.role == "unmet":
        return ("unmet", segment.start)
    return (segment.role, segment.step, segment.files)


def _own_links(
    model: PlanModel,
    request: Request,
    hidden: Tensor,
    offer: Offer,
    index: Mapping[tuple[str, tuple[tuple[str, str], ...]], int],
) -> tuple[Tensor, Tensor]:
    """The losses of what feeds each step: other steps, and objects."""
    marked = request.example
    assert isinstance(marked, Marked)
    pieces: dict[int, list[int]] = {}
    for segment in marked.segments:
        if segment.role in {"ask", "input"}:
            pieces.setdefault(segment.step, []).extend(request.inside(segment.start, segment.end))
    steps = [number for number in sorted(pieces) if pieces[number] and _ability(marked, number, index) is not None]
    nothing = torch.zeros(())
    if not steps:
        return nothing, nothing
    abilities = [_ability(marked, number, index) or 0 for number in steps]
    vectors = torch.stack([hidden[pieces[number]].mean(0) for number in steps])
    keys = offer.tools.pair[abilities]
    spots = [
        features.Mention(offer.types[ability], request.pieces[min(pieces[number])].start)
        for number, ability in zip(steps, abilities, strict=True)
    ]
    linked = nothing
    if len(steps) > 1:
        right = torch.tensor([[float(source in marked.steps[target].sources) for target in steps] for source in steps])
        linked = _link_loss(model, request, (vectors, keys, spots), right)
    objects = [
        (request.inside(segment.start, segment.end), segment) for segment in marked.segments if segment.role == "file"
    ]
    objects = [(inside, segment) for inside, segment in objects if inside]
    if not objects:
        return linked, nothing
    described = torch.stack([hidden[inside].mean(0) for inside, _ in objects])
    places = [(segment.start, segment.end) for _, segment in objects]
    beside = torch.from_numpy(features.objects(places, spots, request.text))
    odds = model.objects(described, vectors, keys, beside)
    aim = torch.tensor(
        [[float(bool(marked.steps[step].files & set(segment.files))) for step in steps] for _, segment in objects]
    )
    return linked, functional.binary_cross_entropy_with_logits(odds, aim)


def _link_loss(
    model: PlanModel,
    request: Request,
    steps: tuple[Tensor, Tensor, Sequence[features.Mention]],
    right: Tensor,
) -> Tensor:
    """How unlikely the right sources of steps are, each step's among all it could have and none."""
    vectors, keys, spots = steps
    both, alone = (torch.from_numpy(array) for array in features.pairs(spots, request.asides, request.text))
    fits = (both[..., 0] > 0) | (right > 0)
    if not fits.any():
        return torch.zeros(())
    none = (right.sum(0) == 0).float()
    aim = torch.cat([right, none[None]])
    scores = torch.cat(
        [model.pairs(vectors, keys, both).masked_fill(~fits, _FAR), model.roots(vectors, keys, alone)[None]]
    )
    wrong: Tensor = -(aim / aim.sum(0) * functional.log_softmax(scores, 0)).sum(0).mean()
    return wrong


def _tools_alone(
    model: PlanModel,
    requests: Sequence[Request],
    read: Read,
    offer: Offer,
    scores: tuple[Tensor, Tensor],
    generator: random.Random,
) -> dict[str, Tensor]:
    """Requests of which only the words that ask for tools are marked: all others ask for none, whatever they are."""
    roles, asks = scores
    places = asks - torch.logsumexp(roles, -1, keepdim=True)
    wanted, target, offered = _targets(requests, places, generator)
    places = places.masked_fill(~offered[:, None], _FAR)
    weight = torch.tensor([_weight(request) for request in requests])
    nothing = torch.zeros(*places.shape[:2], 1)
    logits = torch.cat([places, nothing], -1).flatten(0, 1)
    wrong = functional.cross_entropy(logits, target.flatten(), reduction="none").reshape(target.shape)
    emphasis = torch.where(target == len(offer.types), 0.5, 1.0) * read.mask
    odds = model.wanted(read, places, offer.tools)
    missed = functional.binary_cross_entropy_with_logits(odds, wanted, reduction="none") * offered
    linked = [
        _links(model, request, (read.hidden[row], places[row]), offer, shown=generator.random() < 0.5)
        for row, request in enumerate(requests)
        if isinstance(request.example, Example) and request.example.steps
    ]
    return {
        "places": 2 * ((wrong * emphasis).sum(1) / emphasis.sum(1) * weight).mean(),
        "wanted": 2 * (missed.sum(1) / (wanted.sum(1) + 1.5) * weight).mean(),
        "links": torch.stack(linked).sum() / len(requests) if linked else torch.zeros(()),
    }


def _weight(request: Request) -> float:
    return request.example.weight if isinstance(request.example, Example) else 1.0


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
        assert isinstance(request.example, Example)
        for step in request.example.steps:
            wanted[row, step.tool] = 1
            offered[row, step.tool] = True
            target[row, request.inside(step.start, step.end)] = step.tool
    return wanted, target, offered


def _links(model: PlanModel, request: Request, read: tuple[Tensor, Tensor], offer: Offer, *, shown: bool) -> Tensor:
    """How unlikely the right sources of a request's steps are, each step's among all it could have and none."""
    example = request.example
    assert isinstance(example, Example)
    steps = example.steps
    length = len(request.pieces)
    hidden, places = read
    tools = [step.tool for step in steps]
    attention, positions = _where(request, shares(places[:length])[:, tools], shown=shown)
    vectors = attention @ hidden[:length]
    spots = [features.Mention(offer.types[tool], position) for tool, position in zip(tools, positions, strict=True)]
    right = torch.zeros(len(steps), len(steps))
    for source, target in example.links:
        right[source, target] = 1
    return _link_loss(model, request, (vectors, offer.tools.pair[tools], spots), right) * example.weight


def _where(request: Request, steps_shares: Tensor, *, shown: bool) -> tuple[Tensor, list[int]]:
    """Tells which pieces stand for each step, and where it is: what its words are, or what the model takes for them.

    Half of the time the model's own mistakes are what links are learnt from, since that is what they are made of later.

    Returns:
        Attention of shape (S, N), and a place in the request for each step.
    """
    assert isinstance(request.example, Example)
    words = torch.tensor([piece.end > piece.start for piece in request.pieces])
    taken = steps_shares.masked_fill(~words[:, None], _FAR)
    attention = torch.softmax(taken, 0).T
    positions = [request.pieces[int(number)].start for number in taken.argmax(0)]
    if not shown:
        return attention, positions
    rows = []
    for row, step in zip(attention, request.example.steps, strict=True):
        inside = request.inside(step.start, step.end)
        rows.append(torch.zeros_like(row).index_fill(0, torch.tensor(inside), 1 / len(inside)) if inside else row)
    return torch.stack(rows), [step.start for step in request.example.steps]
