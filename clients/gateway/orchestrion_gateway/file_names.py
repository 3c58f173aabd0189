"""File names in `Content-Disposition` (RFC 6266), in both directions."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Final
from urllib.parse import quote

_SHOWN: Final = ("audio/", "video/")
_SHOWN_IMAGES: Final = frozenset(
    f"image/{kind}" for kind in ("avif", "bmp", "gif", "jpeg", "png", "vnd.microsoft.icon", "webp", "x-icon")
)
_TOKENS: Final = "!#$&+-.^_`|~"
"""What stands for itself in an extended value (RFC 8187), beside letters and digits."""


def disposition(file_name: str, media_type: str, *, save: bool = False) -> str:
    """Returns the header for content: what browsers can show and never run is shown, all else is saved.

    Args:
        file_name: The name of the file, of any letters.
        media_type: Its media type.
        save: Whether it is to be saved whatever it is.
    """
    plain = media_type.partition(";")[0].strip().casefold()
    shown = not save and (plain.startswith(_SHOWN) or plain in _SHOWN_IMAGES or plain == "text/plain")
    kind = "inline" if shown else "attachment"
    name = "".join(letter for letter in file_name if letter.isprintable())
    name = name.encode("utf-8", "replace").decode("utf-8").replace("/", "_").replace("\\", "_")
    if not name:
        return kind
    ascii_name = "".join(letter if letter.isascii() and letter not in '"%' else "_" for letter in name)
    if ascii_name == name:
        return f'{kind}; filename="{name}"'
    return f"{kind}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe=_TOKENS)}"


def sent_name(header: str) -> str:
    """Returns the file name in a `Content-Disposition` header that somebody sent; empty for none."""
    message = EmailMessage()
    try:
        message["Content-Disposition"] = header
    except ValueError:  # Line ends, which no header has.
        return ""
    # Servers hand headers on as Latin-1; many programs send UTF-8.
    name = message.get_filename() or ""
    try:
        return name.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return name
