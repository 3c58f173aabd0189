"""What the clients return of lists and watches, beside the things themselves: pages, catalogues, hosts that left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from orchestrion.models import ListedModel, Profile

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list of runs or artifacts, newest first."""

    items: tuple[T, ...]
    """What is listed."""
    next_page_token: str = ""
    """What to ask for the next page with; empty on the last."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models that a host has in its catalogue, and the profiles that bundle them."""

    models: tuple[ListedModel, ...]
    """The models, by id."""
    profiles: tuple[Profile, ...]
    """The bundles of experts, the smallest first."""


@dataclass(frozen=True, slots=True)
class HostRemoved:
    """Says that the registry has forgotten a host."""

    name: str
    """The name of the host."""
