"""The import rules that list packages by name list all of them: a new package cannot be forgotten."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "orchestrion": ROOT / "clients/python/orchestrion",
    "orchestrion_controller": ROOT / "controller/orchestrion_controller",
    "orchestrion_controller.planner": ROOT / "controller/orchestrion_controller/planner",
    "orchestrion_host": ROOT / "model_host/orchestrion_host",
}

CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
    "contracts"
]


def modules_of(package: str) -> set[str]:
    """Lists the modules and packages that lie directly in a package."""
    folder = FOLDERS[package]
    names = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/*.py")}
    return {f"{package}.{name}" for name in names - {"__init__"}}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            "The controller runs no model but the built-in planner's",
            (modules_of("orchestrion_controller") - {"orchestrion_controller.planner"})
            | (modules_of("orchestrion_controller.planner") - {"orchestrion_controller.planner.builtin"})
            | {"orchestrion_serving"},
        ),
        (
            "The controller tells languages apart in one place",
            (modules_of("orchestrion_controller") - {"orchestrion_controller.languages"}) | {"orchestrion_serving"},
        ),
        (
            "Only worker processes import machine learning libraries",
            modules_of("orchestrion_host") - {"orchestrion_host.worker"},
        ),
        (
            "Only the program that speaks to the Hub, and experts that do, import its client",
            (modules_of("orchestrion_host") - {"orchestrion_host.worker", "orchestrion_host.hub"})
            | {"orchestrion_serving"},
        ),
    ],
)
def test_a_rule_names_every_package_but_the_ones_that_may(rule: str, expected: set[str]) -> None:
    (contract,) = (contract for contract in CONTRACTS if contract["name"] == rule)
    assert set(contract["source_modules"]) == expected


def test_the_rule_for_the_gateway_names_every_private_package_of_the_sdk() -> None:
    (contract,) = (contract for contract in CONTRACTS if contract["name"] == "The gateway uses the public SDK alone")
    private = {name for name in modules_of("orchestrion") if name.startswith("orchestrion._")}
    assert set(contract["forbidden_modules"]) == private - {"orchestrion.__main__"}


def test_no_rule_has_exceptions() -> None:
    assert [contract["name"] for contract in CONTRACTS if "ignore_imports" in contract] == []


@pytest.mark.parametrize("package", [package for package in FOLDERS if package != "orchestrion"])
def test_a_package_that_is_listed_by_its_parts_imports_nothing_itself(package: str) -> None:
    tree = ast.parse((FOLDERS[package] / "__init__.py").read_text("utf-8"))
    assert [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)] == []
