"""What a prompt contains, and what it leaves out first where the model's context has no room for all.

In this order: the oldest turns, all but the latest; the examples, the least fitting first; what inputs mean, of very
many task types but for the likeliest six, which stay whole while there are more than twenty; the task types that the
request needs least, down to eight; the latest turn; and then the rest of the task types but one.
The latest turn stays longer than the order "history first" would have it: a follow-up means nothing without the turn
that it follows. The request itself is never cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final, overload

from orchestrion.runs import Role
from orchestrion_controller.planner.llm.absent import absent
from orchestrion_controller.planner.llm.examples import MOST_EXAMPLES, chosen
from orchestrion_controller.planner.llm.notation import PlanNames
from orchestrion_controller.planner.llm.prompt import Material, PlanPromptExtent
from orchestrion_controller.planner.llm.relevance import by_relevance
from orchestrion_controller.planner.llm.tools import tools
from orchestrion_controller.stages import PlanningRequest

_FEW_TASK_TYPES: Final = 8
_MOST_DESCRIBED: Final = 24
"""So many task types are all described input by input; of more only the likeliest, to keep prompts short."""
_LIKELIEST: Final = 8
_MANY_TASK_TYPES: Final = 20
"""So many task types are shown before those are shortened that a request most likely needs."""
_LEAST_DESCRIBED: Final = 6
"""How many of those these are."""


def material(request: PlanningRequest, names: PlanNames) -> Material:
    """Gathers the parts of a prompt: examples chosen for the request, task types in the order of their relevance."""
    text = "\n".join(message.text for message in request.messages if message.role is not Role.ASSISTANT)
    media_types = [artifact.media_type for artifact in request.attachments]
    last = request.history[-1] if request.history else None
    planned = [task.type for task in last.plan.tasks] if last and last.plan else []
    recent = [artifact.media_type for artifact in last.artifacts.values()] if last else []
    return Material(
        request,
        names,
        chosen(text, media_types, request.on_offer, follows_up=bool(request.history)),
        tools(request),
        tuple(by_relevance(request.on_offer, text, media_types or recent, planned)),
        absent(request, text),
    )


class PlanPromptExtents(Sequence[PlanPromptExtent]):
    """Ever shorter extents, the whole first; the others are made once the whole does not fit."""

    def __init__(self, material: Material) -> None:
        """Keeps what a prompt can contain."""
        self._material = material
        self._whole = next(_extents(material))

    @overload
    def __getitem__(self, index: int) -> PlanPromptExtent: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[PlanPromptExtent]: ...

    def __getitem__(self, index: int | slice) -> PlanPromptExtent | Sequence[PlanPromptExtent]:
        """Returns one of them, or several."""
        return self._whole if index == 0 else self._all[index]

    def __len__(self) -> int:
        """Counts them."""
        return len(self._all)

    @cached_property
    def _all(self) -> Sequence[PlanPromptExtent]:
        return list(_extents(self._material))


def _extents(material: Material) -> Iterator[PlanPromptExtent]:
    turns, types = len(material.request.history), len(material.by_relevance)
    latest = min(turns, 1)
    examples = min(len(material.examples), MOST_EXAMPLES)
    detailed = types if types <= _MOST_DESCRIBED else _LIKELIEST
    few = min(types, _FEW_TASK_TYPES)
    for kept in range(turns, latest, -1):
        yield PlanPromptExtent(kept, examples, types, detailed)
    for kept in range(examples, 0, -1):
        yield PlanPromptExtent(latest, kept, types, detailed)
    yield (extent := PlanPromptExtent(latest, 0, types, detailed))
    shortest = _bytes_of_tools(material, extent)
    # Of very many task types the least likely go before what the likeliest mean by their inputs.
    least, many = (min(detailed, _LEAST_DESCRIBED), _MANY_TASK_TYPES) if types > _MANY_TASK_TYPES else (0, types)
    narrower = [
        *((types, described) for described in range(min(detailed, types - 1), least - 1, -1)),
        *((kept, least) for kept in range(types - 1, many - 1, -1)),
        *((many, described) for described in range(least - 1, -1, -1)),
    ]
    for kept, described in narrower:
        extent = PlanPromptExtent(latest, 0, kept, described)
        # The forms of all and the descriptions of most are longer than the descriptions of all.
        if (size := _bytes_of_tools(material, extent)) < shortest:
            shortest = size
            yield extent
    for kept in range(many - 1, few - 1, -1):
        yield PlanPromptExtent(latest, 0, kept, 0)
    for kept in range(few, 0, -1):
        yield PlanPromptExtent(0, 0, kept, 0)


def _bytes_of_tools(material: Material, extent: PlanPromptExtent) -> int:
    """Counts as the context does: in bytes, of which descriptions in other scripts have more than characters."""
    return len(material.described(extent).encode(errors="surrogatepass"))
