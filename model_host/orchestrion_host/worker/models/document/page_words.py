"""The words on a page and their boxes, from the lines that an OCR engine read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion_host.worker.media.image.detections import Box
from orchestrion_host.worker.media.image.reading_order import Line

# LayoutLM and similar models know places as thousandths of the page.
_SCALE: Final = 1000


@dataclass(frozen=True, slots=True)
class PageWord:
    """A word and its place in pixels."""

    text: str
    box: Box

    def thousandths(self, width: int, height: int) -> list[int]:
        """Returns its place on a page of this size as `[x_min, y_min, x_max, y_max]`, each 0 to 1000."""
        inside = self.box.within(width, height)
        x_scale, y_scale = _SCALE / width, _SCALE / height
        left, right = int(inside.x_min * x_scale), int(inside.x_max * x_scale)
        top, bottom = int(inside.y_min * y_scale), int(inside.y_max * y_scale)
        return [left, top, max(left, right), max(top, bottom)]


def words_of(lines: Iterable[Line]) -> list[PageWord]:
    """Cuts lines into words, in the order in which the lines are; each gets its share of the line's width."""
    return [word for line in lines for word in _words(line)]


def around(words: Sequence[PageWord]) -> Box:
    """Returns the smallest box around words."""
    return Box(
        min(word.box.x_min for word in words),
        min(word.box.y_min for word in words),
        max(word.box.x_max for word in words),
        max(word.box.y_max for word in words),
    )


def _words(line: Line) -> Iterator[PageWord]:
    left, right = line.left, max(x for x, _ in line.box)
    step = (right - left) / max(1, len(line.text))
    position = 0
    for text in line.text.split():
        start = line.text.index(text, position)
        position = start + len(text)
        yield PageWord(text, Box(left + start * step, line.top, left + position * step, line.bottom))
