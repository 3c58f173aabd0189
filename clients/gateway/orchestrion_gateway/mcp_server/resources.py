"""Artifacts as resources: listed, and read."""

from __future__ import annotations

import base64
from typing import Final

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    Annotations,
    BlobResourceContents,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from orchestrion import Artifact, AsyncClient, InvalidArgumentError, NotFoundError, OrchestrionError, Reason
from orchestrion_gateway.errors import described
from orchestrion_gateway.mcp_server.arguments import RESOURCE

_SCHEME: Final = "orchestrion://"
_PAGE: Final = 100
_LARGEST_BYTES: Final = 8 << 20
"""How large a resource may be that is read over the protocol, which has all of it in one message, in bytes."""
_TEXTS: Final = frozenset({"application/json", "application/yaml", "application/xml", "application/x-yaml"})

TEMPLATES: Final = ListResourceTemplatesResult(
    resource_templates=[
        ResourceTemplate(
            uri_template=f"{_SCHEME}artifacts/{{sha256}}",
            name="artifact",
            description="A file of the platform, by the SHA-256 of its content.",
        )
    ]
)
"""The form of the URIs."""


def uri_of(artifact: Artifact) -> str:
    """Returns the URI of an artifact."""
    return f"{_SCHEME}{artifact.name}"


def display_name(artifact: Artifact) -> str:
    """Returns the file name of an artifact; the beginning of its hash where it has none."""
    return artifact.file_name or artifact.name.removeprefix("artifacts/")[:12]


async def page(client: AsyncClient, cursor: str | None) -> ListResourcesResult:
    """Returns a page of the artifacts, newest first.

    Raises:
        MCPError: The cursor is none, or the controller does not answer.
    """
    try:
        artifacts = await client.artifacts.list(_PAGE, cursor or "")
    except OrchestrionError as error:
        raise protocol_error(error) from error
    return ListResourcesResult(
        resources=[_resource(artifact) for artifact in artifacts.items], next_cursor=artifacts.next_page_token or None
    )


async def read(client: AsyncClient, uri: str) -> ReadResourceResult:
    """Returns the content of an artifact: as text where it is one, else in base64.

    Raises:
        MCPError: The URI is none of a resource, there is no such artifact, or it is too large.
    """
    match = RESOURCE.fullmatch(uri)
    try:
        if match is None:
            raise Reason.ARTIFACT_NOT_FOUND.error(
                f"{uri[:200]!r} is no resource of this server; they are {_SCHEME}artifacts/ and 64 hexadecimal digits."
            )
        artifact = await client.artifacts.get(match.group(1))
        if artifact.size_bytes > _LARGEST_BYTES:
            raise Reason.ARTIFACT_TOO_LARGE.error(
                f"{display_name(artifact)} has {artifact.size_bytes} bytes; the protocol brings {_LARGEST_BYTES} at "
                f"most. The gateway (orchestrion gateway) has it at /api/v1/{artifact.name}/content."
            )
        content = await client.artifacts.read(artifact)
    except OrchestrionError as error:
        raise protocol_error(error) from error
    text = _text(content, artifact.media_type)
    if text is not None:
        return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=artifact.media_type, text=text)])
    blob = base64.b64encode(content).decode("ascii")
    return ReadResourceResult(contents=[BlobResourceContents(uri=uri, mime_type=artifact.media_type, blob=blob)])


def protocol_error(error: OrchestrionError) -> MCPError:
    """Returns a failure as an error of the protocol, with the reason in its data."""
    code = INVALID_PARAMS if isinstance(error, InvalidArgumentError | NotFoundError) else INTERNAL_ERROR
    return MCPError(code=code, message=error.message, data=described(error)["error"])


def _resource(artifact: Artifact) -> Resource:
    made = artifact.create_time.isoformat() if artifact.create_time else None
    return Resource(
        uri=uri_of(artifact),
        name=display_name(artifact),
        mime_type=artifact.media_type or None,
        size=artifact.size_bytes,
        annotations=Annotations(last_modified=made) if made else None,
    )


def _text(content: bytes, media_type: str) -> str | None:
    plain = media_type.partition(";")[0].strip().casefold()
    if not (plain.startswith("text/") or plain in _TEXTS or plain.endswith(("+json", "+xml"))):
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None
