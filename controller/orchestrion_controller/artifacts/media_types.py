"""The media type of content that came without one, from its first bytes and its name. Pure functions, no I/O."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath
from typing import Final

import puremagic

from orchestrion_controller.artifacts.encodings import is_text

_UNKNOWN: Final = "application/octet-stream"
_MEDIA: Final = ("image/", "audio/", "video/")
_BY_SUFFIX: Final = {
    ".cfg": "text/plain",
    ".csv": "text/csv",
    ".flac": "audio/flac",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".ini": "text/plain",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".log": "text/plain",
    ".m4a": "audio/mp4",
    ".md": "text/markdown",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".srt": "text/plain",
    ".toml": "application/toml",
    ".tsv": "text/tab-separated-values",
    ".vtt": "text/vtt",
    ".webp": "image/webp",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
"""Common attachments. The standard library's table is shorter, and differs between machines."""
_BY_BRAND: Final = {
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
}
"""Major brands of ISO base media files, bytes 8 to 12: MP4's container also holds audio and images."""


def guess(head: bytes, file_name: str) -> str:
    """Finds the media type by content, then by name: a name can be wrong, and content may have no signature.

    Args:
        head: The first bytes, a few thousand.
        file_name: Empty when there is none.

    Returns:
        A media type; `application/octet-stream` where neither identifies it.
    """
    by_name = _by_name(file_name)
    by_content = _by_content(head)
    if is_text(head) and "image/svg+xml" not in (by_name, by_content):
        # Some signatures are letters (BMP's is `BM`), so text is ruled out first, whatever the file is called.
        by_name, by_content = (
            "" if media_type.startswith(_MEDIA) else media_type for media_type in (by_name, by_content)
        )
    if by_content == "video/mp4" and by_name == "audio/mp4":
        return by_name
    if by_content.startswith(_MEDIA):
        return by_content
    # Formats in a ZIP container, such as .docx, differ by name only.
    return by_name or by_content or ("text/plain" if is_text(head) else _UNKNOWN)


def _by_name(file_name: str) -> str:
    suffix = PurePosixPath(file_name).suffix.lower()
    return _BY_SUFFIX.get(suffix) or mimetypes.guess_type(file_name)[0] or ""


def _by_content(head: bytes) -> str:
    if head[4:8] == b"ftyp" and head[8:12] in _BY_BRAND:
        return _BY_BRAND[head[8:12]]
    if _is_mp3_frame(head):
        return "audio/mpeg"
    try:
        media_type = str(puremagic.from_string(head, mime=True))
    except (puremagic.PureError, ValueError):
        return ""
    if media_type == "application/ogg":
        return "video/ogg" if b"theora" in head else "audio/ogg"
    return media_type


def _is_mp3_frame(head: bytes) -> bool:
    """Whether it begins with the header of a frame of MPEG layer III: most MP3 files without tags do."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    version, rate, sampling = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and rate not in (0, 15) and sampling != 3
