"""Text files as inputs: a TEXT input gets the content of a text artifact, not its name."""

from __future__ import annotations

import asyncio
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import ParameterKind, Task, TaskType
from orchestrion.values import ArtifactRef, Value, artifacts
from orchestrion_controller.artifacts.artifacts import OwnedArtifacts
from orchestrion_controller.artifacts.encodings import decode
from orchestrion_controller.executor.inputs import Inputs

MOST_BYTES: Final = 1 << 20
"""The largest file that is read as one text."""
MOST_BYTES_A_CALL: Final = 4 << 20
"""Bytes of text from files in one call at most: its inputs are one gRPC message, which is limited to 8 MiB."""
MOST_BYTES_A_RUN: Final = 64 << 20
"""Bytes of all text files of one run at most: they stay in memory until it ends."""


class Texts:
    """The text files of one run, each read once, however many tasks take it."""

    def __init__(self, store: OwnedArtifacts) -> None:
        """Keeps the store; reads nothing yet."""
        self._store = store
        self._texts: dict[str, str] = {}
        self._size_bytes = 0
        self._reading = asyncio.Lock()

    async def read(self, task: Task, task_type: TaskType, inputs: Inputs) -> Inputs:
        """Replaces artifacts in inputs of kind TEXT by their content.

        Args:
            task: The task, for messages.
            task_type: What it is of.
            inputs: Its inputs, without references; a list keeps its shape.

        Raises:
            InvalidArgumentError: A file is too large or no text.
            NotFoundError: A file was deleted.
        """
        names = {name: tuple(artifacts(value)) for name, value in inputs.items() if _is_text(task_type, name)}
        if not any(names.values()):
            return inputs
        async with self._reading:
            for name, artifact_names in names.items():
                for artifact_name in artifact_names:
                    await self._load(task, f"inputs.{name}", artifact_name)
        size = 0
        for name, artifact_names in names.items():
            sizes = [len(self._texts[artifact_name].encode()) for artifact_name in artifact_names]
            # A list input is sent in one call; any other list unfolds into one call per item.
            size += sum(sizes) if _is_repeated(task_type, name) else max(sizes, default=0)
            if size > MOST_BYTES_A_CALL:
                message = f"the text files for one call have {size} bytes, and may have {MOST_BYTES_A_CALL}"
                raise _error(task, f"inputs.{name}", f"{message}; give fewer at once.", size)
        return {name: self._replaced(value) if name in names else value for name, value in inputs.items()}

    async def _load(self, task: Task, field: str, name: str) -> None:
        if name in self._texts:
            return
        artifact = await self._store.get(name, field=field)
        if artifact.size_bytes > MOST_BYTES:
            message = f"{artifact.file_name} has {artifact.size_bytes} bytes, and a text may have {MOST_BYTES}"
            raise _error(task, field, f"{message}; attach a part of it.", artifact.size_bytes)
        size = self._size_bytes + artifact.size_bytes
        if size > MOST_BYTES_A_RUN:
            message = f"the text files of this run have {size} bytes, and may have {MOST_BYTES_A_RUN}"
            raise _error(task, field, f"{message}; ask in several requests.", size)
        content = b"".join([chunk async for chunk in self._store.read(artifact)])
        # Detecting a legacy encoding takes a tenth of a second for a large file.
        text = await asyncio.to_thread(decode, content)
        if text is None:
            message = f"{artifact.file_name} is {artifact.media_type}, but its content is no text that can be read"
            raise _error(task, field, f"{message}; save it as UTF-8 and attach it again.")
        self._texts[name], self._size_bytes = text, size

    def _replaced(self, value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(self._replaced(item) for item in value)
        return self._texts[value.name] if isinstance(value, ArtifactRef) else value


def _is_text(task_type: TaskType, name: str) -> bool:
    parameter = task_type.input(name)
    return parameter is not None and parameter.kind is ParameterKind.TEXT


def _is_repeated(task_type: TaskType, name: str) -> bool:
    parameter = task_type.input(name)
    return parameter is not None and parameter.repeated


def _error(task: Task, field: str, what: str, size_bytes: int | None = None) -> OrchestrionError:
    figures = {} if size_bytes is None else {"size_bytes": str(size_bytes)}
    return Reason.INVALID_INPUT.error(f"Task {task.id!r}: {field}: {what}", figures, task_id=task.id, field=field)
