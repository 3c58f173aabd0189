"""A text that is cut at the limit of its length, and its rest."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from orchestrion.errors import OrchestrionError
from orchestrion_controller.language_model import ChatMessage, Ended
from orchestrion_controller.stages import Usage
from orchestrion_serving.chat import Joint, continuation
from orchestrion_serving.chat.finishing import LENGTH

_log = logging.getLogger(__name__)

Ask = Callable[[Sequence[ChatMessage]], AsyncGenerator[str | Ended, None]]
"""Asks for one reply: its pieces, and how it ended."""


async def continued_once(
    ask: Ask, messages: Sequence[ChatMessage], fits: Callable[[Sequence[ChatMessage]], bool]
) -> AsyncGenerator[str | Ended, None]:
    """Asks for a text, and once for its rest where it is cut.

    Args:
        ask: Asks for one reply.
        messages: The conversation; its last message is answered.
        fits: Whether a prompt leaves room for a reply; where that for the rest does not, the text stays cut.

    Yields:
        The text in pieces, and how it ended as the last item: by `length` where it is cut all the same.

    Raises:
        OrchestrionError: What `ask` raises for the first reply; without its rest, a text is one that is cut.
    """
    pieces: list[str] = []
    first = Ended("", "", Usage())
    async with aclosing(ask(messages)) as reply:
        async for item in reply:
            if isinstance(item, Ended):
                first = item
            else:
                pieces.append(item)
                yield item
    text = "".join(pieces)[first.withdrawn :]
    rest = [dict(message) for message in continuation(messages, text)]
    if first.finish_reason != LENGTH or not text.strip() or not fits(rest):
        yield first
        return
    joint, finish_reason, usage = Joint(text), LENGTH, first.usage
    try:
        async with aclosing(ask(rest)) as reply:
            async for item in reply:
                if isinstance(item, Ended):
                    finish_reason, usage = item.finish_reason, usage + item.usage
                elif new := joint.feed(item):
                    yield new
    except OrchestrionError as error:
        _log.warning("a text was cut, and its rest did not come: %s", error.reason)
    if new := joint.close():
        yield new
    yield Ended(finish_reason, first.refusal, usage, first.withdrawn)
