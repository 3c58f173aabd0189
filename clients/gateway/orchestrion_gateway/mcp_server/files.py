"""Files that a call names: artifacts, content in data: URIs, and local files where the caller may name them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from orchestrion import ArtifactRef, AsyncClient, Reason
from orchestrion import names as resource_names
from orchestrion_gateway.mcp_server.arguments import RESOURCE
from orchestrion_gateway.mcp_server.folders import path_of
from orchestrion_gateway.mcp_server.tool_schemas import FILE_FORMS, LOCAL_FILE_FORMS

_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class InlineFile:
    """A file whose content is in a data: URI."""

    content: bytes
    """The content."""
    media_type: str
    """The media type; empty where the URI has none."""


NamedFile = ArtifactRef | InlineFile | Path
"""An artifact, content, or an absolute local path that has not been looked at."""


def named(texts: Iterable[str], *, local_files: bool) -> dict[str, NamedFile]:
    """Returns what texts name, by the texts.

    Args:
        texts: What stands for files in a call.
        local_files: Whether they may be paths.

    Raises:
        InvalidArgumentError: One names no file.
    """
    return {text: _named(text, local_files=local_files) for text in texts}


async def stored(client: AsyncClient, files: Mapping[str, NamedFile]) -> dict[str, ArtifactRef]:
    """Stores what is not an artifact yet, and returns the artifacts, by what stands for them.

    Args:
        client: The client of the controller.
        files: The files; local ones may be read, and are resolved.

    Raises:
        OrchestrionError: The controller does not take one.
        OSError: A file cannot be read.
    """
    artifacts = {}
    for text, file in files.items():
        if isinstance(file, ArtifactRef):
            artifacts[text] = file
        elif isinstance(file, InlineFile):
            uploaded = await client.artifacts.upload(file.content, media_type=file.media_type or None)
            artifacts[text] = ArtifactRef(uploaded.name)
        else:
            artifacts[text] = ArtifactRef((await client.artifacts.upload(file)).name)
    return artifacts


def _named(text: str, *, local_files: bool) -> NamedFile:
    if match := RESOURCE.fullmatch(text):
        return ArtifactRef(match.group(1))
    if resource_names.is_artifact(text):
        return ArtifactRef(text)
    if text[:5].lower() == "data:":
        return _inline(text[5:])
    path = path_of(text) if local_files else None
    if path is not None:
        return path
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"
    forms = LOCAL_FILE_FORMS if local_files else FILE_FORMS
    cure = " Links are not fetched here." if text.lower().startswith(("http://", "https://")) else ""
    raise Reason.INVALID_FIELD.error(f"{shown!r} is no file: give {forms}.{cure}", field="files")


def _inline(rest: str) -> InlineFile:
    head, comma, body = rest.partition(",")
    if not comma:
        raise Reason.INVALID_FIELD.error(
            "A data: URI lacks its comma, after which the content stands: data:image/png;base64,…", field="files"
        )
    media_type, *parameters = (part.strip() for part in head.split(";"))
    if "base64" not in (parameter.lower() for parameter in parameters):
        return InlineFile(unquote_to_bytes(body), media_type.lower())
    try:
        # Spaces and line ends come from whoever wrapped it; other signs are faults.
        return InlineFile(base64.b64decode("".join(body.split()), validate=True), media_type.lower())
    except binascii.Error as error:
        raise Reason.INVALID_FIELD.error(f"The content of a data: URI is no base64: {error}.", field="files") from error
