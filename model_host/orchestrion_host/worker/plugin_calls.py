"""Calls as plug-ins see them, over the worker's own, and their outputs as frames carry them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from orchestrion.values import Json
from orchestrion_host import ipc
from orchestrion_host.plugins import Call as PluginCall
from orchestrion_host.plugins import File, Input
from orchestrion_host.worker.call import Call

_CHUNK_BYTES: Final = 1 << 20


class WorkerCall(PluginCall):
    """One call of a worker, for an expert of a plug-in."""

    def __init__(self, call: Call, datatypes: Mapping[str, str] | None = None) -> None:
        """Reads the inputs.

        Args:
            call: The worker's own call.
            datatypes: The kinds of tensors among the outputs, by their names, where they are declared.
        """
        self._datatypes = datatypes or {}
        self.task_type = call.task_type
        self.inputs = {name: _input(value) for name, value in call.inputs.items() if ipc.tensor_of(value) is None}
        self._call = call
        self._written: dict[Path, ipc.Plain] = {}

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the outputs any more."""
        return self._call.cancelled

    def wait(self, seconds: float) -> None:
        """Sleeps, and wakes up at once when the call is cancelled; errors as `Call.wait`."""
        self._call.wait(seconds)

    def progress(self, message: str, fraction: float | None = None) -> None:
        """Tells what is being done, and how far it is, 0 to 1."""
        self._call.progress(message, fraction)

    def stream(self, output: str, text: str) -> None:
        """Sends the next piece of a text output."""
        self._call.text_piece(output, text)

    def preview(self, media_type: str, content: bytes) -> None:
        """Sends a first look at an output."""
        self._call.preview(media_type, content)

    def tensor(self, name: str) -> Any:
        """Returns an input that is a tensor, as an array."""
        # NumPy is imported for experts of tensors alone.
        from orchestrion_host.worker.tensor_arrays import array_of

        return array_of(self._call, name)

    def new_file(self, content: bytes | Iterable[bytes], media_type: str, file_name: str) -> File:
        """Writes an output file."""
        plain = self._call.spool.write([content] if isinstance(content, bytes) else content, media_type, file_name)
        media = ipc.media_of(plain)
        assert media is not None  # noqa: S101 - The spool writes nothing else.
        file = File(Path(media.path), media_type, file_name, media.size_bytes)
        self._written[file.path] = plain
        return file

    def plain(self, value: object, output: str) -> ipc.Plain:
        """Returns an output as frames carry it.

        Raises:
            TypeError: It is of no kind that outputs have.
        """
        if isinstance(value, File):
            # A file of the caller's, handed on, stays where it is: the host takes written files away.
            written = self._written.get(value.path)
            return written or self._call.spool.write(_chunks(value.path), value.media_type, value.file_name)
        if isinstance(value, Json):
            return {"json": value.data}
        if isinstance(value, Mapping):
            return {"json": dict(value)}
        if isinstance(value, list | tuple):
            return [self.plain(item, output) for item in value]
        if isinstance(value, bool | str):
            return value
        if isinstance(value, int | float):
            return float(value)
        if hasattr(value, "__array__"):
            from orchestrion_host.worker.tensor_arrays import plain_of

            return plain_of(value, self._datatypes.get(output, ""))
        raise TypeError(
            f"output `{output}` is of the type {type(value).__name__}; outputs are str, int, float, bool, Json, "
            "mappings, File, or lists of these"
        )


def _input(value: ipc.Plain) -> Input:
    media = ipc.media_of(value)
    if media is not None:
        return File(Path(media.path), media.media_type, media.file_name, media.size_bytes)
    if isinstance(value, dict):
        return Json(value["json"])
    if isinstance(value, list | tuple):
        return [_input(item) for item in value]
    scalar: str | float | bool = value
    return scalar


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def outputs_of(call: WorkerCall, outputs: object) -> dict[str, ipc.Plain]:
    """Returns the outputs of a call as frames carry them; an output of None is one that is left out.

    Raises:
        TypeError: They are no mapping, or one of them is of no kind that outputs have.
    """
    if not isinstance(outputs, Mapping):
        raise TypeError(
            f"the outputs are of the type {type(outputs).__name__}; a mapping of names to values is expected"
        )
    return {str(name): call.plain(value, name) for name, value in outputs.items() if value is not None}
