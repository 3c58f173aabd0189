"""Asks a language model for its choices. A failure raises nothing: the outcome describes it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from orchestrion.errors import OrchestrionError
from orchestrion_controller.dispatch import SelectionContext
from orchestrion_controller.language_model import ChatModel, Ended, Schema, chat_fitting
from orchestrion_controller.selector.llm import prompt, reply
from orchestrion_controller.selector.llm.prompt import ChoicePromptExtent, ChoiceQuestion
from orchestrion_controller.selector.llm.reply import ExpertChoice
from orchestrion_controller.stages import Usage

_log = logging.getLogger(__name__)

MOST_TASKS: Final = 100
"""How many tasks of a plan are asked about; endpoints take no larger schemas, and rank chooses for the rest."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a language model chose for the tasks of a plan."""

    usage: Usage
    """Tokens and time that it took."""
    by_task: Mapping[str, ExpertChoice] = field(default_factory=dict)
    """The choices, by task id."""
    task_ids: frozenset[str] = frozenset()
    """The tasks of the prompt: all, or as many as its context has room for."""
    problem: str = ""
    """What was wrong with the answer as a whole, as the end of a sentence; empty where nothing was."""


class LLMChooser:
    """Chooses by a language model."""

    name: Final = "llm"

    def __init__(self, model: ChatModel) -> None:
        """Keeps the language model."""
        self._model = model

    async def choose(self, questions: Sequence[ChoiceQuestion], context: SelectionContext) -> Choices:
        """Asks about the tasks of a plan in one call."""
        pieces: list[str] = []
        ended: Ended | None = None
        shown: Sequence[ChoiceQuestion] = questions

        def schema(extent: ChoicePromptExtent) -> Schema:
            nonlocal shown
            shown = extent.of(questions)
            return prompt.schema(shown)

        chat = chat_fitting(
            self._model,
            prompt.extents(len(questions)),
            lambda extent: prompt.messages(extent.of(questions), context, extent.value_length),
            schema,
        )
        try:
            async with aclosing(chat) as pieces_of_reply:
                async for piece in pieces_of_reply:
                    if isinstance(piece, Ended):
                        ended = piece
                    else:
                        pieces.append(piece)
        except OrchestrionError as error:
            # Rank can choose as well, so a failed call does not fail the run.
            _log.warning("the language model chose nothing: %s", error.reason)
            return Choices(Usage(llm_call_count=1), problem=f"the language model did not answer ({error.reason})")
        usage = ended.usage if ended else Usage(llm_call_count=1)
        if ended and ended.is_refusal:
            return Choices(usage, problem="the language model declined to choose")
        task_ids = [question.requirements.task.id for question in shown]
        choices = reply.read("".join(pieces), task_ids)
        if choices is None:
            return Choices(usage, problem="the language model's reply holds no choice")
        return Choices(usage, choices, frozenset(task_ids))
