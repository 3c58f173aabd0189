"""Files of models: their hashes, checked before anything reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from orchestrion.errors import Reason


def check(folder: Path, sha256: Mapping[str, str]) -> None:
    """Sees that files have the hashes that the catalogue says. 90 MB take a tenth of a second.

    Args:
        folder: Where the files are.
        sha256: The hashes by file name, 64 hexadecimal digits.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: a file is missing or has another hash.
    """
    for name, expected in sha256.items():
        path = folder / name
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise Reason.EXPERT_LOAD_FAILED.error(f"{path} cannot be read: {error}.", file=str(path)) from error
        if digest != expected.lower():
            text = f"{path} is not the file that the catalogue names: its SHA-256 is {digest}, expected {expected}."
            raise Reason.EXPERT_LOAD_FAILED.error(text, file=str(path))
