"""Experts that third parties bring: by entry point or by file, described without importing their code here."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from orchestrion.errors import OrchestrionError
from orchestrion.plans import TaskType
from orchestrion_host import programs, tensor_signatures
from orchestrion_host.catalogue import python_files, reader, task_type_files
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.catalogue.reader import CatalogueError

_log = logging.getLogger(__name__)

GROUP: Final = "orchestrion.experts"
"""The entry points by which packages bring experts: the expert's id, and its class."""

_DESCRIBING: Final = "orchestrion_host.worker.describing"
_LONGEST_IMPORT_S: Final = 120.0
_WORD_START: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Plugins:
    """What third parties bring to a host."""

    experts: tuple[ModelFacts, ...] = ()
    """Their experts."""
    task_types: Mapping[str, TaskType] = field(default_factory=dict)
    """The task types of these experts that the project does not define, by name."""


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where an expert comes from."""

    label: str
    """What it is called in the log and in errors."""
    name: str
    """Its id, where its facts give none."""
    target: str
    """Its class: `module:Class` or `/path/to/file.py:Class`."""
    file: Path
    """Its Python file."""
    facts_file: Path
    """The YAML file that has its facts, if it is there."""
    defaults: Mapping[str, str]
    """Facts that its package or file tells."""
    required: bool
    """Whether the host does not start without it: it was named by the operator."""


async def discover(files: Sequence[str], *, ids: Collection[str], own_task_types: Mapping[str, TaskType]) -> Plugins:
    """Finds the experts of installed packages and those of files.

    A package whose expert cannot be taken is left out with a line in the log.

    Args:
        files: What the operator named: `path/to/file.py:Class` or `module:Class`.
        ids: The ids of experts that there are already.
        own_task_types: The project's task types, by name.

    Raises:
        CatalogueError: An expert that the operator named cannot be taken; the message says why, and what cures it.
    """
    origins = [*_of_files(files), *_of_packages()]
    read = await asyncio.gather(*(_read(origin) for origin in origins), return_exceptions=True)
    experts: dict[str, ModelFacts] = {}
    task_types: dict[str, TaskType] = {}
    for origin, outcome in zip(origins, read, strict=True):
        try:
            if isinstance(outcome, BaseException):
                raise outcome
            if outcome.id in ids or outcome.id in experts:
                problem = f"there is an expert {outcome.id!r} already; give this one another id."
                raise CatalogueError(f"{origin.facts_file if origin.facts_file.is_file() else origin.file}: {problem}")
            brought = _task_types(origin, outcome, own_task_types, task_types)
        except CatalogueError as error:
            if origin.required:
                raise CatalogueError(f"{origin.label}: {error}") from error
            _log.warning("%s is left out: %s", origin.label, error)
        else:
            experts[outcome.id] = outcome
            task_types |= brought
            _log.info("%s is offered as %s", origin.label, outcome.id)
    return Plugins(tuple(experts.values()), task_types)


def _of_packages() -> list[_Origin]:
    origins = []
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name):
        package = f"{point.dist.name} {point.dist.version}" if point.dist else point.module
        label = f"the expert {point.name} of the package {package}"
        file = python_files.locate(point.module)
        if file is None:
            _log.warning("%s is left out: there is no module %s", label, point.module)
            continue
        defaults = {}
        if point.dist is not None:
            defaults = {"revision": point.dist.version, "license": _license(point.dist)}
        facts_file = file.with_name(f"{point.name}.yaml")
        target = f"{point.module}:{point.attr}"
        origins.append(_Origin(label, point.name, target, file, facts_file, defaults, required=False))
    return origins


def _license(package: metadata.Distribution) -> str:
    stated = package.metadata
    return stated["License-Expression"] if "License-Expression" in stated else ""  # noqa: SIM401 - It has no `get`.


def _of_files(files: Sequence[str]) -> list[_Origin]:
    origins = []
    for given_target in files:
        place, _, name = given_target.rpartition(":")
        label = f"experts: {given_target}"
        if not place or not name:
            raise CatalogueError(f"{label}: expected path/to/file.py:Class or module:Class.")
        if place.endswith(".py"):
            file = Path(place).expanduser().absolute()
            if not file.is_file():
                raise CatalogueError(f"{label}: there is no file {file}.")
            place = str(file)
        elif (located := python_files.locate(place)) is not None:
            file = located
        else:
            raise CatalogueError(f"{label}: there is no module {place}; install it, or name its file.")
        expert_id = _WORD_START.sub("-", name.rpartition(".")[2]).lower()
        origins.append(
            _Origin(
                label=label,
                name=expert_id,
                target=f"{place}:{name}",
                file=file,
                facts_file=file.with_name(f"{expert_id}.yaml"),
                # What the code was when something was measured of it, or a result kept.
                defaults={"revision": hashlib.sha256(file.read_bytes()).hexdigest()[:12]},
                required=True,
            )
        )
    return origins


async def _read(origin: _Origin) -> ModelFacts:
    """Reads the facts of an expert from its YAML file, or else from its class in a process of its own.

    Raises:
        CatalogueError: They cannot be read, or are wrong.
    """
    if origin.facts_file.is_file():
        place = origin.facts_file
        stated: Mapping[str, Any] = reader.read_yaml(origin.facts_file, dict[str, Any])
    else:
        place = origin.file
        stated = await _described(origin)
    fixed = {"runtime": "python", "model": origin.target}
    if wrong := next((name for name in fixed if name in stated), ""):
        raise CatalogueError(f"{place}: {wrong}: is not to be said of an expert written in Python; leave it out.")
    return reader.facts_of({"id": origin.name, **origin.defaults, **stated, **fixed}, str(place))


async def _described(origin: _Origin) -> Mapping[str, Any]:
    try:
        async with (
            asyncio.timeout(_LONGEST_IMPORT_S),
            contextlib.aclosing(programs.run(_DESCRIBING, [origin.target])) as lines,
        ):
            async for line in lines:
                if "result" in line:
                    stated: Mapping[str, Any] = line["result"]
                    return stated
    except TimeoutError as error:
        raise CatalogueError(f"{origin.file}: it takes longer than {_LONGEST_IMPORT_S:.0f} s to import.") from error
    except OrchestrionError as error:
        raise CatalogueError(f"{origin.file}: {error.message}") from error
    raise CatalogueError(f"{origin.file}: nothing came of reading it.")


def _task_types(
    origin: _Origin, facts: ModelFacts, own: Mapping[str, TaskType], others: Mapping[str, TaskType]
) -> dict[str, TaskType]:
    """Reads the task types that an expert brings: those of its own that the project does not define.

    Raises:
        CatalogueError: One of them is not defined anywhere, is wrong, or contradicts another definition.
    """
    if tensor_signatures.TASK_TYPE in facts.task_types and facts.tensors is None:
        text = f"{origin.file}: tensors: an expert of {tensor_signatures.TASK_TYPE} says which it takes and returns."
        raise CatalogueError(text)
    brought = {}
    for name in facts.task_types:
        path = origin.file.parent / task_type_files.FOLDER / f"{name}.yaml"
        before = own.get(name) or others.get(name)
        if not path.is_file():
            if before is None and name != tensor_signatures.TASK_TYPE:
                raise CatalogueError(f"{origin.file}: there is no task type {name!r}; define it in {path}.")
            continue
        definition = task_type_files.read(path)
        if before is not None and definition != before:
            whose = "the project's own" if name in own else "that of another expert here"
            raise CatalogueError(f"{path}: contradicts {whose} of that name; call it otherwise, or leave the file out.")
        if name not in own:
            brought[name] = definition
    return brought
