"""What people ask for, and the tasks that come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PICTURE: Final = ROOT / "examples" / "pictures" / "station.jpg"
"""A sign: "Platform 9 … Mind the gap"."""

SAY: Final = 'Say "good morning".'
READ_ALOUD: Final = "Read the text in this picture aloud."
CLEAN: Final = "Remove the noise from this recording."

READ: Final = "image-to-text-1"
"""The task that reads a picture."""
SPEAK: Final = "text-to-speech-1"
"""The task that speaks."""
