"""What the paths in answers lead to: artifacts, whole or in parts, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from orchestrion import Artifact, Reason
from orchestrion_gateway.hugginggpt import paths
from orchestrion_gateway.rest import artifact_content
from orchestrion_gateway.rest.shared import Gateway, Shared

router: Final = APIRouter(tags=["hugginggpt"])

_File = Annotated[str, Path(description="Such as `{sha256}.png`, or `{run}/{sha256}.png`.")]
_RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    200: {"description": "The content.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "The part that `Range` asks for."},
}


def _sender(folder: str) -> Callable[..., Awaitable[Response]]:
    async def content(file: _File, request: Request, gateway: Gateway) -> Response:
        """Send a file that an answer of `/hugginggpt`, `/tasks` or `/results` names, or a part of it."""
        artifact = await _artifact(folder, file, gateway)
        return artifact_content.response(gateway.client, artifact, request, save=False)

    return content


async def _artifact(folder: str, file: str, gateway: Shared) -> Artifact:
    name = paths.artifact_at(folder, file)
    artifact = await gateway.client.artifacts.get(name) if name else None
    if artifact is None or paths.folder_of(artifact) != folder:
        raise Reason.ARTIFACT_NOT_FOUND.error(f"There is no file /{folder}/{file[:200]} here.")
    return artifact


for _folder in (*paths.FOLDERS.values(), paths.DOCUMENTS):
    _path, _content = f"/{_folder}/{{file:path}}", _sender(_folder)
    router.add_api_route(_path, _content, methods=["GET"], responses=_RESPONSES, name=f"hugginggpt-{_folder}")
    router.add_api_route(_path, _content, methods=["HEAD"], include_in_schema=False)
