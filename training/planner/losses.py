"""What every batch of requests teaches, whatever is marked in them: which step feeds which, and what tools mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from orchestrion.plans import TaskType
from orchestrion_controller.planner.asides import Aside
from orchestrion_controller.planner.builtin.reading import features
from training.planner.model import PlanModel, Tools

FAR: Final = -1e4
"""The log odds of the impossible, in place of minus infinity."""

Losses: TypeAlias = Mapping[str, Tensor]
"""The losses of a batch by their names, each a mean; `total` is what is minimised."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A library in one batch."""

    tools: Tools
    types: Sequence[TaskType]
    """The task type of each ability."""
    teacher: Tensor
    """What the teacher makes of the abilities, shape (T, WIDTH)."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of one request."""

    vectors: Tensor
    """What words there are for each, shape (S, WIDTH)."""
    keys: Tensor
    """Their tools, as ends of a link, shape (S, PAIR)."""
    mentions: Sequence[features.Mention]


def with_total(model: PlanModel, offer: Offer, parts: Losses) -> Losses:
    """Adds how far tools are from what the teacher makes of them, and the sum of all."""
    likeness = functional.cosine_similarity(model.to_teacher(offer.tools.whole), offer.teacher)
    parts = {**parts, "teacher": 0.5 * (1 - likeness).mean()}
    return {**parts, "total": torch.stack(list(parts.values())).sum()}


def link_loss(model: PlanModel, asides: Sequence[Aside], text: str, steps: Steps, right: Tensor) -> Tensor:
    """How unlikely the right sources of steps are, each step's among all it could have and none.

    Args:
        model: The model.
        asides: The values in the request.
        text: The request.
        steps: Its steps.
        right: 1 where step i feeds step j, shape (S, S).
    """
    both, alone = (torch.from_numpy(array) for array in features.pairs(steps.mentions, asides, text))
    fits = (both[..., 0] > 0) | (right > 0)
    if not fits.any():
        return torch.zeros(())
    none = (right.sum(0) == 0).float()
    aim = torch.cat([right, none[None]])
    links = model.pairs(steps.vectors, steps.keys, both).masked_fill(~fits, FAR)
    scores = torch.cat([links, model.roots(steps.vectors, steps.keys, alone)[None]])
    wrong: Tensor = -(aim / aim.sum(0) * functional.log_softmax(scores, 0)).sum(0).mean()
    return wrong
