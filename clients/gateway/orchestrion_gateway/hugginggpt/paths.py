"""Paths of files as HuggingGPT writes them: `/images/….png`, each of which names an artifact and nothing else.

A path in an answer names the run, too, so that a conversation goes on from there: `/images/{run}/{artifact}.png`.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from orchestrion import Artifact, names

FOLDERS: Final = {"image": "images", "audio": "audios", "video": "videos"}
"""The folders by the first half of a media type."""
DOCUMENTS: Final = "documents"
"""The folder of all else, which the reference has nothing for."""

_ENDINGS: Final = {
    "audio/flac": "flac",
    "audio/mpeg": "mp3",
    "audio/vnd.wave": "wav",
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/x-flac": "flac",
    "audio/x-wav": "wav",
    "image/jpeg": "jpg",
    "image/tiff": "tiff",
    "image/webp": "webp",
    "text/plain": "txt",
}
"""Endings that the web app looks for, and those that differ from machine to machine."""
_FOLDER: Final = rf"(?P<folder>{'|'.join((*FOLDERS.values(), DOCUMENTS))})"
_FILE: Final = r"(?:(?P<run>[0-9a-z]{1,64})/)?(?P<id>[\w-]+)\.(?P<ending>[A-Za-z0-9]{1,10})"
_PATH: Final = re.compile(rf"/{_FOLDER}/{_FILE}", re.ASCII)


@dataclass(frozen=True, slots=True)
class MentionedPath:
    """A path as it stands in a text."""

    start: int
    """Where it begins, in characters, its host included."""
    end: int
    """Where it ends."""
    artifact: str
    """The artifact that it names; empty for a path in one of the folders that names none."""
    run: str
    """The run that it names, `runs/{run}`; empty for none."""


def path_of(artifact: Artifact, run: str = "") -> str:
    """Returns the path of an artifact; with the name of a run, the path that an answer of that run has."""
    within = f"{run.removeprefix('runs/')}/" if run else ""
    identifier = artifact.name.removeprefix("artifacts/")
    return f"/{folder_of(artifact)}/{within}{identifier}.{ending_of(artifact.media_type)}"


def folder_of(artifact: Artifact) -> str:
    """Returns the folder that an artifact is in."""
    return FOLDERS.get(artifact.media_type.partition("/")[0].casefold(), DOCUMENTS)


def ending_of(media_type: str) -> str:
    """Returns the ending of file names for a media type, without a dot; `bin` where none is usual."""
    plain = media_type.partition(";")[0].strip().casefold()
    return _ENDINGS.get(plain) or (mimetypes.guess_extension(plain, strict=False) or ".bin").removeprefix(".")


def mentions(text: str, host: str) -> Iterator[MentionedPath]:
    """Finds the paths in a text, in order, with whatever folder or address of this gateway stands before them.

    Args:
        text: What is said.
        host: The header `Host` of the call: under it the caller knows the gateway.
    """
    own = rf"(?i:https?://{re.escape(host)})|" if host else ""
    pattern = re.compile(rf"(?<![\w./:-])(?:{own}public/?)?{_PATH.pattern}(?!\w)", re.ASCII)
    for match in pattern.finditer(text):
        name = f"artifacts/{match['id']}"
        run = f"runs/{match['run']}" if match["run"] else ""
        yield MentionedPath(match.start(), match.end(), name if names.is_artifact(name) else "", run)


def artifact_at(folder: str, file: str) -> str:
    """Returns the artifact that a path names; empty where it names none.

    Args:
        folder: Its folder.
        file: What comes behind it, such as `{artifact}.png`.
    """
    match = _PATH.fullmatch(f"/{folder}/{file}")
    name = f"artifacts/{match['id']}" if match else ""
    return name if names.is_artifact(name) else ""
