"""Ids of files, as this API has them, and names of artifacts: `file-…` and `artifacts/…`, with the same behind them."""

from __future__ import annotations

import re
from typing import Any, Final

from orchestrion import Reason, names

_ID: Final = re.compile(rf"file-({names.ARTIFACT_ID})")


def file_id_of(name: str) -> str:
    """Returns the id of the file that an artifact is."""
    return f"file-{name.removeprefix('artifacts/')}"


def artifact_of(file_id: Any, field: str) -> str:
    """Returns the name of the artifact that a file is.

    Raises:
        NotFoundError: It is no id of a file.
    """
    match = _ID.fullmatch(file_id) if isinstance(file_id, str) else None
    if match is None:
        raise Reason.ARTIFACT_NOT_FOUND.error(f"{field}: no such file: {file_id!r}.", field=field)
    return f"artifacts/{match[1]}"
