"""What tools return: structured content, and blocks that a model reads, sees and hears."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from mcp_types import AudioContent, CallToolResult, ContentBlock, ImageContent, ResourceLink, TextContent

from orchestrion import Answer, Artifact, ArtifactRef, AsyncClient, Json, OrchestrionError
from orchestrion.plans import TaskResult, TaskType
from orchestrion.values import Value, artifacts
from orchestrion_gateway.errors import described
from orchestrion_gateway.mcp_server.resources import display_name, uri_of

_INLINE_BYTES: Final = 1 << 20
"""How large a picture or a sound may be that goes into a result itself, in bytes."""
_INLINE_BYTES_IN_ALL: Final = 4 << 20
"""How large all of them together may be."""
_SEEN: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What language models see; others are linked to."""


async def task_result(client: AsyncClient, task_type: TaskType, result: TaskResult) -> CallToolResult:
    """Makes the result of a task that succeeded, its outputs in the order of its type.

    Raises:
        OrchestrionError: A file cannot be fetched.
    """
    outputs = {
        output.name: result.outputs[output.name] for output in task_type.outputs if output.name in result.outputs
    }
    names = dict.fromkeys(name for value in outputs.values() for name in artifacts(value))
    files = {name: await client.artifacts.get(name) for name in names}
    structured = {name: _plain(value, files) for name, value in outputs.items()}
    # As the protocol wants it for clients that read no structured content.
    text = TextContent(text=json.dumps(structured, ensure_ascii=False))
    return CallToolResult(content=[text, *await _blocks(client, files.values())], structured_content=structured)


async def answer_result(client: AsyncClient, answer: Answer) -> CallToolResult:
    """Makes the result of a request that was answered; errors as `task_result`."""
    files = [await client.artifacts.get(name) for name in dict.fromkeys(answer.artifacts)]
    structured = {
        "answer": answer.text,
        "run": answer.run,
        "files": [_file(file) for file in files],
        "failed_tasks": [_failure(answer, result) for result in answer.results if not result.succeeded],
    }
    run = TextContent(text=f"To go on with this conversation: previous_run = {answer.run}")
    blocks = [TextContent(text=answer.text), *await _blocks(client, files), run]
    return CallToolResult(content=blocks, structured_content=structured)


def error_result(error: OrchestrionError) -> CallToolResult:
    """Makes the result of a call that failed, in words that a model can act on; `_meta` has them as data."""
    lines = [error.message]
    for part in error.not_done:
        lines.append(f"Not done: {part.words!r}: {part.reason}" if part.words else f"Not done: {part.reason}")
        if part.nearest_request:
            lines.append(f"  What can be done instead: {part.nearest_request}")
        if part.command:
            lines.append(f"  What brings it: {part.command}")
    for question in error.questions:
        lines.append(question.text)
        lines += [f"  {choice.text}: request it as {choice.request!r}" for choice in question.choices]
    text = TextContent(text="\n".join(dict.fromkeys(lines)))
    return CallToolResult(content=[text], is_error=True, _meta=described(error))


async def _blocks(client: AsyncClient, files: Iterable[Artifact]) -> Sequence[ContentBlock]:
    """Makes what shows files: those that a model sees or hears while they are small, and a link to each."""
    blocks: list[ContentBlock] = []
    left = _INLINE_BYTES_IN_ALL
    for file in files:
        media_type = file.media_type.partition(";")[0].strip().casefold()
        seen, heard = media_type in _SEEN, media_type.startswith("audio/")
        if (seen or heard) and file.size_bytes <= min(left, _INLINE_BYTES):
            left -= file.size_bytes
            data = base64.b64encode(await client.artifacts.read(file)).decode("ascii")
            kind = ImageContent if seen else AudioContent
            blocks.append(kind(data=data, mime_type=media_type))
        blocks.append(
            ResourceLink(
                uri=uri_of(file), name=display_name(file), mime_type=file.media_type or None, size=file.size_bytes
            )
        )
    return blocks


def _plain(value: Value, files: Mapping[str, Artifact]) -> Any:
    if isinstance(value, ArtifactRef):
        return _file(files[value.name])
    if isinstance(value, Json):
        return value.data
    if isinstance(value, tuple):
        return [_plain(item, files) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _file(file: Artifact) -> dict[str, Any]:
    return {
        "uri": uri_of(file),
        "file_name": display_name(file),
        "media_type": file.media_type,
        "size_bytes": file.size_bytes,
    }


def _failure(answer: Answer, result: TaskResult) -> dict[str, str]:
    task = answer.plan.task(result.task_id)
    return {
        "task": result.task_id,
        "type": task.type if task else "",
        "reason": result.error.reason if result.error else "",
        "message": result.error.message if result.error else "",
    }
