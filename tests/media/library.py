"""All files that tests send, by name: committed ones where they lie, the others made when they are first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.media import pictures, sounds, texts

COMMITTED: Final = (pictures.ROOT / "tests" / "media", pictures.ROOT / "examples" / "pictures")
SPEECH: Final = "speech.flac"

_TEXTS: Final[Mapping[str, str]] = {
    "lighthouse.txt": texts.ARTICLE,
    "hotel.txt": texts.BAD_REVIEW,
    "bakery.txt": texts.GOOD_REVIEW,
    "minutes.txt": texts.MINUTES,
    "brief.txt": texts.LETTER_DE,
    "carta.txt": texts.LETTER_ES,
}


class Library:
    """Files by name, made in a folder. Threads may share one."""

    def __init__(self, folder: Path) -> None:
        """Starts with nothing made."""
        self._folder = folder
        self._making = threading.RLock()  # Some are made from others.
        self._makers: dict[str, Callable[[], bytes]] = {
            **pictures.MAKERS,
            **sounds.MAKERS,
            "memo.ogg": lambda: sounds.converted(self.path(SPEECH), "ogg", 44_100, 2),
            "street.wav": lambda: sounds.converted(self.path(SPEECH), "wav", 16_000, 1, hiss=0.004),
        }

    def path(self, name: str) -> Path:
        """Returns where a file is.

        Raises:
            KeyError: There is no such file.
        """
        for folder in COMMITTED:
            if (folder / name).is_file():
                return folder / name
        path = self._folder / name
        with self._making:
            if not path.exists():
                path.write_bytes(_TEXTS[name].encode() if name in _TEXTS else self._makers[name]())
        return path
