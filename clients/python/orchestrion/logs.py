"""Logs of the platform's processes: one line each on stderr, for people or as JSON, without what people wrote."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

FORMATS: Final = ("console", "json")
"""What `log_format` may be."""

Ids = Callable[[], Mapping[str, str]]
"""Gives the ids of the work at hand by name, such as `run` and `trace_id`."""

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def set_up(level: str, form: str, ids: Ids = dict, *, content: bool = False, process: str = "") -> None:
    """Writes logs of a level and above to stderr, in place of what was set up before.

    Args:
        level: The least severe level, such as `INFO`, in any case.
        form: One of `FORMATS`.
        ids: Called for each line, in the context that logs it.
        content: Whether the words of errors that nobody foresaw are written, which may quote what people wrote.
        process: What stands before the name of the logger, such as `worker`; empty for nothing.
    """
    handler = logging.StreamHandler(sys.stderr)
    formatter = JsonFormatter if form == "json" else ConsoleFormatter
    handler.setFormatter(formatter(content=content, process=process))

    def add_ids(record: logging.LogRecord) -> bool:
        record.ids = {name: value for name, value in ids().items() if value}
        return True

    handler.addFilter(add_ids)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


class ConsoleFormatter(logging.Formatter):
    """A line for people: time, level, logger, what happened, and the ids of the work in brackets."""

    def __init__(self, *, content: bool = False, process: str = "") -> None:
        """Takes what `set_up` takes."""
        name = f"{process} %(name)s" if process else "%(name)s"
        super().__init__(f"%(asctime)s %(levelname)s {name}: %(message)s")
        self._content = content

    def formatMessage(self, record: logging.LogRecord) -> str:  # The name of logging.
        """Adds the ids."""
        line = super().formatMessage(record)
        ids = getattr(record, "ids", None)
        return f"{line} [{' '.join(f'{name}={value}' for name, value in ids.items())}]" if ids else line

    def formatException(self, ei: _ExcInfo) -> str:  # The name of logging.
        """Says what failed and where; its words only where they are asked for."""
        return super().formatException(ei) if self._content else without_words(ei[1])


class JsonFormatter(ConsoleFormatter):
    """One object a line: `time` (ISO 8601, UTC), `level`, `logger`, `message`, the ids, and `exception`."""

    def __init__(self, *, content: bool = False, process: str = "") -> None:
        """Takes what `set_up` takes."""
        super().__init__(content=content, process=process)
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Writes the object."""
        entry: dict[str, str] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "ids", {}),
        }
        if self._process:
            entry["process"] = self._process
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def without_words(error: BaseException | None) -> str:
    """Writes an exception and its causes like a traceback, with their classes and places, and without their words."""
    parts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        places = "".join(traceback.format_tb(error.__traceback__))
        name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
        parts.append(f"Traceback (most recent call last):\n{places}{name} (its words are left out; see log_content)")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nwhich led to:\n\n".join(reversed(parts))
