"""One file from the Hub: continued where it broke off, and checked against the Hub's hash before anybody sees it.

huggingface_hub 2 starts a file anew when its process ended in the middle of it, since the name of what it was writing
dies with the process; models are large, so the transfer itself is written here, on that client's own session.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx2
from huggingface_hub import get_session, hf_hub_url, hf_raise_for_status
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # The package lists no names.

from orchestrion.errors import Reason
from orchestrion_host.hub.cache import CachedModel
from orchestrion_host.hub.repository import RemoteFile, Repository

_CHUNK_BYTES: Final = 1 << 20
_TIMEOUT_S: Final = 30.0
_ATTEMPTS: Final = 4
_FIRST_PAUSE_S: Final = 0.25
_SERVER_ERROR: Final = 500

Tell = Callable[[int], None]
"""Takes the bytes of the file that are there so far."""


def fetch(repository: Repository, file: RemoteFile, cached: CachedModel, tell: Tell) -> None:
    """Fetches the content of a file into the cache, unless it is there.

    Raises:
        UnavailableError: DOWNLOAD_CORRUPT: what came is not what the Hub lists; it was deleted.
        Exception: As the client of the Hub does, and OSError for the disk; `failures.explain` tells them.
    """
    with cached.locked(file):
        if not cached.has(file):
            incomplete = cached.incomplete(file)
            _continue(hf_hub_url(repository.model, file.name, revision=repository.commit), file, incomplete, tell)
            if not is_intact(incomplete, file):
                incomplete.unlink()
                text = f"{file.name} of {repository.model} does not have the hash that the Hub lists, and was deleted."
                raise Reason.DOWNLOAD_CORRUPT.error(text, model=repository.model, file=file.name)
            incomplete.replace(cached.blob(file))
    tell(file.size_bytes)


def is_intact(path: Path, file: RemoteFile) -> bool:
    """Whether a file has the content that the Hub lists: by SHA-256 for large files, by git's hash for small ones."""
    with path.open("rb") as content:
        if file.sha256:
            return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256
        # Git names a content by the SHA-1 of a header and the content; here it only finds mistakes.
        digest = hashlib.sha1(b"blob %d\0" % file.size_bytes, usedforsecurity=False)
        while piece := content.read(_CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest() == file.etag


def _continue(url: str, file: RemoteFile, path: Path, tell: Tell) -> None:
    """Fetches what is missing, and tries again for as long as each try brings something."""
    attempts, pause = _ATTEMPTS, _FIRST_PAUSE_S
    while (done := _size(path)) < file.size_bytes or not path.exists():
        try:
            _read(url, path, done, tell)
        except (httpx2.TransportError, HfHubHTTPError) as error:
            if isinstance(error, HfHubHTTPError) and error.response.status_code < _SERVER_ERROR:
                raise
            if _size(path) > done:
                attempts, pause = _ATTEMPTS, _FIRST_PAUSE_S
            attempts -= 1
            if not attempts:
                raise
            time.sleep(pause)
            pause *= 2
        else:
            if _size(path) < file.size_bytes:
                return  # The server says that this is all: the hash will tell that it is not.


def _read(url: str, path: Path, start: int, tell: Tell) -> None:
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with get_session().stream("GET", url, headers=headers, timeout=_TIMEOUT_S) as response:
        hf_raise_for_status(response)
        continued = response.status_code == httpx2.codes.PARTIAL_CONTENT
        done = start if continued else 0
        with path.open("ab" if continued else "wb", buffering=0) as target:
            # As it comes: what is gathered to larger pieces is lost when the connection breaks.
            for piece in response.iter_raw():
                view = memoryview(piece)
                while view:
                    view = view[target.write(view) :]
                done += len(piece)
                tell(done)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
