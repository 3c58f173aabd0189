"""Names of the files that a run makes: no two files of a conversation have one name, so that answers can name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

from orchestrion.plans import Plan, TaskResult
from orchestrion.runs import Artifact
from orchestrion.values import artifacts


def made(plan: Plan, results: Mapping[str, TaskResult]) -> tuple[str, ...]:
    """Lists the artifacts that a run's tasks made, each once, in plan order."""
    outputs = (results[task.id].outputs for task in plan.tasks if task.id in results)
    return tuple(dict.fromkeys(name for named in outputs for value in named.values() for name in artifacts(value)))


def distinct(files: Sequence[Artifact], taken: Iterable[str]) -> Mapping[str, str]:
    """Gives files names of their own: the first of a name keeps it, the next are numbered as downloads are.

    Args:
        files: The files that a run made, in plan order.
        taken: The names of other files of the conversation.

    Returns:
        The new file names, by artifact, of those that get one.
    """
    used = {name.casefold() for name in taken}
    renamed: dict[str, str] = {}
    for file in files:
        path, number, name = PurePath(file.file_name), 0, file.file_name
        while name.casefold() in used:
            number += 1
            name = f"{path.stem}-{number}{path.suffix}"
        used.add(name.casefold())
        if name != file.file_name:
            renamed[file.name] = name
    return renamed
