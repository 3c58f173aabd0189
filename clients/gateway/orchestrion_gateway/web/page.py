"""The files of the page, from memory: each with its tag, and the page itself with what it may do in a browser."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

router: Final = APIRouter(include_in_schema=False)

FOLDER: Final = Path(__file__).parent / "static"
"""What `make web` writes."""

_MEDIA_TYPES: Final[Mapping[str, str]] = {
    # Said here, since the machine's own table of media types may say something else.
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # First looks at pictures come in events, as data.
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_PAGE: Final[Mapping[str, str]] = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
}
_ASSETS: Final = "assets/"
_ASSET: Final[Mapping[str, str]] = {
    # Their names have the hash of their content: under one name there is never another.
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file of the page."""

    content: bytes
    """What it is."""
    headers: Mapping[str, str]
    """What it is sent with."""

    @classmethod
    def read(cls, path: Path, name: str) -> PageFile:
        """Reads a file.

        Args:
            path: Where it is.
            name: Its name below the folder, with `/`.
        """
        content = path.read_bytes()
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        kind = {"Content-Type": _MEDIA_TYPES.get(path.suffix, "application/octet-stream"), "ETag": tag}
        return cls(content, kind | dict(_ASSET if name.startswith(_ASSETS) else _PAGE))


@cache
def files() -> Mapping[str, PageFile]:
    """Returns the files of the page by their names below the folder, read once: some hundred kB."""
    paths = sorted(path for path in FOLDER.rglob("*") if path.is_file())
    names = [path.relative_to(FOLDER).as_posix() for path in paths]
    return {name: PageFile.read(path, name) for path, name in zip(paths, names, strict=True)}


@router.get("/")
@router.head("/")
async def page(request: Request) -> Response:
    """Send the page."""
    return _send("index.html", request)


@router.get("/assets/{name}")
@router.head("/assets/{name}")
async def asset(name: str, request: Request) -> Response:
    """Send a script, a style sheet or an icon of the page."""
    return _send(_ASSETS + name, request)


def _send(name: str, request: Request) -> Response:
    file = files().get(name)
    if file is None:
        raise HTTPException(404, "Not Found")
    if request.headers.get("if-none-match", "").removeprefix("W/") == file.headers["ETag"]:
        kept = {field: value for field, value in file.headers.items() if field != "Content-Type"}
        return Response(status_code=304, headers=kept)
    return Response(file.content, headers=dict(file.headers))
