"""The responder that asks a language model, and checks its answer against the run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import AnswerFinished, AnswerText
from orchestrion_controller.language_model import ChatModel, Ended, chat_fitting
from orchestrion_controller.languages.answers import words_of
from orchestrion_controller.responder.asker import language_of
from orchestrion_controller.responder.llm.alias_stream import AliasStream
from orchestrion_controller.responder.llm.aliases import Aliases
from orchestrion_controller.responder.llm.closing import closing_lines
from orchestrion_controller.responder.llm.extents import extents
from orchestrion_controller.responder.llm.files import RunFiles, own_texts
from orchestrion_controller.responder.llm.prompt import AnswerPrompt
from orchestrion_controller.stages import AnswerItem, RespondingRequest, Usage

_CUT: Final = "length"
"""How a reply ends that the model, or its limit, broke off."""


class LLMResponder:
    """Streams the model's answer; what it names is checked, and what it leaves out is added."""

    name = "llm"

    def __init__(self, model: ChatModel) -> None:
        """Keeps the language model to ask."""
        self._model = model

    async def respond(self, request: RespondingRequest) -> AsyncGenerator[AnswerItem, None]:
        """Answers from the results.

        Raises:
            UnavailableError: The model says nothing.
            OrchestrionError: What `chat_fitting` raises.
        """
        language = await language_of(request)
        files = RunFiles(request)
        prompt = AnswerPrompt(request, files, language)
        # On a thread: thousands of boxes or words take longer than a moment. What is written is kept.
        await asyncio.to_thread(prompt.messages, extents(request)[0])
        aliases = Aliases(request, files, words_of(language.tag))
        stream = AliasStream(aliases, own_texts(request))
        pieces: list[str] = []
        written: list[str] = []
        ended = Ended("", "", Usage(llm_call_count=1))
        async with aclosing(chat_fitting(self._model, extents(request), prompt.messages)) as reply:
            async for item in reply:
                if isinstance(item, Ended):
                    ended = item
                    continue
                written.append(item)
                if text := stream.feed(item):
                    pieces.append(text)
                    yield AnswerText(text)
        is_cut = ended.finish_reason == _CUT
        if ended.withdrawn:
            # What came first was a thought that nothing had opened: it was seen, but it is no part of the answer.
            aliases = Aliases(request, files, words_of(language.tag))
            stream = AliasStream(aliases, own_texts(request))
            pieces = [stream.feed("".join(written)[ended.withdrawn :].lstrip())]
        if text := stream.finish(is_cut=is_cut):
            pieces.append(text)
            yield AnswerText(text)
        aliases.note("".join(pieces))
        is_said = bool("".join(pieces).strip())
        left_out = prompt.left_out if is_said else ()
        if lines := closing_lines(request, files, aliases, left_out, language.tag, is_cut=is_cut and is_said):
            pieces.append(("\n\n" if is_said else "") + "\n".join(lines))
            yield AnswerText(pieces[-1])
        yield ended.usage
        answer = "".join(pieces)
        if not answer.strip():
            raise _silent(ended)
        yield AnswerFinished(answer, tuple(aliases.used))


def _silent(ended: Ended) -> OrchestrionError:
    cut = "reached the limit of its answers before it said anything"
    why = "declined to answer" if ended.is_refusal else cut if ended.finish_reason == _CUT else "gave an empty answer"
    return Reason.LLM_UNAVAILABLE.error(f"The language model {why}. Try again, or use the built-in responder.")
