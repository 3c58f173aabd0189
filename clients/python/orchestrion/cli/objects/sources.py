"""What a person attaches: files by their paths, and links, with the limits that this person set for these."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from orchestrion.links import Link

Source: TypeAlias = "Path | Link"
"""A file, or what a link leads to."""

MAX_BYTES_SETTING: Final = "ORCHESTRION_LINK_MAX_BYTES"
TIMEOUT_SETTING: Final = "ORCHESTRION_LINK_TIMEOUT_S"


def sources_of(values: Sequence[str] | None) -> list[Source]:
    """Returns what the values of `-f` name, in their order.

    Raises:
        InvalidArgumentError: A limit for links is no positive number.
    """
    from orchestrion import links

    return [limited(value) if links.is_link(value) else Path(value) for value in values or ()]


def limited(url: str) -> Link:
    """Returns a link with the limits that the environment sets.

    Raises:
        InvalidArgumentError: One is no positive number.
    """
    from orchestrion import links

    size, seconds = _setting(MAX_BYTES_SETTING, links.MAX_BYTES), _setting(TIMEOUT_SETTING, links.TIMEOUT_S)
    return links.Link(url, int(size), seconds)


def name_of(source: Source) -> str:
    """Returns what a person writes after `-f` for it."""
    return str(source) if isinstance(source, Path) else source.url


def _setting(name: str, default: float) -> float:
    text = os.environ.get(name, "").strip()
    try:
        value = float(text or default)
    except ValueError:
        value = 0
    if not 0 < value < 1e12:
        from orchestrion.errors import Reason

        message = f"{name}: {text!r} is no limit; give a positive number, such as {default:g}."
        raise Reason.INVALID_FIELD.error(message, field=name)
    return value
