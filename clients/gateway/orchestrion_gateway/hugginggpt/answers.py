"""Answers as HuggingGPT gives them: `{"message": …}`, in which files stand as paths that the gateway serves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from orchestrion import Answer, Artifact, AsyncClient, OrchestrionError
from orchestrion.errors import REFUSALS, Reason
from orchestrion_gateway.errors import described
from orchestrion_gateway.hugginggpt.paths import path_of

FOR_THE_PERSON: Final = REFUSALS | {Reason.MISSING_INPUT.name, Reason.NO_EXPERT.name}
"""Why a request is not carried out, where the person can put it otherwise or bring what is missing: what is said of it
is an answer in words, as it is there.
"""


async def of_run(answer: Answer, files: Iterable[Artifact], client: AsyncClient) -> dict[str, Any]:
    """Returns the answer of a run.

    Args:
        answer: The answer, which calls files by their names.
        files: Those of the conversation.
        client: The client of the controller, which knows the others.

    Raises:
        NotFoundError: A file that the answer names was deleted at once.
    """
    attached = {file.name: file for file in files}
    named = [attached[name] if name in attached else await client.artifacts.get(name) for name in answer.artifacts]
    made = [file for file in named if file.name not in attached]
    text = with_paths(answer.text, _by_name([*attached.values()], answer.run) | _by_name(made, answer.run))
    # Whatever the words are like, each file that is part of the answer can be seen.
    missing = [path for file in named if (path := path_of(file, answer.run)) not in text]
    return {"message": "\n".join((text, *missing))}


def of_refusal(error: OrchestrionError, files: Iterable[Artifact]) -> dict[str, Any]:
    """Returns what is said of a request that is not carried out; `refusal` tells programs that it is not."""
    paths = _by_name([*files], "")
    return {"message": with_paths(error.message, paths), "refusal": _worded(described(error)["error"], paths)}


def with_paths(text: str, paths: Mapping[str, str]) -> str:
    """Returns a text with paths in the place of file names."""
    if not paths:
        return text
    names = "|".join(re.escape(name) for name in sorted(paths, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w./-])(?:{names})(?![\w-]|\.\w)", re.ASCII)
    return pattern.sub(lambda match: paths[match[0]], text)


def _by_name(files: list[Artifact], run: str) -> dict[str, str]:
    """Returns the paths of files by their names; a name of several stays a name, since nobody knows which is meant."""
    names = [file.file_name for file in files]
    return {file.file_name: path_of(file, run) for file in files if file.file_name and names.count(file.file_name) == 1}


def _worded(data: Any, paths: Mapping[str, str]) -> Any:
    if isinstance(data, str):
        return with_paths(data, paths)
    if isinstance(data, Mapping):
        return {key: _worded(item, paths) for key, item in data.items()}
    return [_worded(item, paths) for item in data] if isinstance(data, list) else data
