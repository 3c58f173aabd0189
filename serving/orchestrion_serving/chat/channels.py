"""The channels of gpt-oss, where a server passes its marks on: only what is said in `final` is the reply. Pure.

<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…<|return|>
"""

from __future__ import annotations

import re
from typing import Final

_MARK: Final = re.compile(r"<\|(start|channel|message|end|return|call|constrain)\|>")
_PART_OF_MARK: Final = re.compile(r"<(?:\|(?:[a-z]+\|?)?)?\Z")
_FINAL: Final = "final"


class ChannelFilter:
    """Goes through headers, each up to `<|message|>`, and messages, each up to the next mark."""

    def __init__(self) -> None:
        """Begins with a header: the prompt may have opened the first one."""
        self._buffer = ""
        self._header: str | None = ""
        self._is_reply = False

    def feed(self, text: str) -> str:
        """Returns what of the text is the reply."""
        self._buffer += text
        shown = ""
        while matched := _MARK.search(self._buffer):
            shown += self._read(self._buffer[: matched.start()])
            self._turn(matched[1])
            self._buffer = self._buffer[matched.end() :]
        partial = _PART_OF_MARK.search(self._buffer)
        end = partial.start() if partial else len(self._buffer)
        shown += self._read(self._buffer[:end])
        self._buffer = self._buffer[end:]
        return shown

    def close(self) -> str:
        """Returns what was held back."""
        rest, self._buffer = self._buffer, ""
        return self._read(rest)

    def _read(self, text: str) -> str:
        if self._header is not None:
            self._header += text
            return ""
        return text if self._is_reply else ""

    def _turn(self, mark: str) -> None:
        if mark == "message":
            # A message without a channel is the reply, too.
            channel = (self._header or "").split() or [_FINAL]
            self._header, self._is_reply = None, channel[0].casefold() == _FINAL
        elif mark == "channel":
            self._header = ""
        elif mark != "constrain":
            self._header, self._is_reply = None, False
