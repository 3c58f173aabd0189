"""Where the Python file of a module is, found without importing anything of its package."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def locate(module: str) -> Path | None:
    """Returns the file of a module, such as `my_package.experts`; None where there is none.

    `importlib.util.find_spec` alone would import the packages that a module is in.
    """
    top, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if not rest:
        return Path(spec.origin) if spec.origin else None
    for folder in map(Path, spec.submodule_search_locations or ()):
        base = folder.joinpath(*rest)
        for file in (base.with_name(f"{base.name}.py"), base / "__init__.py"):
            if file.is_file():
                return file
    return None
