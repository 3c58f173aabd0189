"""The line that a person types: edited, completed, and remembered from one chat to the next."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    import types

_SIGN: Final = "> "
_REMEMBERED: Final = 1_000
"""How many lines are remembered."""


def history_path() -> Path:
    """Returns where the lines are remembered: in the platform's folder for state of this user."""
    import platformdirs

    return platformdirs.user_state_path("orchestrion") / "chat_history"


class Prompt:
    """Reads lines from the terminal. Used as a context manager, which reads and writes the history."""

    def __init__(self, commands: Sequence[str], path: Path | None = None) -> None:
        """Prepares the editing of lines.

        Args:
            commands: What may be completed at the beginning of a line.
            path: The file of the history; None for `history_path()`.
        """
        self._commands = tuple(commands)
        self._path = path or history_path()
        self._readline = _readline()
        self._offers: list[str] = []

    def __enter__(self) -> Self:
        """Reads the history, if there is one."""
        if self._readline is not None:
            self._readline.set_auto_history(False)
            self._readline.set_history_length(_REMEMBERED)
            # A text of several lines that is pasted is one line to edit, and is sent only by Enter.
            self._readline.parse_and_bind("set enable-bracketed-paste on")
            self._readline.parse_and_bind("tab: complete")
            self._readline.set_completer_delims("")
            self._readline.set_completer(self._complete)
            with contextlib.suppress(OSError):
                self._readline.read_history_file(self._path)
        return self

    def __exit__(self, *_: object) -> None:
        if self._readline is None:
            return
        self._readline.set_completer(None)
        # A chat works where its history cannot be kept.
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Made before it is written, so that nobody else can read it at any moment.
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
            self._path.chmod(0o600)
            self._readline.write_history_file(self._path)
            self._path.chmod(0o600)

    def read(self) -> str | None:
        """Reads what the person typed, or pasted; None when they leave with Ctrl-D.

        Raises:
            KeyboardInterrupt: Ctrl-C, which drops the line.
        """
        try:
            line = input(_SIGN)
        except EOFError:
            print()
            return None
        if self._readline is not None and line.strip():
            self._readline.add_history(" ".join(line.splitlines()))
        return line

    def _complete(self, text: str, number: int) -> str | None:
        if number == 0:
            self._offers = self._offered(text)
        return self._offers[number] if number < len(self._offers) else None

    def _offered(self, text: str) -> list[str]:
        command, space, path = text.partition(" ")
        if not space:
            return [f"{name} " for name in self._commands if name.startswith(text)] if text.startswith("/") else []
        if command not in ("/file", "/save"):
            return []
        folder, name = os.path.split(os.path.expanduser(path))
        with contextlib.suppress(OSError):
            entries = sorted(entry for entry in Path(folder or ".").iterdir() if entry.name.startswith(name))
            head = path[: len(path) - len(name)]
            return [f"{command} {head}{entry.name}{'/' if entry.is_dir() else ''}" for entry in entries]
        return []


def _readline() -> types.ModuleType | None:
    try:
        import readline
    except ImportError:
        return None  # Not on Windows; lines are then read as they are.
    return readline
