"""The SDK's modules of dataclasses and enums that protos/ has counterparts of, as their source says it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parents[2] / "clients" / "python" / "orchestrion"

ENCODED: Final = ("events", "experts", "inference", "models", "plans", "refusals", "requests", "runs")
"""The modules whose dataclasses the codec turns into messages."""


def public_paths() -> list[Path]:
    """Returns the public modules, whose fields and members are all documented, by protos/ or by a person."""
    return sorted(PACKAGE.glob("[!_]*.py"))


def path(module: str) -> Path:
    """Returns where a module is."""
    return PACKAGE / f"{module}.py"


def classes(source: str) -> Iterator[ast.ClassDef]:
    """Yields the classes of a module's text, in their order."""
    return (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))


def is_dataclass(node: ast.ClassDef) -> bool:
    """Whether a class is decorated with `@dataclass(…)`."""
    return any(
        isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "dataclass"
        for decorator in node.decorator_list
    )


def is_enum(node: ast.ClassDef) -> bool:
    """Whether a class is an `enum.IntEnum`."""
    return any(isinstance(base, ast.Attribute) and base.attr == "IntEnum" for base in node.bases)
