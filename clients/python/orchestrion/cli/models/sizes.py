"""Sizes of downloads in words, known and unknown ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.filesize import decimal

if TYPE_CHECKING:
    from orchestrion.models import ListedModel


def size(count: int) -> str:
    """Writes a number of bytes, in powers of 1,000; empty for 0, which is not known."""
    return decimal(count) if count > 0 else ""


def total(known_bytes: int, unknown_count: int) -> str:
    """Writes what several downloads take together, such as `about 1.2 GB and 3 of unknown size`."""
    measured = f"about {size(known_bytes)}" if known_bytes else ""
    unknown = f"{unknown_count} of unknown size" if unknown_count else ""
    return " and ".join(filter(None, (measured, unknown))) or "nothing"


def total_of(models: Iterable[ListedModel]) -> str:
    """Writes what the files of these models take together."""
    sizes = [listed.expert.download_bytes for listed in models]
    return total(sum(sizes), sizes.count(0))
