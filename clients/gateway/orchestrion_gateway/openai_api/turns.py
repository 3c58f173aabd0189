"""The turns of a conversation, whichever call brings them: who says what, and with which files."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from orchestrion import AsyncClient, Message, OrchestrionError, Reason, Role
from orchestrion_gateway.openai_api import artifact_links, file_ids

_DATA_URL: Final = re.compile(r"data:([^;,]*)((?:;[^;,]*)*?)(;base64)?,", re.IGNORECASE)
_ROLES: Final = {
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
}
_MOST_TURNS: Final = 2_000


@dataclass(frozen=True, slots=True)
class InlineFile:
    """A file that came with the text."""

    content: bytes
    """What is in it."""
    media_type: str | None
    """Its media type; None where nobody says."""
    file_name: str
    """Its name."""


TurnFile: TypeAlias = InlineFile | str
"""A file of a turn; as a text, the name of an artifact."""


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


def wrong(path: str, problem: str) -> OrchestrionError:
    """Makes the error of a place in a request."""
    return Reason.INVALID_FIELD.error(f"{path}: {problem}.", field=path)


def _turn(message: Any, path: str) -> Turn:
    if not isinstance(message, dict):
        raise wrong(path, "it must be an object with `role` and `content`")
    role = _ROLES.get(message.get("role", ""))
    if role is None:
        raise wrong(f"{path}.role", f"{message.get('role')!r} is none of {', '.join(_ROLES)}; no tools are called here")
    for name in ("tool_calls", "function_call", "audio", "name"):
        if message.get(name):
            raise wrong(f"{path}.{name}", "it cannot be honoured here")
    text, files = _content(message.get("content"), f"{path}.content")
    if role is Role.ASSISTANT:
        text = text or str(message.get("refusal") or "")
    elif not text.strip() and not files:
        raise wrong(f"{path}.content", "it is empty")
    return Turn(role, text, files, path)


def _content(content: Any, path: str) -> tuple[str, tuple[TurnFile, ...]]:
    if content is None or isinstance(content, str):
        return content or "", ()
    if not isinstance(content, list):
        raise wrong(path, "it must be a text or a list of parts")
    texts: list[str] = []
    files: list[TurnFile] = []
    for place, part in enumerate(content):
        read_part = _part(part, f"{path}[{place}]", len(files) + 1)
        if isinstance(read_part, tuple):
            texts.append(read_part[0])
        else:
            files.append(read_part)
    return "\n\n".join(texts), tuple(files)


def _part(part: Any, path: str, number: int) -> tuple[str] | TurnFile:
    """Reads one part: a text, as a tuple of one, or a file."""
    if not isinstance(part, dict):
        raise wrong(path, "it must be an object with `type`")
    match part.get("type"):
        case "text" | "input_text" | "output_text":
            return (_text(part.get("text"), f"{path}.text"),)
        case "refusal":
            return (_text(part.get("refusal"), f"{path}.refusal"),)
        case "image_url":
            image = part.get("image_url")
            url = image.get("url") if isinstance(image, dict) else image
            return _of_url(url, f"{path}.image_url.url", f"image-{number}")
        case "input_image" if part.get("file_id"):
            return file_ids.artifact_of(part["file_id"], f"{path}.file_id")
        case "input_image":
            return _of_url(part.get("image_url"), f"{path}.image_url", f"image-{number}")
        case "input_audio":
            audio = part.get("input_audio")
            audio = audio if isinstance(audio, dict) else {}
            kind = _text(audio.get("format"), f"{path}.input_audio.format").casefold()
            content = _decoded(audio.get("data"), f"{path}.input_audio.data")
            return InlineFile(content, mimetypes.guess_type(f"_.{kind}")[0], f"audio-{number}.{kind}")
        case "file":
            file = part.get("file")
            return _file(file if isinstance(file, dict) else {}, f"{path}.file", number)
        case "input_file":
            return _file(part, path, number)
        case kind:
            raise wrong(f"{path}.type", f"{kind!r} is no kind of part that is used here")


def _file(file: dict[str, Any], path: str, number: int) -> TurnFile:
    if file.get("file_id"):
        return file_ids.artifact_of(file["file_id"], f"{path}.file_id")
    if file.get("file_url"):
        return _of_url(file["file_url"], f"{path}.file_url", f"file-{number}")
    data = _text(file.get("file_data"), f"{path}.file_data")
    name = file.get("filename")
    if name is not None and not isinstance(name, str):
        raise wrong(f"{path}.filename", "it must be a text")
    if data[:5].casefold() == "data:":
        inline = _of_url(data, f"{path}.file_data", name or f"file-{number}")
        return (
            InlineFile(inline.content, inline.media_type, name) if name and isinstance(inline, InlineFile) else inline
        )
    guessed = mimetypes.guess_type(name or "")[0]
    return InlineFile(_decoded(data, f"{path}.file_data"), guessed, name or f"file-{number}")


def _of_url(url: Any, path: str, name: str) -> TurnFile:
    """Reads a file that an address has in itself, or that is an artifact; nothing is fetched."""
    address = _text(url, path)
    match = _DATA_URL.match(address)
    if match is None:
        artifact = artifact_links.named_by(address)
        if artifact is not None:
            return artifact
        raise wrong(
            path,
            "only data: URLs and addresses of artifacts here are taken, since nothing is fetched for a request; send "
            "the file itself, or upload it with /v1/files",
        )
    media_type, encoded = match[1].strip().casefold(), address[match.end() :]
    if match[3] is None:
        raise wrong(path, "its data: URL must be in base64")
    extension = mimetypes.guess_extension(media_type) or ""
    return InlineFile(_decoded(encoded, path), media_type or None, f"{name}{extension}")


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise wrong(path, "it is required, as a text")
    return value


def _decoded(data: Any, path: str) -> bytes:
    try:
        content = base64.b64decode(_text(data, path), validate=True)
    except (binascii.Error, ValueError) as error:
        raise wrong(path, "it is no base64") from error
    if not content:
        raise wrong(path, "it is empty")
    return content
