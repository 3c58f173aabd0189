"""Files that people give the page."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PICTURE: Final = ROOT / "examples" / "pictures" / "station.jpg"
"""A sign: "Platform 9 … Mind the gap"."""
