"""What licences require of a model's users, and which ones an operator or a request allows. Pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

PERMISSIVE: Final = "permissive"
COMMERCIAL: Final = "commercial"
GROUPS: Final = (PERMISSIVE, COMMERCIAL)
"""Names that stand for many licences: those without conditions that matter, and those that allow commercial use."""

_PERMISSIVE: Final = (
    "apache-*",
    "mit",
    "mit-*",
    "bsd-*",
    "isc",
    "zlib",
    "unlicense",
    "wtfpl",
    "cc0-*",
    "cc-by-?.?",
    "bsl-1.0",
    "afl-3.0",
    "artistic-2.0",
    "postgresql",
    "cdla-permissive-*",
)
_NOT_COMMERCIAL: Final = ("*-nc", "*-nc-*", "*noncommercial*", "*non-commercial*", "*research*", "licenseref-nvidia-*")
_PARTS: Final = re.compile(r"\s+(?:and|or|with)\s+|[()]")


class LicenseKind(enum.Enum):
    """What a licence requires."""

    PERMISSIVE = "permissive"
    CONDITIONS = "conditions"
    UNKNOWN = "unknown"
    NOT_COMMERCIAL = "not commercial"


@lru_cache(maxsize=1024)
def kind(license_id: str) -> LicenseKind:
    """Classifies a licence: an SPDX identifier or expression, of which the strictest part counts."""
    parts = _parts(license_id)
    if not parts or set(parts) <= {"other", "unknown"}:
        return LicenseKind.UNKNOWN
    if any(_matches(part, _NOT_COMMERCIAL) for part in parts):
        return LicenseKind.NOT_COMMERCIAL
    if all(_matches(part, _PERMISSIVE) for part in parts):
        return LicenseKind.PERMISSIVE
    return LicenseKind.CONDITIONS


@lru_cache(maxsize=4096)
def allowed(license_id: str, wanted: tuple[str, ...]) -> bool:
    """Whether an expert of a licence may be used.

    Args:
        license_id: The licence, as an SPDX identifier or expression; empty when not known.
        wanted: What is allowed: identifiers, patterns such as `BSD-*`, or `permissive` and `commercial`; any of them
            will do, and every part of an expression needs one. Empty allows everything, also what is not known.
    """
    if not wanted:
        return True
    parts = _parts(license_id)
    return bool(parts) and all(any(_fits(part, item.casefold()) for item in wanted) for part in parts)


def check(wanted: Sequence[str]) -> str:
    """Returns what is wrong with a list of allowed licences; empty when nothing is."""
    for item in wanted:
        if not item.strip() or any(character.isspace() for character in item.strip()):
            return f"{item!r} is no SPDX identifier, no pattern such as `BSD-*`, and none of {', '.join(GROUPS)}"
    return ""


def _fits(part: str, wanted: str) -> bool:
    if wanted == PERMISSIVE:
        return kind(part) is LicenseKind.PERMISSIVE
    if wanted == COMMERCIAL:
        return kind(part) in (LicenseKind.PERMISSIVE, LicenseKind.CONDITIONS)
    return fnmatchcase(part, wanted)


def _matches(part: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(part, pattern) for pattern in patterns)


def _parts(license_id: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in _PARTS.split(license_id.casefold()) if part.strip())
