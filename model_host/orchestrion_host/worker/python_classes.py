"""Finds the class of an expert written in Python: in a module, or in a file that belongs to no package."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from orchestrion.errors import Reason
from orchestrion_host.plugins import Expert


def find(target: str) -> type[Expert]:
    """Imports what a target names.

    Args:
        target: `module:Class`, or `path/to/file.py:Class`.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: it has no such class, or the class is no expert.
        Exception: Whatever the import raises.
    """
    place, _, name = target.rpartition(":")
    module = _import_file(Path(place)) if place.endswith(".py") else import_module(place)
    loaded_class: object = module
    for part in name.split("."):
        loaded_class = getattr(loaded_class, part, None)
    if loaded_class is None:
        classes = [key for key, value in vars(module).items() if _is_expert(value)]
        there_are = (
            f"it has {', '.join(classes)}" if classes else "it has no subclass of orchestrion_host.plugins.Expert"
        )
        raise Reason.EXPERT_LOAD_FAILED.error(f"{place} has no {name}; {there_are}.")
    if not (isinstance(loaded_class, type) and issubclass(loaded_class, Expert)):
        raise Reason.EXPERT_LOAD_FAILED.error(
            f"{target} is no expert; derive the class from orchestrion_host.plugins.Expert."
        )
    return loaded_class


def _import_file(path: Path) -> ModuleType:
    # Under a name of its own, so that a file `json.py` takes nobody's place.
    name = f"orchestrion_expert_{path.stem}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    # Modules beside it are loaded_class, as by `python FILE`.
    sys.path.append(str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Reason.EXPERT_LOAD_FAILED.error(f"{path} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_expert(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Expert) and value is not Expert
