"""The public names: all there, all lazy, the same for type checkers and at run time."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import orchestrion


def test_type_checkers_see_the_names_that_exist() -> None:
    tree = ast.parse(Path(orchestrion.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.name: f"{node.module}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }
    assert seen == {name: f"orchestrion.{module}" for name, module in orchestrion._MODULE_OF.items()}


def test_every_name_loads() -> None:
    for name in orchestrion._MODULE_OF:
        assert getattr(orchestrion, name).__name__ == name
    assert set(orchestrion._MODULE_OF) <= set(dir(orchestrion))
    with pytest.raises(AttributeError, match="no attribute 'Conductor'"):
        _ = orchestrion.Conductor


def test_import_loads_nothing_heavy() -> None:
    program = "import sys, orchestrion; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert not {"grpc", "google.protobuf", "numpy", "torch", "typer", "yaml"} & set(loaded)
