"""What libsndfile does not report of a file: why it cannot be read, whether it is whole, if its length is a guess."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

READABLE: Final = "WAV, FLAC, OGG (Vorbis or Opus), MP3 or AIFF"
"""The formats that an error names as the cure."""

_BEGINNING_BYTES: Final = 64 << 10
# The largest page of an Ogg stream, with its header (RFC 3533).
_OGG_PAGE_BYTES: Final = 27 + 255 + 255 * 255
_OGG_HEADER_BYTES: Final = 27
# Programs that write to a pipe cannot know the size and write the largest one, or nearly so.
_UNKNOWN_SIZE: Final = 0x7FFF_0000
# Some programs count a padding byte or a trailing chunk as sound.
_MISCOUNTED_BYTES: Final = 4096
_MISSING_BYTES: Final = re.compile(r"^\s*(?:data|SSND|Data Size|riff|Riff size)\s*:\s*(\d+) \(should be (\d+)\)", re.M)
_UNKNOWN_FRAMES: Final = 1 << 48


def problem_of(path: Path) -> str:
    """Says why a file that libsndfile does not open is no sound for it: the rest of a sentence about an input."""
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        return f"is an empty file. Send a sound as {READABLE}."
    foreign = _foreign_format(head)
    if foreign:
        return f"is {foreign} file, which this host cannot decode. Convert it to {READABLE} and send that."
    if head.startswith((b"fLaC", b"OggS", b"FORM", b"ID3", b"caff")) or _is_wave(head) or _is_mpeg(head):
        return f"cannot be read as a sound: the file is damaged, cut off, or in a rare coding. Send it as {READABLE}."
    return f"is not a sound in a format that this host reads ({READABLE})."


def frames_by_header(path: Path, form: str, frames: int) -> int:
    """Returns the frames that a header promises, or 0 where that is no more than a guess.

    Args:
        path: The file.
        form: What libsndfile calls its format.
        frames: The frames that libsndfile reports.
    """
    if not 0 < frames < _UNKNOWN_FRAMES:
        return 0
    # An MP3 without the table of contents is measured by its first frames, which misleads where the bit rate varies.
    return 0 if form == "MP3" and not _has_mpeg_contents(path) else frames


def is_cut_off(path: Path, log: str) -> bool:
    """Tells whether a file ends before its header says that it does.

    Args:
        path: The file.
        log: What libsndfile noted while it read the header.
    """
    for declared, present in _MISSING_BYTES.findall(log):
        if int(present) + _MISCOUNTED_BYTES < int(declared) < _UNKNOWN_SIZE:
            return True
    return _last_ogg_page_is_cut(path)


def _foreign_format(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return "an M4A, MP4 or 3GP (AAC)"
    if head[0] == 0xFF and len(head) > 1 and head[1] & 0xF6 == 0xF0:
        return "an AAC"
    if head.startswith(b"#!AMR"):
        return "an AMR"
    if head.startswith(b"\x30\x26\xb2\x75"):
        return "a WMA"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "a WebM or Matroska"
    if head.startswith(b"MThd"):
        return "a MIDI"
    return "an AVI" if head.startswith(b"RIFF") and head[8:12] == b"AVI " else ""


def _is_wave(head: bytes) -> bool:
    return head.startswith((b"RIFF", b"RF64")) and head[8:12] == b"WAVE"


def _is_mpeg(head: bytes) -> bool:
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0


def _has_mpeg_contents(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(10)
        if head.startswith(b"ID3"):
            # Four bytes of seven bits each; a tag with an image may be megabytes.
            size = sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False))
            file.seek(10 + size)
        else:
            file.seek(0)
        beginning = file.read(_BEGINNING_BYTES)
    return b"Xing" in beginning or b"Info" in beginning or b"VBRI" in beginning


def _last_ogg_page_is_cut(path: Path) -> bool:
    with path.open("rb") as file:
        if file.read(4) != b"OggS":
            return False
        size = file.seek(0, 2)
        file.seek(max(0, size - _OGG_PAGE_BYTES))
        end = file.read()
    place = end.rfind(b"OggS")
    page = end[place:] if place >= 0 else b""
    if len(page) < _OGG_HEADER_BYTES:
        return True
    lengths = page[_OGG_HEADER_BYTES : _OGG_HEADER_BYTES + page[26]]
    return len(lengths) < page[26] or len(page) < _OGG_HEADER_BYTES + len(lengths) + sum(lengths)
