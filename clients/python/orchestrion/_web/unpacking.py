"""Content unpacked piece by piece, so that a small answer that unpacks to a huge one is seen in time."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

CODINGS: Final = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
"""The values of `Content-Encoding` that are read."""

_PIECE_BYTES: Final = 1 << 16
_GZIP: Final = zlib.MAX_WBITS | 16


class ContentDecoder:
    """Unpacks the content of one answer."""

    def __init__(self, coding: str) -> None:
        """Starts with one of `CODINGS`."""
        packed = coding not in ("", "identity")
        self._zlib = zlib.decompressobj(_GZIP if "gzip" in coding else zlib.MAX_WBITS) if packed else None

    def parts(self, piece: bytes) -> Iterator[bytes]:
        """Yields what a piece unpacks to, in small parts.

        Raises:
            zlib.error: It is packed wrongly.
        """
        if self._zlib is None:
            yield piece
            return
        while piece and not self._zlib.eof:
            yield self._zlib.decompress(piece, _PIECE_BYTES)
            piece = self._zlib.unconsumed_tail

    @property
    def complete(self) -> bool:
        """Whether the content may end here."""
        return self._zlib is None or self._zlib.eof
