"""A responder of another package: its answer ends, and hands over what exists alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from orchestrion.errors import InternalError
from orchestrion.events import AnswerFinished, AnswerText
from orchestrion.plans import Plan
from orchestrion.runs import Artifact
from orchestrion_controller.plugins import AnswerItem, RespondingRequest
from orchestrion_controller.responder.plugin import PluginResponder

SOUND = Artifact(f"artifacts/{'a' * 64}", "audio/wav", "speech.wav", 4)
REQUEST = RespondingRequest((), Plan((), "Nothing to do."), artifacts={SOUND.name: SOUND})


class Scripted:
    """Yields what it is made with; an exception among it is raised."""

    name = "scripted"

    def __init__(self, *items: AnswerItem | Exception) -> None:
        self._items = items

    async def respond(self, request: RespondingRequest) -> AsyncGenerator[AnswerItem, None]:
        for item in self._items:
            if isinstance(item, Exception):
                raise item
            yield item


async def items_of(*items: AnswerItem | Exception) -> list[AnswerItem]:
    return [item async for item in PluginResponder("ours", Scripted(*items)).respond(REQUEST)]


async def test_pieces_alone_are_an_answer() -> None:
    pieces = [AnswerText("Hel"), AnswerText("lo.")]
    assert await items_of(*pieces) == [*pieces, AnswerFinished("Hello.")]


async def test_the_whole_text_alone_is_an_answer() -> None:
    end = AnswerFinished("Listen.", (SOUND.name,))
    assert await items_of(end) == [AnswerText("Listen."), end]


async def test_an_artifact_that_does_not_exist_is_a_fault() -> None:
    with pytest.raises(InternalError, match="'ours' names artifacts that the run does not have: artifacts/none"):
        await items_of(AnswerText("Listen."), AnswerFinished("Listen.", ("artifacts/none",)))


async def test_a_fault_is_named() -> None:
    with pytest.raises(InternalError, match="The responder 'ours' failed"):
        await items_of(ZeroDivisionError("a bug"))
