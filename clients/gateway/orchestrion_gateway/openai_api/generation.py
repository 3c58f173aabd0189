"""What a model says, piece by piece, whoever it is; chat completions and responses write it in their own forms."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, TypeAlias

FinishReason: TypeAlias = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class GenerationUsage:
    """Tokens of a language model, as far as it counts them."""

    prompt: int
    """Tokens that it read."""
    completion: int
    """Tokens that it wrote."""
    cached: int = 0
    """How many of those read came from a cache."""


@dataclass(frozen=True, slots=True)
class Began:
    """The run that writes has begun; always first."""

    run: str
    """The run, `runs/{run}`."""


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of what goes on before and beside the answer."""

    text: str
    """The piece."""


@dataclass(frozen=True, slots=True)
class AnswerPiece:
    """A piece of the answer."""

    text: str
    """The piece."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The answer is whole, or breaks off; always last."""

    finish_reason: FinishReason = "stop"
    """`length` where it breaks off, since no more tokens were allowed."""
    usage: GenerationUsage | None = None
    """The tokens; None where nobody counted them."""
    omitted_turn_count: int = 0
    """How many of the earlier turns the model had no room for."""


GeneratedPiece: TypeAlias = Began | Thought | AnswerPiece | Ending

Generation: TypeAlias = AsyncGenerator[GeneratedPiece, None]


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """A generation from its beginning to its end."""

    run: str
    """The run, `runs/{run}`."""
    thoughts: str
    """What went on."""
    text: str
    """The answer."""
    ending: Ending
    """How it ended."""


async def whole(generation: Generation) -> WholeAnswer:
    """Reads a generation to its end.

    Raises:
        OrchestrionError: It failed.
    """
    run, ending = "", Ending()
    thoughts: list[str] = []
    words: list[str] = []
    async for piece in generation:
        match piece:
            case Began(run):
                pass
            case Thought(text):
                thoughts.append(text)
            case AnswerPiece(text):
                words.append(text)
            case Ending():
                ending = piece
    return WholeAnswer(run, "".join(thoughts), "".join(words), ending)
