"""How long an endpoint asks to wait, by its headers or by its words. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_FIELDS: Final[Mapping[str, float]] = {
    "retry_after": 1.0,
    "retry-after": 1.0,
    "retryAfter": 1.0,
    "retry_after_seconds": 1.0,
    "retry_after_ms": 0.001,
    "retryDelay": 1.0,
}
"""Fields of an error's JSON, and how many seconds their unit has."""
_IN_WORDS: Final = re.compile(
    r"\b(?:try again|retry|wait)\D{0,20}?"
    r"(?P<time>(?:\d+(?:\.\d+)?\s*(?:ms|[hms]|sec\w*|min\w*)\s*)+)(?!\w)",
    re.IGNORECASE,
)
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|h|min|m|s)", re.IGNORECASE)
_UNIT_S: Final[Mapping[str, float]] = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_DEEPEST: Final = 5


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Reads the wait that an endpoint asks for: `Retry-After-Ms`, or `Retry-After` in seconds or as a date.

    Args:
        headers: The answer's headers; names are looked up in lower case.
        now: The present time; the clock's when left out.

    Returns:
        Seconds from now, never negative; None when the headers have none that can be parsed.
    """
    for header, factor in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers[header]) * factor
        except (KeyError, ValueError):
            continue
        if not math.isnan(seconds):
            return max(0.0, seconds)
    try:
        date = parsedate_to_datetime(headers["retry-after"])
    except (KeyError, ValueError, TypeError):
        return None
    # A date without a zone is in UTC, as RFC 9110 has it.
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())


def retry_after_in(error: object, words: str) -> float | None:
    """Reads the wait that an error's JSON or words ask for, such as `try again in 7.66s`; None where they do not."""
    for value in _requested(error):
        if value is not None:
            return value
    matched = _IN_WORDS.search(words)
    return _duration_s(matched["time"]) if matched else None


def _requested(value: object, depth: int = 0) -> Iterator[float | None]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _requested(item, depth + 1)
    elif isinstance(value, Mapping):
        for name, factor in _FIELDS.items():
            yield _seconds(value.get(name), factor)
        for item in value.values():
            yield from _requested(item, depth + 1)


def _seconds(value: object, factor: float) -> float | None:
    if isinstance(value, str):
        text = value
        try:
            value = float(text)
        except ValueError:
            return _duration_s(text) if _PART.match(text) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return value * factor


def _duration_s(text: str) -> float:
    return sum(float(number) * _UNIT_S[unit.lower()] for number, unit in _PART.findall(text))
