"""How much room a text takes on a terminal."""

from __future__ import annotations

import math
import unicodedata
from typing import Final

TERMINAL: Final = 80
"""The columns of a terminal for which messages are written."""


def columns(text: str) -> int:
    """Returns how many columns a text takes: signs of Chinese and Japanese take two each."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def rows(text: str) -> int:
    """Returns how many rows a line takes where it is broken, at least one."""
    return max(1, math.ceil(columns(text) / TERMINAL))
