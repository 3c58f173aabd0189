"""A responder that a language model's failure does not end: results that are there are told by the built-in one."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from orchestrion.errors import DeadlineExceededError, OrchestrionError, RunCancelledError
from orchestrion.events import AnswerFinished, AnswerText
from orchestrion_controller.languages.answers import words_of
from orchestrion_controller.responder.asker import language_of
from orchestrion_controller.stages import AnswerItem, Responder, RespondingRequest

_log = logging.getLogger(__name__)


class FallbackResponder:
    """Answers as one responder does, and as another where that one fails though tasks succeeded."""

    def __init__(self, first: Responder, second: Responder) -> None:
        """Keeps both.

        Args:
            first: Answers, and gives its name.
            second: Answers where the first fails.
        """
        self.name = first.name
        self._first = first
        self._second = second

    async def respond(self, request: RespondingRequest) -> AsyncGenerator[AnswerItem, None]:
        """Answers from the results; an answer of the second says why it is one.

        What the first wrote before it failed was seen, but is no part of the answer.

        Raises:
            OrchestrionError: What the first fails with, where no task succeeded: there is nothing to tell.
        """
        is_begun = False
        try:
            async with aclosing(self._first.respond(request)) as items:
                async for item in items:
                    is_begun = is_begun or isinstance(item, AnswerText)
                    yield item
            return
        except (RunCancelledError, DeadlineExceededError):
            raise
        except OrchestrionError as error:
            if not any(result.succeeded for result in request.results.values()):
                raise
            failure = error
        _log.warning("%s did not answer (%s); %s does", self._first.name, failure, self._second.name)
        words = words_of((await language_of(request)).tag)
        notice = words.word("answered_without_model", reason=failure.reason) + "\n\n"
        yield AnswerText("\n\n" + notice if is_begun else notice)
        async with aclosing(self._second.respond(request)) as items:
            async for item in items:
                yield AnswerFinished(notice + item.text, item.artifacts) if isinstance(item, AnswerFinished) else item
