"""The blocks of code in a page of the documentation, by the file that each says it is of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_BLOCK: Final = re.compile(r"^```(\w+)\n(?:# (\S+\.\w+)\n)?(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One block of code."""

    language: str
    """Such as `python`."""
    file: str
    """What its first line, a comment, names as its file; empty where it names none."""
    text: str
    """The rest of it."""


def blocks_of(page: str) -> list[Block]:
    """Returns the blocks of a page in `docs/`, in order."""
    return [Block(*match.groups("")) for match in _BLOCK.finditer((ROOT / "docs" / page).read_text("utf-8"))]


def write_files(page: str, folder: Path, *files: str) -> None:
    """Writes blocks of a page into the files that they are of, as a reader would."""
    texts = {block.file: block.text for block in blocks_of(page)}
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[file])
