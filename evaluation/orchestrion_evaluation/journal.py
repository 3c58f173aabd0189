"""The journal of an evaluation: what is done is on the disk at once, so that a second start goes on from there."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Self

from orchestrion.errors import Reason
from orchestrion_evaluation.outcomes import Outcome

_VERSION = 1


def key_of(parts: Iterable[str]) -> str:
    """Returns the digest of what makes two evaluations the same: samples, tools, planner."""
    digest = hashlib.sha256(f"{_VERSION}".encode())
    for part in parts:
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()


class OutcomeJournal:
    """A file of JSON lines: the key, then each outcome as it comes. Used as a context manager, which closes it."""

    def __init__(self, path: Path, key: str, *, restart: bool = False) -> None:
        """Opens the journal beside an output, or begins one.

        Args:
            path: Where it is.
            key: What `key_of` returned for this evaluation.
            restart: Whether what is in it is given up.

        Raises:
            InvalidArgumentError: It is another evaluation's.
            OSError: It cannot be read or written.
        """
        self._path = path
        self.done: dict[int, Outcome] = {}
        """What became of samples earlier, by number. Failures that may pass are left out: they are planned again."""
        kept = "" if restart else self._read(key)
        self._file: IO[str] = path.open("a" if kept else "w", encoding="utf-8")
        if not kept:
            self._write({"key": key})

    def add(self, number: int, outcome: Outcome) -> None:
        """Writes an outcome, and hands it to the system: it stays when this process is killed."""
        self._write({"sample": number, "outcome": outcome.to_json()})
        self.done[number] = outcome

    def __enter__(self) -> Self:
        """Returns the journal."""
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _write(self, data: dict[str, object]) -> None:
        self._file.write(json.dumps(data, ensure_ascii=False) + "\n")
        self._file.flush()

    def _read(self, key: str) -> str:
        """Reads what is there, and cuts off a last line that was not written whole; returns the text kept."""
        text = self._path.read_text("utf-8", errors="replace") if self._path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        head, *lines = whole.splitlines() or [""]
        if not head:
            return ""
        try:
            own_key = json.loads(head)["key"]
        except (ValueError, KeyError, TypeError):
            own_key = ""
        if own_key != key:
            message = (
                f"{self._path} is of an evaluation with other samples, tools or another planner: "
                "give another --output, or --restart to drop it."
            )
            raise Reason.INVALID_FIELD.error(message, field="output")
        for line in lines:
            # A line that is no outcome is as good as none: the sample is planned again.
            with contextlib.suppress(ValueError, KeyError, TypeError):
                data = json.loads(line)
                outcome = Outcome.from_json(data["outcome"])
                if outcome.passing:
                    self.done.pop(data["sample"], None)
                else:
                    self.done[data["sample"]] = outcome
        if whole != text:
            self._path.write_text(whole, "utf-8")
        return whole
