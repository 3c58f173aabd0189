"""A conversation as HuggingGPT's clients keep it, turned into the platform's.

The clients keep no names of runs, and send all turns each time. A path in an answer names the run that gave it, so that
the next turn goes on from that run, with its results and files, and not from its words alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion import Artifact, Message, NotFoundError, Role
from orchestrion_gateway.hugginggpt import paths
from orchestrion_gateway.hugginggpt.bodies import ChatTurn
from orchestrion_gateway.hugginggpt.mentioned_files import Caller, FileReader, TurnPiece

_ROLES: Final = {"user": Role.USER, "assistant": Role.ASSISTANT, "system": Role.SYSTEM}


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the platform is asked."""

    messages: tuple[Message, ...]
    """The turns since the run that is continued, or all of them; files are attached, and called by their names."""
    previous_run: str
    """The run that is continued, `runs/{run}`; empty for none."""
    files: tuple[Artifact, ...]
    """The files that were mentioned, also before that run, each once."""


async def read(turns: Sequence[ChatTurn], caller: Caller) -> Conversation:
    """Reads a conversation.

    What the last turn mentions must be there. Earlier turns are what was said: files of theirs are attached, as many of
    the latest as may be, and one that is gone is words.

    Raises:
        NotFoundError: The last turn has a path of a file that is not there.
        InvalidArgumentError: A `data:` URL of it cannot be read, or it mentions too many files.
        PermissionDeniedError: It has a link, and its site is none of those whose links are fetched.
        OrchestrionError: A file cannot be stored, or a link cannot be fetched.
    """
    start, previous_run = await _continued(turns, caller)
    reader = FileReader(caller)
    last = len(turns) - 1
    pieces: dict[int, list[TurnPiece]] = {}
    for index in range(last, -1, -1):
        read_turn = await reader.read(turns[index].content, f"messages.{index}.content", required=index == last)
        if index >= start or turns[index].role == "system":
            pieces[index] = read_turn
    counts = Counter(file.file_name.casefold() for file in reader.files)
    messages: list[Message] = []
    attached: set[str] = set()
    for index in sorted(pieces, reverse=True):
        # Each file once, where it was mentioned last.
        mentioned = dict.fromkeys(piece.file.name for piece in pieces[index] if piece.file is not None)
        artifacts = tuple(name for name in mentioned if name not in attached)
        attached.update(artifacts)
        words = "".join(_words(piece, counts) for piece in pieces[index])
        messages.append(Message(words, _ROLES[turns[index].role], artifacts))
    return Conversation(tuple(reversed(messages)), previous_run, reader.files)


async def _continued(turns: Sequence[ChatTurn], caller: Caller) -> tuple[int, str]:
    """Finds the last answer that names its run, and returns the number of the turn after it, and the run."""
    for index in range(len(turns) - 2, -1, -1):
        named = [path.run for path in paths.mentions(turns[index].content, caller.host) if path.run]
        if turns[index].role == "assistant" and named:
            try:
                return index + 1, (await caller.client.runs.get(named[-1])).name
            except NotFoundError:
                return 0, ""  # It was deleted: what was said is still there.
    return 0, ""


def _words(piece: TurnPiece, counts: Counter[str]) -> str:
    """Returns the words of a piece: the name of a file where that says which one is meant."""
    name = piece.file.file_name if piece.file is not None and not piece.is_link else ""
    return name if name and counts[name.casefold()] == 1 else piece.words
