"""Folders from which local files may be read: those of the operator, and those that a client declares as its roots.

Only a server on standard input and output reads local files: whoever started it has a shell on this machine anyway, but
the assistant behind the client is to read no more than its user allowed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CallToolRequestParams,
    ClientCapabilities,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    RootsCapability,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from orchestrion import Reason

_ROOTS: Final = "roots"
_ANSWER_S: Final = 30.0
"""How long a client may take to say which roots it has, in seconds."""


def path_of(text: str) -> Path | None:
    """Returns the path that a file: URI or an absolute path names; None for other texts."""
    if text[:7].lower() == "file://":
        parts = urlsplit(text)
        path = Path(unquote(parts.path))
        return path if parts.netloc in {"", "localhost"} and path.is_absolute() else None
    path = Path(os.path.expanduser(text))
    return path if path.is_absolute() and "\0" not in text else None


async def declared(
    ctx: ServerRequestContext[Any, Any], params: CallToolRequestParams
) -> tuple[Path, ...] | InputRequiredResult:
    """Returns the roots that a client declares; where its protocol wants it so, the result that asks for them first."""
    if not ctx.session.check_client_capability(ClientCapabilities(roots=RootsCapability())):
        return ()
    if ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        try:
            listed = await ctx.session.send_request(
                ListRootsRequest(), ListRootsResult, request_read_timeout_seconds=_ANSWER_S
            )
        except MCPError:
            return ()
        return _paths(listed)
    answer = (params.input_responses or {}).get(_ROOTS)
    if answer is None:
        return InputRequiredResult(input_requests={_ROOTS: ListRootsRequest()})
    return _paths(answer) if isinstance(answer, ListRootsResult) else ()


def readable(path: Path, folders: Iterable[Path]) -> Path:
    """Returns a path without symbolic links, if it lies in one of the folders.

    Raises:
        PermissionDeniedError: It lies in none.
        InvalidArgumentError: It is no file.
    """
    resolved = path.resolve()
    if not any(resolved.is_relative_to(folder.resolve()) for folder in folders):
        raise Reason.PERMISSION_DENIED.error(
            f"{path} lies in no folder that may be read here: have the client declare its folder as a root, or start "
            f"the server with --folder {path.parent}.",
            field="files",
        )
    if not resolved.is_file():
        raise Reason.INVALID_FIELD.error(f"{path} is no file.", field="files")
    return resolved


def within(paths: Sequence[Path], folders: Sequence[Path]) -> bool:
    """Whether all paths lie in folders."""
    resolved = [folder.resolve() for folder in folders]
    return all(any(path.resolve().is_relative_to(folder) for folder in resolved) for path in paths)


def _paths(listed: ListRootsResult) -> tuple[Path, ...]:
    paths = (path_of(str(root.uri)) for root in listed.roots)
    return tuple(path for path in paths if path is not None)
