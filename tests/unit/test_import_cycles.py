"""No module of ours imports, by whatever way round, a module that imports it: a reader can begin at any of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGES = (
    "orchestrion",
    "orchestrion_gateway",
    "orchestrion_serving",
    "orchestrion_controller",
    "orchestrion_host",
    "orchestrion_evaluation",
)


def modules_of(package: str) -> Iterator[tuple[str, Path]]:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    for path in folder.rglob("*.py"):
        name = ".".join(path.relative_to(folder.parent).with_suffix("").parts)
        yield name.removesuffix(".__init__"), path


def imports_of(module: ast.Module, names: set[str]) -> Iterator[str]:
    """The modules that one imports, at its top and inside functions, where a circle only hides."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                yield inside if inside in names else node.module


def test_no_module_is_part_of_a_circle_of_imports() -> None:
    paths = dict(module for package in PACKAGES for module in modules_of(package))
    graph = {
        name: {other for other in imports_of(ast.parse(path.read_text("utf-8")), set(paths)) if other in paths} - {name}
        for name, path in paths.items()
    }
    assert len(graph) > 500
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("circle of imports: " + " -> ".join(error.args[1]))
