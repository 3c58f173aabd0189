"""What a planner does not do of a request, and what it asks instead of guessing.

Fields are those of the messages of the same names. `PlanFinished` has them, `RunSnapshot` has them from it, and so has
the exception of a run that ended for them:

    try:
        answer = client.ask("How many people in this picture wear glasses?", ["group.jpg"])
    except orchestrion.FailedPreconditionError as error:
        for part in error.not_done:
            print(part.words, part.reason, part.nearest_request, part.command)
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotDone:
    """A part of a request that its plan does not do, and what can be done about that."""

    words: str = ""
    """The words of the request, as they stand there; empty when no single ones are at fault."""
    reason: str = ""
    """Why, in one short sentence in the language of the request, such as "Nothing here does that."."""
    nearest_request: str = ""
    """The nearest request that can be done, ready to be sent with the same attachments; empty for none."""
    command: str = ""
    """The command that brings what is missing, such as `orchestrion models pull blip-vqa-base`; empty when none does.
    """
    download_bytes: int = 0
    """What that command downloads, in bytes; 0 when it downloads nothing or that is not known."""


@dataclass(frozen=True, slots=True)
class QuestionChoice:
    """One answer to a question."""

    text: str
    """The answer in a few words, in the language of the request, such as "harbour.jpg"."""
    request: str
    """The request to send for it, with the same attachments."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the planner asks instead of guessing."""

    text: str
    """The question, in the language of the request, such as "Which picture is meant?"."""
    choices: tuple[QuestionChoice, ...] = ()
    """What can be chosen, the likeliest first; at least two."""
