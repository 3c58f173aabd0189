"""`/v1/files`: artifacts, as files that messages can name."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from orchestrion import Artifact, AsyncClient
from orchestrion_gateway.file_names import disposition
from orchestrion_gateway.openai_api import parameters
from orchestrion_gateway.openai_api.file_ids import artifact_of, file_id_of
from orchestrion_gateway.openai_api.forms import sent_form, stored
from orchestrion_gateway.openai_api.parameters import Parameters, unsupported
from orchestrion_gateway.openai_api.shared_state import State
from orchestrion_gateway.streaming import LiveResponse

router: Final = APIRouter()

_PAGE: Final = 1_000
_PURPOSE: Final = "user_data"


class FileParameters(Parameters):
    """What is used of a call of `/v1/files`."""

    UNCHANGING: ClassVar[Mapping[str, tuple[object, ...]]] = {"expires_after": ()}

    # Others are for work that nothing here does: batches, training, evaluations.
    purpose: Literal["user_data", "vision", "assistants"]


@router.post("/files")
async def upload(request: Request, state: State) -> Response:
    """Stores a file."""
    async with sent_form(request, state.config) as form:
        wanted = parameters.of_fields(form.fields, FileParameters)
        form.check_files("file")
        artifact = await stored(state.client, form.one_file("file"))
    return JSONResponse(_described(artifact, wanted.purpose))


@router.get("/files")
async def page(
    state: State,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
    after: str | None = None,
    order: str = "desc",
    purpose: str | None = None,
) -> Response:
    """Lists files, newest first."""
    if order != "desc":
        raise unsupported("order", "order: files are listed newest first, desc, alone.")
    if purpose is not None:
        raise unsupported("purpose", "purpose: it is not kept with a file, so none can be looked for.")
    start = None if after is None else artifact_of(after, "after")
    files: list[dict[str, Any]] = []
    has_more = False
    async for artifact in _following(state.client, start):
        if len(files) == limit:
            has_more = True
            break
        files.append(_described(artifact))
    ends = {"first_id": files[0]["id"], "last_id": files[-1]["id"]} if files else {"first_id": None, "last_id": None}
    return JSONResponse({"object": "list", "data": files, "has_more": has_more, **ends})


@router.get("/files/{file_id}")
async def get(file_id: str, state: State) -> Response:
    """Describes a file."""
    return JSONResponse(_described(await state.client.artifacts.get(artifact_of(file_id, "file_id"))))


@router.get("/files/{file_id}/content")
async def content(file_id: str, state: State) -> Response:
    """Sends what is in a file."""
    artifact = await state.client.artifacts.get(artifact_of(file_id, "file_id"))
    # Of no type that a browser shows: pages among files are of strangers.
    media_type = "application/octet-stream"
    headers = {
        "Content-Length": str(artifact.size_bytes),
        "Content-Disposition": disposition(artifact.file_name, media_type, save=True),
    }
    return LiveResponse(state.client.artifacts.stream(artifact), 200, headers, media_type)


@router.delete("/files/{file_id}")
async def delete(file_id: str, state: State) -> Response:
    """Deletes a file."""
    await state.client.artifacts.delete(artifact_of(file_id, "file_id"))
    return JSONResponse({"id": file_id, "object": "file", "deleted": True})


async def _following(client: AsyncClient, after: str | None) -> AsyncGenerator[Artifact, None]:
    """Yields the artifacts, newest first; those after one, where it is named."""
    token, passed = "", after is None
    while True:
        artifacts = await client.artifacts.list(_PAGE, token)
        for artifact in artifacts.items:
            if passed:
                yield artifact
            passed = passed or artifact.name == after
        token = artifacts.next_page_token
        if not token:
            return


def _described(artifact: Artifact, purpose: str = _PURPOSE) -> dict[str, Any]:
    return {
        "id": file_id_of(artifact.name),
        "object": "file",
        "bytes": artifact.size_bytes,
        "created_at": 0 if artifact.create_time is None else int(artifact.create_time.timestamp()),
        "filename": artifact.file_name,
        "purpose": purpose,
        "status": "processed",
    }
