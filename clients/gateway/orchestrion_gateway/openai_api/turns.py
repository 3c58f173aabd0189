"""The turns of a conversation, whichever call brings them: who says what, and with which files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrion import AsyncClient, Message, Role
from orchestrion_gateway.openai_api import artifact_links
from orchestrion_gateway.openai_api.content_parts import TurnFile, read_content, wrong

_ROLES: Final = {
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
}
_MOST_TURNS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn."""

    role: Role
    """Who speaks."""
    text: str
    """What is said."""
    files: tuple[TurnFile, ...] = ()
    """What comes with it, in order."""
    path: str = "messages"
    """Where the request has it, such as `messages[0]`."""


def read(messages: Any, path: str) -> tuple[Turn, ...]:
    """Reads turns as requests have them; the last one is the user's.

    Args:
        messages: The list of messages.
        path: What the request calls it.

    Raises:
        InvalidArgumentError: One is none, or has a part that cannot be used here.
    """
    if not isinstance(messages, list) or not messages:
        raise wrong(path, "a list of one message or more is required")
    if len(messages) > _MOST_TURNS:
        raise wrong(path, f"{len(messages):,} messages are more than the {_MOST_TURNS:,} that are taken")
    turns = tuple(_turn(message, f"{path}[{place}]") for place, message in enumerate(messages))
    if turns[-1].role is not Role.USER:
        raise wrong(f"{turns[-1].path}.role", "the last message must be the user's; none is gone on with")
    return turns


async def stored(client: AsyncClient, turns: Sequence[Turn]) -> tuple[Message, ...]:
    """Stores the files of turns, and returns them as messages that name them.

    Raises:
        OrchestrionError: A file cannot be stored.
    """
    messages: list[Message] = []
    for turn in turns:
        # What an answer of the platform links to is at hand again.
        text, linked = artifact_links.split(turn.text) if turn.role is Role.ASSISTANT else (turn.text, ())
        names = list(linked)
        for file in turn.files:
            if isinstance(file, str):
                names.append(file)
            else:
                artifact = await client.artifacts.upload(
                    file.content, media_type=file.media_type, file_name=file.file_name
                )
                names.append(artifact.name)
        messages.append(Message(text, turn.role, tuple(names)))
    return tuple(messages)


def _turn(message: Any, path: str) -> Turn:
    if not isinstance(message, dict):
        raise wrong(path, "it must be an object with `role` and `content`")
    role = _ROLES.get(message.get("role", ""))
    if role is None:
        raise wrong(f"{path}.role", f"{message.get('role')!r} is none of {', '.join(_ROLES)}; no tools are called here")
    for name in ("tool_calls", "function_call", "audio", "name"):
        if message.get(name):
            raise wrong(f"{path}.{name}", "it cannot be honoured here")
    text, files = read_content(message.get("content"), f"{path}.content")
    if role is Role.ASSISTANT:
        text = text or str(message.get("refusal") or "")
    elif not text.strip() and not files:
        raise wrong(f"{path}.content", "it is empty")
    return Turn(role, text, files, path)
