"""Names of files in a request, as people write them: bare, as a relative path, or between quotation marks.

A name has an ending (`menu.jpg`), and stands by itself: not inside of a longer word, an address or an absolute path.
Scripts without spaces are read, too: in 把发票.png翻译成英文 the longest name that there is counts.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from orchestrion import links

T = TypeVar("T", bound=Hashable)

_LONGEST: Final = 255
"""The longest name that is looked for, in characters."""
_ENDING: Final = re.compile(r"\.[A-Za-z0-9]{1,10}(?![A-Za-z0-9_]|\.[A-Za-z0-9])")
_APART: Final = frozenset(
    ' \t\r\n\0<>|*?"`\u201c\u201d\u201e\u00ab\u00bb\u300c\u300d\u300e\u300f\u300a\u300b\u3001\u3002\uff0c\uff1a\uff1b'
)
"""What no bare name holds: spaces, quotation marks, and marks of sentences in Chinese and Japanese."""
_JOINING: Final = frozenset("_-.~/\\@%")
"""What makes one word with the letters behind it."""
_UNSPACED: Final = re.compile(f"[{links.UNSPACED}]")


def find(text: str, look_up: Callable[[str], T | None]) -> list[tuple[int, T]]:
    """Finds what a text names, each once, with where it stands.

    Args:
        text: The words of a request.
        look_up: Returns what has a name; None where nothing has. It is asked for more than the text means as names.
    """
    named: dict[int, T] = {}
    rest = _without_links(text)
    for match in links.QUOTATION.finditer(rest):
        # What else stands between quotation marks is a text to work on, and names nothing.
        name = next(filter(None, match.groups())).strip()
        if len(name) <= _LONGEST and _ENDING.search(name) and (named_thing := look_up(name)) is not None:
            named[match.start()] = named_thing
    rest = links.QUOTATION.sub(lambda match: "\0" * len(match.group()), rest)
    used = 0
    for match in _ENDING.finditer(rest):
        for start in _starts(rest, match.start(), max(used, match.start() - _LONGEST)):
            if (named_thing := look_up(rest[start : match.end()])) is not None:
                named[start], used = named_thing, match.end()
                break
    unique: dict[T, int] = {}
    for start in sorted(named):
        unique.setdefault(named[start], start)
    return [(start, item) for item, start in unique.items()]


def file_inside(folder: Path, name: str) -> Path | None:
    """Returns the file of that name if it lies in a folder or in one below it; None for any other.

    Hidden files and folders are none of those, nor is what a link leads to from there to elsewhere.
    """
    written = Path(name)
    if written.is_absolute() or any(part.startswith((".", "~")) for part in written.parts):
        return None
    path = folder / written
    try:
        inside = path.resolve(strict=True).relative_to(folder.resolve())
        regular = stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError, RuntimeError):
        return None  # It is not there, or elsewhere.
    return path if regular and not any(part.startswith(".") for part in inside.parts) else None


def _without_links(text: str) -> str:
    for mention in links.mentions(text):
        text = text[: mention.start] + "\0" * (mention.end - mention.start) + text[mention.end :]
    return text


def _starts(text: str, end: int, earliest: int) -> Iterator[int]:
    """Yields where a name that has its ending at `end` may begin, the longest first."""
    first = end
    while first > earliest and text[first - 1] not in _APART:
        first -= 1
    for start in range(first, end):
        before, letter = text[start - 1 : start], text[start]
        joined = before.isalnum() or before in _JOINING
        if not before or not joined or _UNSPACED.match(before) or _UNSPACED.match(letter):
            yield start
