"""The media type of fetched content by its first bytes: what a server's header says of it is not trusted."""

from __future__ import annotations

import codecs
import mimetypes
import re
from typing import Final

HEAD_BYTES: Final = 4_096
"""How many of the first bytes are looked at."""
PAGE: Final = "text/html"
TEXT: Final = "text/plain"

_SIGNATURES: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyphei", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
)
"""Where a signature stands, the signature, the type; the first that fits."""
_ENDINGS: Final = {
    "application/pdf": ".pdf",
    "audio/flac": ".flac",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "image/avif": ".avif",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tiff",
    "image/webp": ".webp",
    "text/plain": ".txt",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
    "video/x-msvideo": ".avi",
}
_SAME: Final = {".jpeg": ".jpg", ".jpe": ".jpg", ".tif": ".tiff", ".oga": ".ogg", ".opus": ".ogg", ".m4v": ".mp4"}
_PROGRAMS: Final = frozenset({".php", ".asp", ".aspx", ".jsp", ".cgi", ".html", ".htm", ".xhtml", ".shtml"})
"""Endings of what makes a page or a file, not of what it is."""
_MARKUP: Final = re.compile(
    rb"(?:\s|<!--.*?-->|<\?xml[^>]*>)*<(?:!doctype\s+html|html|head|body|title|meta|script|style|div|p|h1|table|article)\b",
    re.IGNORECASE | re.DOTALL,
)


def media_type(head: bytes) -> str:
    """Finds the media type of content; empty where its first bytes do not say it.

    Args:
        head: The first `HEAD_BYTES`, or all where there are fewer.
    """
    for start, signature, kind in _SIGNATURES:
        if head.startswith(signature, start) and (start != 8 or head.startswith(b"RIFF")):
            return kind
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = head.decode("utf-16", "ignore").encode()
    if _MARKUP.match(head.removeprefix(codecs.BOM_UTF8)):
        return PAGE
    return TEXT if head and not any(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in head) else ""


def file_name(name: str, kind: str) -> str:
    """Gives a name the ending of what the content is, where it has another.

    Args:
        name: The last part of the address.
        kind: The media type of the content; empty where it is not clear: then the name stays.
    """
    stem, dot, ending = name.rpartition(".")
    ending = f"{dot}{ending}".lower() if stem else ""
    typed = bool(ending) and mimetypes.guess_type(f"x{ending}")[0] is not None
    right = _ENDINGS.get(kind, "")
    if not right or _SAME.get(ending, ending) == right or (kind == TEXT and typed and _is_text(ending)):
        return name
    return (stem if typed or ending in _PROGRAMS else name) + right


def _is_text(ending: str) -> bool:
    kind = mimetypes.guess_type(f"x{ending}")[0] or ""
    if ending in _PROGRAMS:
        return False
    return kind.startswith("text/") or kind.endswith(("json", "xml", "javascript", "yaml"))
