"""The files that tiny checkpoints look at and listen to."""

from __future__ import annotations

from pathlib import Path
from typing import Final

MEDIA: Final = Path(__file__).parents[1] / "media"
CAT: Final = MEDIA / "cat.jpg"
COFFEE: Final = MEDIA / "coffee.jpg"
INVOICE: Final = MEDIA / "invoice.png"
SPEECH: Final = MEDIA / "speech.flac"
ERRAND: Final = MEDIA / "errand.flac"
CLIP: Final = MEDIA / "waves.mp4"
