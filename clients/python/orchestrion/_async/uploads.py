"""Content on its way to the controller, by itself or attached to a request."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrion._async.channel import run_blocking
from orchestrion._async.connection import AsyncConnection
from orchestrion._content.byte_sources import check_files, open_source, stored_name
from orchestrion._net import transfers
from orchestrion._rpcs import artifacts as rpcs
from orchestrion.content import Attachment, Content
from orchestrion.runs import Artifact


async def upload(
    connection: AsyncConnection,
    source: Content,
    field: str,
    *,
    media_type: str | None = None,
    file_name: str | None = None,
    timeout: float | None = None,
) -> Artifact:
    """Stores content; `field` is what the argument is called, for errors, and the rest as for `artifacts.upload`."""
    # Opening a file waits for the disk, and an image takes its time to become PNG.
    content = await run_blocking(open_source, source, field)
    rpc = rpcs.upload(
        content.media_type if media_type is None else media_type,
        content.file_name if file_name is None else file_name,
        content.size_bytes,
    )
    with transfers.Upload(content) as sent:
        return sent.check(await connection.send(rpc, sent, timeout))


async def artifact_names(connection: AsyncConnection, files: Iterable[Attachment]) -> tuple[str, ...]:
    """Uploads what is not an artifact yet, and names all."""
    names = []
    for index, file in enumerate(check_files(files)):
        name = stored_name(file)
        if name is None:
            name = (await upload(connection, file, f"files[{index}]")).name  # type: ignore[arg-type]  # Not stored, so content.
        names.append(name)
    return tuple(names)
