"""One call as the author of an expert sees it: typed inputs, whether anybody still waits, ways to tell how it goes."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import Json


@dataclass(frozen=True, slots=True)
class File:
    """An image, a sound, a video or a document: an input, or an output that `Call.new_file` wrote."""

    path: Path
    """Where it lies; an input's file is read only, and gone after the call."""
    media_type: str
    """Such as `image/png`."""
    file_name: str = ""
    """What a person calls it; empty where nobody said."""
    size_bytes: int = 0
    """Its size, in bytes."""

    def read(self) -> bytes:
        """Reads all of it."""
        return self.path.read_bytes()


Input: TypeAlias = "str | float | bool | Json | File | Sequence[Input]"
"""An input, by its kind: TEXT, NUMBER, BOOLEAN, JSON, media, or a list of these."""

Output: TypeAlias = "str | int | float | bool | Json | Mapping[str, object] | File | Sequence[Output]"
"""An output. A mapping is structured data, as `Json(mapping)` is; a list that is structured data is `Json(list)`."""

Outputs: TypeAlias = "Mapping[str, Output | None]"
"""The outputs of one call by name, as the task type declares them; an optional one that is None is left out."""


class Call(abc.ABC):
    """One call on an expert: an item of a batch."""

    task_type: str
    """The task type that its inputs belong to."""
    inputs: Mapping[str, Input]
    """The inputs by name, checked against the task type; an optional one that was left out is missing."""

    @property
    @abc.abstractmethod
    def cancelled(self) -> bool:
        """Whether nobody waits for the outputs any more."""

    @abc.abstractmethod
    def wait(self, seconds: float) -> None:
        """Sleeps, and wakes up at once when the call is cancelled.

        Raises:
            RunCancelledError: It was cancelled meanwhile.
        """

    @abc.abstractmethod
    def progress(self, message: str, fraction: float | None = None) -> None:
        """Tells the person who waits what is being done, and how far it is, 0 to 1."""

    @abc.abstractmethod
    def stream(self, output: str, text: str) -> None:
        """Sends the next piece of a text output; the output itself is still returned at the end, whole."""

    @abc.abstractmethod
    def preview(self, media_type: str, content: bytes) -> None:
        """Sends a first look at an output, at most 64 KiB; a larger one is left out."""

    @abc.abstractmethod
    def new_file(self, content: bytes | Iterable[bytes], media_type: str, file_name: str) -> File:
        """Writes an output file.

        Args:
            content: The content, whole or in pieces.
            media_type: Such as `image/png`.
            file_name: What a person would call it, such as `palette.png`.
        """

    @abc.abstractmethod
    def tensor(self, name: str) -> Any:  # An array of NumPy, which the host's own process does not import.
        """Returns an input of an expert that takes tensors, as an array of NumPy that cannot be written.

        BF16 is single precision there, and BYTES an array of objects, each of them `bytes`.

        Raises:
            InvalidArgumentError: The call does not bring it.
        """

    def raise_if_cancelled(self) -> None:
        """Ends the computation where nobody waits for it any more; to be called between its steps.

        Raises:
            RunCancelledError: Nobody does.
        """
        if self.cancelled:
            raise Reason.CANCELLED.error("The call was cancelled.")

    def text(self, name: str, default: str = "") -> str:
        """Returns a text input, or the default where the call does not bring it."""
        value = self.inputs.get(name, default)
        return value if isinstance(value, str) else default

    def number(self, name: str, default: float = 0.0) -> float:
        """Returns a number input, or the default where the call does not bring it."""
        value = self.inputs.get(name, default)
        return float(value) if isinstance(value, int | float) else default

    def flag(self, name: str, default: bool = False) -> bool:
        """Returns a truth value, or the default where the call does not bring it."""
        value = self.inputs.get(name, default)
        return value if isinstance(value, bool) else default

    def file(self, name: str) -> File:
        """Returns a media input.

        Raises:
            InvalidArgumentError: The call does not bring it.
        """
        value = self.inputs.get(name)
        if not isinstance(value, File):
            raise self.bad_input(name, "is missing, or no artifact.")
        return value

    def bad_input(self, name: str, problem: str) -> OrchestrionError:
        """Builds the error, to be raised, that says what is wrong with an input; another expert is not tried then.

        Args:
            name: The input.
            problem: The rest of the sentence that begins with its name, such as `is no table.`
        """
        return Reason.INVALID_INPUT.error(f"Input `{name}` {problem}", field=f"inputs.{name}")
