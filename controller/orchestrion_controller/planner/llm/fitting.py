"""Makes a prompt fit in the model's context: tells as much as there is room for, and leaves out what matters least.

In this order: the oldest turns, all but the latest; the examples, the least fitting first; what each input means; the
task types that the request needs least, down to eight; the latest turn; and then the rest of the task types but one.
The latest turn stays longer than the order "history first" would have it: a follow-up means nothing without the turn
that it follows. The request itself is never cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from orchestrion.runs import Role
from orchestrion_controller.language_model import ChatMessage
from orchestrion_controller.planner.llm.earlier import Earlier
from orchestrion_controller.planner.llm.examples import MOST_EXAMPLES, chosen
from orchestrion_controller.planner.llm.prompt import Extent, Material
from orchestrion_controller.planner.llm.relevance import by_relevance
from orchestrion_controller.stages import PlanningRequest

_FEW_TASK_TYPES: Final = 8
_MOST_DESCRIBED: Final = 16
"""So many task types are all described input by input; of more only the likeliest, to keep prompts short."""
_LIKELIEST: Final = 12


class Window(Protocol):
    """What says whether a prompt fits."""

    async def fits(self, messages: Sequence[ChatMessage]) -> bool:
        """Whether the messages leave room for a reply."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A prompt that fits, and how much it tells."""

    messages: list[ChatMessage]
    extent: Extent


def material(request: PlanningRequest, earlier: Earlier) -> Material:
    """Gathers what a prompt can tell: examples chosen for the request, task types in the order of their relevance."""
    text = "\n".join(message.text for message in request.messages if message.role is not Role.ASSISTANT)
    media_types = [artifact.media_type for artifact in request.attachments]
    last = request.history[-1] if request.history else None
    planned = [task.type for task in last.plan.tasks] if last and last.plan else []
    recent = [artifact.media_type for artifact in last.artifacts.values()] if last else []
    return Material(
        request,
        earlier,
        chosen(text, media_types, request.task_types, follows_up=bool(request.history)),
        tuple(by_relevance(request.task_types, text, media_types or recent, planned)),
    )


async def fitted(material: Material, suffix: Sequence[ChatMessage], window: Window) -> Fitted | None:
    """Writes the longest prompt that fits; None when not even the shortest one does.

    Args:
        material: What can be told.
        suffix: Messages that follow the prompt and must fit too.
        window: Says what fits.
    """
    extents = list(_extents(material))

    def written(extent: Extent) -> Fitted:
        return Fitted([*material.messages(extent), *suffix], extent)

    whole = written(extents[0])
    if await window.fits(whole.messages):
        return whole
    # Each is shorter than the one before: the first that fits is found by halving.
    low, high, found = 1, len(extents) - 1, None
    while low <= high:
        middle = (low + high) // 2
        tried = written(extents[middle])
        if await window.fits(tried.messages):
            found, high = tried, middle - 1
        else:
            low = middle + 1
    return found


def _extents(material: Material) -> Iterator[Extent]:
    """Yields ever shorter extents, the whole first."""
    turns, types = len(material.request.history), len(material.by_relevance)
    latest = min(turns, 1)
    examples = min(len(material.examples), MOST_EXAMPLES)
    detailed = types if types <= _MOST_DESCRIBED else _LIKELIEST
    few = min(types, _FEW_TASK_TYPES)
    for kept in range(turns, latest, -1):
        yield Extent(kept, examples, types, detailed)
    for kept in range(examples, 0, -1):
        yield Extent(latest, kept, types, detailed)
    # Forms and descriptions of most are longer than the descriptions of all.
    yield Extent(latest, 0, types, detailed)
    for described in range(min(detailed, types // 2), -1, -1):
        yield Extent(latest, 0, types, described)
    for kept in range(types - 1, few - 1, -1):
        yield Extent(latest, 0, kept, 0)
    for kept in range(few, 0, -1):
        yield Extent(0, 0, kept, 0)
