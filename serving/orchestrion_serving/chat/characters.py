"""Characters that JSON escapes in two halves, of which each comes in a chunk of its own. Pure."""

from __future__ import annotations

from typing import Final

_HIGH: Final = ("\ud800", "\udbff")
_LONE: Final = "\ufffd"


class WholeCharacters:
    """Puts surrogate halves together; one that stays alone becomes U+FFFD, since no text in UTF-8 can hold it."""

    def __init__(self) -> None:
        """Begins with nothing."""
        self._half = ""

    def feed(self, text: str) -> str:
        """Returns the text with all that came before; a first half at its end waits for the second."""
        text, self._half = self._half + text, ""
        if text and _HIGH[0] <= text[-1] <= _HIGH[1]:
            text, self._half = text[:-1], text[-1]
        return whole(text)

    def close(self) -> str:
        """Returns what waited in vain."""
        half, self._half = self._half, ""
        return _LONE if half else ""


def whole(text: str) -> str:
    """Joins the surrogate halves of a text."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", errors="surrogatepass").decode("utf-16-le", errors="replace")
