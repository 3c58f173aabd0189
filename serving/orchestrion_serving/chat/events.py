"""The bytes of an answer as events, whatever the endpoint calls them: server-sent events, JSON by line, or one JSON.

Endpoints label their answers wrongly, so that the bytes decide and not the content type. Pure.

| what comes | what it is |
|---|---|
| `data: {…}`, also over several lines, `event:`, `id:`, `retry:`, comments | server-sent events; LF, CR LF or CR |
| `{…}` by itself, in one line or several, one after another | JSON: a whole answer, NDJSON, an error between events |
| `error: {…}` | what some servers write in place of an event of that name |
| `data: [DONE]` in any spelling | the end |
| `data: : keepalive`, `data:` and the like | no JSON: a text, which matters only where nothing else comes |
| anything else | a text: an error page, or words |
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import Final

_FIELD: Final = re.compile(r"(data|event|id|retry|error)[ \t]*:[ \t]?(.*)", re.IGNORECASE | re.DOTALL)
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_DONE: Final = re.compile(r"""["']?\s*\[?\s*done\s*\]?\s*["']?""", re.IGNORECASE)
_MOST_PENDING: Final = 16 << 20
"""The longest line or JSON that is waited for, in characters."""
_MOST_TEXT: Final = 4000
"""How much is kept of what is no event, in characters: a message of an error is cut from it."""


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event of an answer."""

    value: object = None
    """Its JSON; None where it has none."""
    name: str = ""
    """What the endpoint calls it, in lower case; empty without a name."""
    text: str = ""
    """Its data where they are no JSON."""
    is_done: bool = False
    """Whether it says that nothing more comes."""


class EventDecoder:
    """Splits an answer into events as its bytes come."""

    def __init__(self) -> None:
        """Begins with an answer's first byte."""
        # A character that is cut by the borders of chunks waits for its rest; bytes that are none become U+FFFD.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._line = ""
        self._skips_line_feed = False
        self._is_first = True
        self._name = ""
        self._data: list[str] = []
        self._bare: list[str] = []
        """Lines that are no field of an event: JSON, or text."""
        self._text: list[str] = []

    @property
    def text(self) -> str:
        """What came besides events and JSON: words, or a page."""
        return "\n".join(self._text)[:_MOST_TEXT]

    @property
    def is_in_json(self) -> bool:
        """Whether the end of a JSON is waited for that is no event's."""
        return _begins_json(self._bare[0] if self._bare else self._line)

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Takes the next bytes, and returns the events that they complete.

        Raises:
            ValueError: The endpoint sends megabytes without end.
        """
        events = self._take(self._decoder.decode(data))
        if len(self._line) + sum(map(len, self._bare)) + sum(map(len, self._data)) > _MOST_PENDING:
            raise ValueError("a line without end")
        return events

    def close(self) -> list[StreamEvent]:
        """Returns the events that the end of the answer completes."""
        events = self._take(self._decoder.decode(b"", final=True))
        line, self._line = self._line, ""
        events += [*self._read_line(line), *self._dispatch()]
        rest = "\n".join(self._bare)
        self._bare = []
        values, left = _values(rest)
        self._keep(left)
        return [*events, *(StreamEvent(value) for value in values)]

    def _take(self, text: str) -> list[StreamEvent]:
        if self._is_first and text:
            text, self._is_first = text.removeprefix("\ufeff"), False
        if self._skips_line_feed and text:
            text, self._skips_line_feed = text.removeprefix("\n"), False
        if not _LINE_END.search(text):
            self._line += text
            return []
        # A CR at the end of a chunk ends its line at once; an LF that follows in the next chunk belongs to it.
        self._skips_line_feed = text.endswith("\r")
        *lines, self._line = _LINE_END.split(self._line + text)
        return [event for line in lines for event in self._read_line(line)]

    def _read_line(self, line: str) -> list[StreamEvent]:
        if self._bare and _begins_json(self._bare[0]):
            return self._read_bare(line)
        if not line.strip():
            return self._dispatch()
        if line.lstrip().startswith(":"):
            return []
        if matched := _FIELD.fullmatch(line.lstrip()):
            return self._read_field(matched[1].lower(), matched[2])
        if self._data and _begins_json(self._data[0]) and not _is_whole("\n".join(self._data)):
            # JSON in several lines, of which only the first is called data.
            self._data.append(line)
            return []
        return [*self._dispatch(), *self._read_bare(line)]

    def _read_field(self, field: str, value: str) -> list[StreamEvent]:
        if field == "event":
            self._name = value.strip().lower()
            return []
        if field == "error":
            return [*self._dispatch(), _event(value, "error")]
        if field != "data":
            return []
        while doubled := re.match(r"data:[ \t]?", value):
            value = value[doubled.end() :]
        # Servers that leave out the blank line between events: what is whole is not continued.
        whole = self._dispatch() if self._data and _is_whole("\n".join(self._data)) else []
        self._data.append(value)
        return whole

    def _dispatch(self) -> list[StreamEvent]:
        data, name = "\n".join(self._data), self._name
        self._data, self._name = [], ""
        if not data.strip():
            return [StreamEvent(name=name, is_done=True)] if name in {"done", "end"} else []
        event = _event(data, name)
        if event.text:
            self._keep(event.text)
        return [event]

    def _read_bare(self, line: str) -> list[StreamEvent]:
        self._bare.append(line)
        if not _begins_json(self._bare[0]):
            self._keep(line)
            self._bare = []
            return []
        if not line.rstrip().endswith(("}", "]")):
            return []
        values, left = _values("\n".join(self._bare))
        self._bare = [left] if left.strip() else []
        return [StreamEvent(value) for value in values]

    def _keep(self, text: str) -> None:
        if text.strip() and sum(map(len, self._text)) < _MOST_TEXT:
            self._text.append(text.strip())


def _event(data: str, name: str) -> StreamEvent:
    if _DONE.fullmatch(data.strip()):
        return StreamEvent(name=name, is_done=True)
    values, left = _values(data)
    if left.strip() or not values:
        return StreamEvent(name=name, text=data.strip())
    return StreamEvent(values[0] if len(values) == 1 else values, name)


def _values(text: str) -> tuple[list[object], str]:
    """Reads JSON values that follow each other; returns them and what is left."""
    decoder = json.JSONDecoder()
    values: list[object] = []
    text = text.strip()
    while text:
        try:
            value, end = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            break
        values.append(value)
        text = text[end:].lstrip().removeprefix("\x1e").lstrip()
    return values, text


def _is_whole(data: str) -> bool:
    if _DONE.fullmatch(data.strip()):
        return True
    values, left = _values(data)
    return bool(values) and not left


def _begins_json(text: str) -> bool:
    return text.lstrip("\x1e \t").startswith(("{", "["))
