"""Artifacts: uploaded, described, listed, deleted; `artifact_content` sends what is in them."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from orchestrion import Artifact, Reason
from orchestrion_gateway.bodies import bounded_form, kept, media_type_of
from orchestrion_gateway.encoding import listing, response_of
from orchestrion_gateway.file_names import sent_name
from orchestrion_gateway.rest import artifact_content
from orchestrion_gateway.rest.shared import Gateway, PageSize, PageToken, Shared
from orchestrion_gateway.schemas import gives

router: Final = APIRouter(tags=["artifacts"])

Sha256 = Annotated[str, Path(description="The name of the artifact without `artifacts/`.")]

_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            },
        },
    }
}
_FORM: Final = "multipart/form-data"
_UNTYPED: Final = frozenset({"", "application/octet-stream", "application/x-www-form-urlencoded"})
"""What programs say of a body that they know nothing of; the controller then looks at the content."""
_MOST_FILES: Final = 100


@router.post("/artifacts", status_code=201, openapi_extra=_BODY, responses=gives("Artifact", 201, "It is stored."))
async def upload(
    request: Request,
    gateway: Gateway,
    file_name: Annotated[
        str, Query(description="The name of the file; or the header `Content-Disposition` has it.")
    ] = "",
) -> Response:
    """Store a file: the body is its content; or the files of a form, which are answered with `artifacts`, a list."""
    if media_type_of(request) == _FORM:
        return await _upload_form(request, gateway)
    media_type = media_type_of(request)
    async with kept(request, gateway.config.max_upload_bytes) as file:
        stored = await gateway.client.artifacts.upload(
            file,
            media_type=None if media_type in _UNTYPED else media_type,
            file_name=file_name or sent_name(request.headers.get("content-disposition", "")),
        )
    return response_of(stored, 201, {"Location": f"/api/v1/{stored.name}"})


@router.get("/artifacts", responses=gives("ListArtifactsResponse", description="The artifacts, newest first."))
async def page(gateway: Gateway, page_size: PageSize = 100, page_token: PageToken = "") -> Response:
    """List artifacts, newest first."""
    artifacts = await gateway.client.artifacts.list(page_size, page_token)
    return listing(artifacts.next_page_token, artifacts=artifacts.items)


@router.get("/artifacts/{sha256}", responses=gives("Artifact", description="What it is."))
async def get(sha256: Sha256, gateway: Gateway) -> Response:
    """Get the description of an artifact."""
    return response_of(await gateway.client.artifacts.get(f"artifacts/{sha256}"))


@router.delete("/artifacts/{sha256}", status_code=204)
async def delete(sha256: Sha256, gateway: Gateway) -> Response:
    """Delete an artifact."""
    await gateway.client.artifacts.delete(f"artifacts/{sha256}")
    return Response(status_code=204)


@router.get(
    "/artifacts/{sha256}/content",
    responses={
        200: {"description": "The content.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
        206: {"description": "The part that `Range` asks for."},
        304: {"description": "The caller has it already, by `If-None-Match`."},
        416: {"description": "It does not go as far as `Range` asks."},
    },
)
@router.head("/artifacts/{sha256}/content", include_in_schema=False)
async def content(
    sha256: Sha256,
    request: Request,
    gateway: Gateway,
    download: Annotated[bool, Query(description="Whether it is to be saved, not shown.")] = False,
) -> Response:
    """Send the content of an artifact, or a part of it, under its real name."""
    artifact = await gateway.client.artifacts.get(f"artifacts/{sha256}")
    return artifact_content.response(gateway.client, artifact, request, save=download)


async def _upload_form(request: Request, gateway: Shared) -> Response:
    stored: list[Artifact] = []
    form_request = bounded_form(request, gateway.config.max_upload_bytes)
    async with form_request.form(max_files=_MOST_FILES, max_fields=_MOST_FILES) as form:
        for field, part in form.multi_items():
            if not isinstance(part, UploadFile):
                raise Reason.INVALID_FIELD.error(f"{field}: it is no file; a form here has files alone.", field=field)
            plain = (part.content_type or "").partition(";")[0].strip().casefold()
            stored.append(
                await gateway.client.artifacts.upload(
                    part.file, media_type=None if plain in _UNTYPED else plain, file_name=part.filename or ""
                )
            )
    if not stored:
        raise Reason.INVALID_FIELD.error("The form has no file.", field="file")
    response = listing(artifacts=stored)
    response.status_code = 201
    return response
