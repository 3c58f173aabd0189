"""Asks a language model for its choices. Whatever goes wrong is an answer too: what was wrong."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from orchestrion.errors import OrchestrionError
from orchestrion_controller.language_model import Ended, LanguageModel, Schema, chat_fitting
from orchestrion_controller.selector.demand import Circumstances
from orchestrion_controller.selector.llm import prompt, reply
from orchestrion_controller.selector.llm.prompt import Extent, Question
from orchestrion_controller.selector.llm.reply import Choice
from orchestrion_controller.stages import Usage

_log = logging.getLogger(__name__)

MOST_TASKS: Final = 100
"""How many tasks of a plan are asked about; endpoints take no larger schemas, and rank chooses for the rest."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of asking."""

    usage: Usage
    choices: Mapping[str, Choice] = field(default_factory=dict)
    """By task id."""
    asked: frozenset[str] = frozenset()
    """The tasks that it was asked about: all, or as many as its context has room for."""
    problem: str = ""
    """What was wrong with the answer as a whole, as the end of a sentence; empty where nothing was."""


class LLMChooser:
    """Chooses by a language model."""

    name: Final = "llm"

    def __init__(self, model: LanguageModel) -> None:
        """Keeps the language model."""
        self._model = model

    async def choose(self, questions: Sequence[Question], known: Circumstances) -> Answer:
        """Asks about the tasks of a plan in one call."""
        pieces: list[str] = []
        ended: Ended | None = None
        told: Sequence[Question] = questions

        def schema(extent: Extent) -> Schema:
            nonlocal told
            told = extent.of(questions)
            return prompt.schema(told)

        chat = chat_fitting(
            self._model,
            prompt.extents(len(questions)),
            lambda extent: prompt.messages(extent.of(questions), known, extent.value_length),
            schema,
        )
        try:
            async with aclosing(chat) as answer:
                async for piece in answer:
                    if isinstance(piece, Ended):
                        ended = piece
                    else:
                        pieces.append(piece)
        except OrchestrionError as error:
            # A run does not die of a choice that rank can make as well.
            _log.warning("the language model chose nothing: %s", error.message)
            return Answer(Usage(llm_call_count=1), problem=f"the language model did not answer ({error.reason})")
        usage = ended.usage if ended else Usage(llm_call_count=1)
        if ended and ended.is_refusal:
            return Answer(usage, problem="the language model declined to choose")
        asked = [question.demand.task.id for question in told]
        choices = reply.read("".join(pieces), asked)
        if choices is None:
            return Answer(usage, problem="the language model's reply holds no choice")
        return Answer(usage, choices, frozenset(asked))
