"""Bytes that are text, decoded. Pure functions, no I/O."""

from __future__ import annotations

import codecs
from typing import Final

from charset_normalizer import from_bytes

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # UTF-32 first: the byte order mark of UTF-16 little-endian is a prefix of its.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NON_LATIN: Final = [
    "big5", "cp1251", "cp1253", "cp1255", "cp1256", "cp874", "cp932", "cp949", "euc_jp", "gb18030", "koi8_r",
]  # fmt: skip
_MOST_ACCENTS: Final = 0.25
"""The largest share of bytes beyond ASCII in a text of a Latin script; texts of other scripts have more."""
_FEWEST: Final = 8
"""Bytes beyond ASCII that are needed to recognise a script by its letters: two umlauts are not enough."""
_FORBIDDEN: Final = frozenset(range(32)) - {*b"\t\n\v\f\r\x1a\x1b"}


def decode(content: bytes) -> str | None:
    """Decodes a text: UTF-8, what a byte order mark says, UTF-16 without one, or else a likely older encoding.

    Western European texts of one byte a character are read as Windows-1252; those of other scripts are recognised by
    their letters, which takes a sentence or more. None when the content is no text.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decoded(content, encoding)
    wide = _wide_encoding(content)
    if wide:
        return _decoded(content, wide)
    if _FORBIDDEN.intersection(content):
        return None
    text = _decoded(content, "utf-8")
    return text if text is not None else _decoded(content, _older_encoding(content))


def is_text(head: bytes) -> bool:
    """Whether the beginning of some content is text in UTF-8, or says by a byte order mark that it is text."""
    encoding = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "utf-8")
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return bool(text) and _FORBIDDEN.isdisjoint(map(ord, set(text)))


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    return text if _FORBIDDEN.isdisjoint(map(ord, set(text))) else None


def _wide_encoding(content: bytes) -> str:
    """Recognises UTF-16 without a byte order mark by the zeros in every other byte of Latin text; empty for none."""
    if len(content) % 2 or 0 not in content:
        return ""
    half = len(content) // 2
    zeros = (content[::2].count(0) / half, content[1::2].count(0) / half)
    if zeros[0] == 0 and zeros[1] > 0.2:
        return "utf-16-le"
    return "utf-16-be" if zeros[1] == 0 and zeros[0] > 0.2 else ""


def _older_encoding(content: bytes) -> str:
    beyond = sum(byte > 127 for byte in content)
    if beyond >= _FEWEST and beyond > len(content) * _MOST_ACCENTS:
        match = from_bytes(content, cp_isolation=_NON_LATIN).best()
        if match is not None:
            return match.encoding
    return "cp1252"
