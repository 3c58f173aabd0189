"""Resource names: the one place that writes and reads `artifacts/…`, `runs/…` and `hosts/…`; ids of calls."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

from orchestrion.errors import Reason

ARTIFACT_ID: Final = r"[0-9a-f]{64}(?:-[0-9a-f]{12})?"
"""A pattern of what comes behind `artifacts/`, for those who write it elsewhere, such as in addresses."""

_PATTERNS: Final = {
    "artifacts": re.compile(r"artifacts/([0-9a-f]{64})(?:-[0-9a-f]{12})?"),
    "attachments": re.compile(r"attachments/([1-9][0-9]{0,3})"),
    "runs": re.compile(r"runs/([0-9a-z]{1,64})"),
    "hosts": re.compile(r"hosts/([0-9A-Za-z._-]{1,64})"),
}


def artifact(sha256: str, suffix: str = "") -> str:
    """Names an artifact.

    Args:
        sha256: The SHA-256 of its content, 64 lower-case hexadecimal digits.
        suffix: Empty for what its owner stored first of this content; 12 lower-case hexadecimal digits for what was
            stored under another file name or as another media type, and is an artifact of its own.
    """
    return f"artifacts/{sha256}-{suffix}" if suffix else f"artifacts/{sha256}"


def of_content(content: bytes) -> str:
    """Names the artifact that has this content: the first, where it is stored under several file names."""
    return artifact(hashlib.sha256(content).hexdigest())


def host(host_id: str) -> str:
    """Names a host."""
    return f"hosts/{host_id}"


def new_run() -> str:
    """Names a new run, with 80 random bits."""
    return f"runs/{secrets.token_hex(10)}"


def new_request_id() -> str:
    """Makes a `request_id`, by which servers recognise a second copy of a call, with 128 random bits."""
    return secrets.token_hex(16)


def is_artifact(text: str) -> bool:
    """Whether a text is the name of an artifact."""
    return _PATTERNS["artifacts"].fullmatch(text) is not None


def sha256_of(name: str, field: str = "name") -> str:
    """Reads the hash of its content out of an artifact's name.

    Raises:
        InvalidArgumentError: The name is not of the form `artifacts/{sha256}` or `artifacts/{sha256}-{suffix}`.
    """
    return _read("artifacts", name, field, "`artifacts/` and 64 lower-case hexadecimal digits")


def check_run(name: str, field: str = "name") -> str:
    """Returns the name of a run as it is.

    Raises:
        InvalidArgumentError: The name is not of the form `runs/{run}`.
    """
    _read("runs", name, field, "`runs/` and an id, as a run's first event tells it")
    return name


def check_host(name: str, field: str = "name") -> str:
    """Returns the name of a host as it is.

    Raises:
        InvalidArgumentError: The name is not of the form `hosts/{host}`.
    """
    _read("hosts", name, field, "`hosts/` and 1 to 64 letters, digits, `.`, `_` or `-`")
    return name


def attachment_number(name: str) -> int | None:
    """Reads n out of `attachments/{n}`; None when the name is not of that form."""
    match = _PATTERNS["attachments"].fullmatch(name)
    return int(match.group(1)) if match else None


def _read(collection: str, name: str, field: str, form: str) -> str:
    match = _PATTERNS[collection].fullmatch(name)
    if match is None:
        message = f"{field}: {name[:80]!r} is no name of this kind; expected {form}."
        raise Reason.INVALID_FIELD.error(message, field=field)
    return match.group(1)
