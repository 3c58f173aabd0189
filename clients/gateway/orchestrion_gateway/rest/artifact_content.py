"""The content of an artifact over HTTP: whole or in parts, under its name, and unable to do anything here."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from fastapi import Request
from fastapi.responses import Response

from orchestrion import Artifact, AsyncClient, Reason
from orchestrion_gateway import ranges
from orchestrion_gateway.errors import response_of
from orchestrion_gateway.file_names import disposition
from orchestrion_gateway.streaming import LiveResponse

_MEDIA_TYPE: Final = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(;[ -~]*)?", re.ASCII)
_POLICY: Final = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'"
"""A page or a drawing among artifacts is of strangers: shown at all, it is of no origin and runs nothing."""


def response(client: AsyncClient, artifact: Artifact, request: Request, *, save: bool) -> Response:
    """Makes the response.

    Args:
        client: The client of the controller.
        artifact: The artifact.
        request: The call, with `Range`, `If-Range` and `If-None-Match`.
        save: Whether browsers are to save it whatever it is.
    """
    tag = f'"{artifact.name.removeprefix("artifacts/")}"'
    media_type = artifact.media_type if _MEDIA_TYPE.fullmatch(artifact.media_type) else "application/octet-stream"
    headers = {
        "Accept-Ranges": "bytes",
        # The content under a name never changes, but may be deleted: browsers keep it, and ask before they use it.
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(artifact.file_name, media_type, save=save),
        "Content-Security-Policy": _POLICY,
        "ETag": tag,
        "X-Content-Type-Options": "nosniff",
    }
    if _names(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    condition = request.headers.get("if-range")
    wanted = request.headers.get("range") if condition is None or condition == tag else None
    try:
        part = ranges.parse(wanted, artifact.size_bytes) if request.method == "GET" else None
    except ranges.Unsatisfiable:
        error = Reason.OFFSET_OUT_OF_RANGE.error(f"The artifact has {artifact.size_bytes} bytes.", field="Range")
        refused = response_of(error, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        refused.headers["Content-Range"] = f"bytes */{artifact.size_bytes}"
        return refused
    if part is not None:
        headers["Content-Range"] = part.content_range(artifact.size_bytes)
    size = artifact.size_bytes if part is None else part.size_bytes
    # Set here, since a response would add a character set to texts, whose encoding nobody knows.
    headers |= {"Content-Length": str(size), "Content-Type": media_type}
    if request.method == "HEAD":
        return Response(headers=headers)
    chunks = client.artifacts.stream(artifact, 0 if part is None else part.first, None if part is None else size)
    return LiveResponse(chunks, 200 if part is None else 206, headers)


def _names(header: str | None, tag: str) -> bool:
    """Whether `If-None-Match` names a tag, or any."""
    if header is None:
        return False
    tags = {part.strip().removeprefix("W/") for part in header.split(",")}
    return tag in tags or "*" in tags
