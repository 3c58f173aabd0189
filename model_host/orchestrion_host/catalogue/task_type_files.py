"""Task types that come with an expert: YAML in the folder `task_types` beside its Python file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from orchestrion import task_types
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion_host.catalogue.reader import CatalogueError

FOLDER: Final = "task_types"
"""The folder beside an expert's Python file; the file of a task type is called as the task type is."""

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PARAMETER_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def read(path: Path) -> TaskType:
    """Reads and checks one file.

    Raises:
        CatalogueError: It cannot be read, or does not have the form of a task type; the message names the file.
    """
    try:
        task_type = task_types.read(path.read_text("utf-8"), str(path))
    except (OSError, ValueError) as error:
        raise CatalogueError(str(error) if str(path) in str(error) else f"{path}: {error}") from error
    if task_type.name != path.stem:
        raise CatalogueError(
            f"{path}: name: expected {path.stem!r}, as the file is called; task_type {task_type.name!r}."
        )
    if not _NAME.fullmatch(task_type.name):
        raise CatalogueError(f"{path}: name: expected lower-case words joined by `-`; task_type {task_type.name!r}.")
    if not task_type.description:
        raise CatalogueError(f"{path}: description: expected one or two sentences.")
    if not task_type.outputs:
        raise CatalogueError(f"{path}: outputs: expected at least one.")
    for field, parameters in (("inputs", task_type.inputs), ("outputs", task_type.outputs)):
        _check(parameters, f"{path}: {field}")
    return task_type


def _check(parameters: tuple[Parameter, ...], place: str) -> None:
    names = [parameter.name for parameter in parameters]
    for parameter in parameters:
        if not _PARAMETER_NAME.fullmatch(parameter.name):
            raise CatalogueError(f"{place}: name: expected lower_snake_case; task_type {parameter.name!r}.")
        if names.count(parameter.name) > 1:
            raise CatalogueError(f"{place}: there are two named {parameter.name!r}.")
        if parameter.kind is ParameterKind.UNSPECIFIED:
            raise CatalogueError(f"{place}: {parameter.name}: kind: `unspecified` is none.")
