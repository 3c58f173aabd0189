"""The names of the runtimes that entries of the catalogue may name: the host's own, and those of installed packages."""

from __future__ import annotations

import functools
from importlib import metadata
from typing import Final

OWN: Final = ("engine", "transformers", "diffusers", "onnx", "remote", "python")
"""The host's own runtimes."""

GROUP: Final = "orchestrion.runtimes"
"""The entry points by which packages bring runtimes: a name, and a module with `loader(spec)`."""


@functools.cache
def names() -> tuple[str, ...]:
    """Returns the names of all runtimes. Those of packages are looked up in their metadata, and nothing is imported."""
    plugged_in = sorted(point.name for point in metadata.entry_points(group=GROUP))
    return (*OWN, *(name for name in plugged_in if name not in OWN))


def is_plugged_in(runtime: str) -> bool:
    """Whether third parties wrote what computes on a runtime."""
    return runtime == "python" or runtime not in OWN


def needs_source(runtime: str) -> bool:
    """Whether entries for a runtime must say where their weights are: a plug-in may have none, or bring them along."""
    return runtime in ("transformers", "diffusers", "onnx")
