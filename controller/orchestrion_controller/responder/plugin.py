"""A responder of another package, wrapped: its answer may name only artifacts that the run has."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import AnswerFinished, AnswerText
from orchestrion_controller.stages import AnswerItem, Responder, RespondingRequest

_log = logging.getLogger(__name__)


class PluginResponder:
    """Yields what a responder yields; adds AnswerFinished where the responder leaves it out."""

    def __init__(self, name: str, responder: Responder) -> None:
        """Wraps a responder.

        Args:
            name: The name of its entry point, by which requests ask for it.
            responder: The responder.
        """
        self.name = name
        self._responder = responder

    async def respond(self, request: RespondingRequest) -> AsyncGenerator[AnswerItem, None]:
        """Answers a request.

        Raises:
            OrchestrionError: The responder refuses, names an artifact that the run does not have, or failed
                (`INTERNAL`).
        """
        pieces: list[str] = []
        try:
            async with aclosing(self._responder.respond(request)) as items:
                async for item in items:
                    match item:
                        case AnswerFinished(text=text, artifacts=artifacts):
                            self._check(artifacts, request)
                            if not pieces and text:
                                yield AnswerText(text)
                            yield item
                            return
                        case AnswerText(text=text):
                            pieces.append(text)
                    yield item
            yield AnswerFinished("".join(pieces))
        except OrchestrionError:
            raise
        except Exception as error:
            _log.exception("the responder %s failed", self.name)
            message = f"The responder {self.name!r} failed; the controller's log has the details."
            raise Reason.INTERNAL.error(message, responder=self.name) from error

    def _check(self, artifacts: tuple[str, ...], request: RespondingRequest) -> None:
        absent = [name for name in artifacts if name not in request.artifacts]
        if absent:
            message = f"The responder {self.name!r} names artifacts that the run does not have: {', '.join(absent)}."
            raise Reason.INTERNAL.error(message, responder=self.name)
