"""Planners and responders that other packages bring, by entry point: listed without an import, loaded at the start."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, TypeAlias

from orchestrion.errors import Reason

_log = logging.getLogger(__name__)

PLANNERS: Final = "orchestrion.planners"
RESPONDERS: Final = "orchestrion.responders"
"""The groups of entry points; `orchestrion_controller.plugins` documents what each must provide."""

BUILTIN_NAMES: Final = ("builtin", "llm", "submitted")
"""Names of the controller's own performers, which no package can take."""


def plugin_names(group: str) -> tuple[str, ...]:
    """Returns the names under which installed packages bring something, without importing any of them."""
    return tuple(_by_name(group))


Plugin: TypeAlias = Any  # Unchecked: the caller wraps it in what enforces the protocol.


def load_plugins(group: str, kind: str, required: str) -> Mapping[str, Plugin]:
    """Imports and makes what installed packages bring.

    A package that fails to import is left out with a warning in the log, unless it is the one required.

    Args:
        group: The group of entry points.
        kind: `planner` or `responder`: the setting and the field of requests that name one.
        required: The name that must be there; empty for none.

    Returns:
        The performers, by name.

    Raises:
        FailedPreconditionError: The required one cannot be imported or made; the message names its package.
    """
    performers: dict[str, Plugin] = {}
    for name, entry_point in _by_name(group).items():
        try:
            performers[name] = entry_point.load()()
        except Exception as error:  # Importing another package's code may raise anything.
            problem = f"{kind}: {name!r} of the package {_package(entry_point)} cannot be loaded: {error!r}"
            if name == required:
                raise Reason.NOT_CONFIGURED.error(f"{problem}.", field=kind) from error
            _log.warning("%s; it is left out", problem)
    return performers


def _by_name(group: str) -> dict[str, EntryPoint]:
    """Returns the entry points of a group by name; a name that is taken already is left out with a warning."""
    by_name: dict[str, EntryPoint] = {}
    # Sorted: installed packages come in the arbitrary order of a directory listing.
    for entry_point in sorted(entry_points(group=group), key=_package):
        if entry_point.name in BUILTIN_NAMES or entry_point.name in by_name:
            _log.warning("%r of the package %s is left out: the name is taken", entry_point.name, _package(entry_point))
        else:
            by_name[entry_point.name] = entry_point
    return by_name


def _package(entry_point: EntryPoint) -> str:
    return f"{entry_point.dist.name} {entry_point.dist.version}" if entry_point.dist else entry_point.module
