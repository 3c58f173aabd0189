"""The parts of a message's content: texts, and files that are in them, stored here already, or named by an address."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from orchestrion import OrchestrionError, Reason
from orchestrion_gateway.openai_api import artifact_links, file_ids

_DATA_URL: Final = re.compile(r"data:([^;,]*)((?:;[^;,]*)*?)(;base64)?,", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """A file that came with the text."""

    content: bytes
    """What is in it."""
    media_type: str | None
    """Its media type; None where nobody says."""
    file_name: str
    """Its name."""


TurnFile: TypeAlias = EmbeddedFile | str
"""A file of a turn; as a text, the name of an artifact."""


def read_content(content: Any, path: str) -> tuple[str, tuple[TurnFile, ...]]:
    """Reads the content of a message: its text, and its files in their order.

    Args:
        content: A text, a list of parts, or nothing.
        path: Where the request has it, such as `messages[0].content`.

    Raises:
        InvalidArgumentError: A part is none that can be used here.
        NotFoundError: It names a file by an id that is none.
    """
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


def wrong(path: str, problem: str) -> OrchestrionError:
    """Makes the error of a place in a request."""
    return Reason.INVALID_FIELD.error(f"{path}: {problem}.", field=path)


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
            return EmbeddedFile(content, mimetypes.guess_type(f"_.{kind}")[0], f"audio-{number}.{kind}")
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
            EmbeddedFile(inline.content, inline.media_type, name)
            if name and isinstance(inline, EmbeddedFile)
            else inline
        )
    guessed = mimetypes.guess_type(name or "")[0]
    return EmbeddedFile(_decoded(data, f"{path}.file_data"), guessed, name or f"file-{number}")


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
    return EmbeddedFile(_decoded(encoded, path), media_type or None, f"{name}{extension}")


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
