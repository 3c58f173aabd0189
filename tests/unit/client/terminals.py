"""A pseudo-terminal with a command in it, and the screen that a person would see."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from rich.cells import cell_len

_TIMEOUT_S: Final = 40.0
_SEQUENCE: Final = re.compile(r"\x1b\[([?>]?)([0-9;]*)([A-Za-z])|\x1b[()][A-Z0-9]|\x1b[=>]")
# Makes the pseudo-terminal the one whose Ctrl-C reaches the command.
_LAUNCH: Final = (
    "import fcntl, os, sys, termios\nfcntl.ioctl(0, termios.TIOCSCTTY, 0)\nos.execvp(sys.argv[1], sys.argv[1:])"
)


class Screen:
    """What is on a terminal: as much of its control codes as the command line uses."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[str] = [""]
        self.cursor_shown = True
        self.too_wide: list[str] = []
        """Lines that went past the width."""
        self._row = self._column = 0

    def feed(self, text: str) -> None:
        """Takes what a program wrote."""
        place = 0
        while place < len(text):
            if match := _SEQUENCE.match(text, place):
                self._steer(match)
                place = match.end()
            else:
                self._put(text[place])
                place += 1

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)

    def _steer(self, match: re.Match[str]) -> None:
        private, number, letter = match.group(1) or "", match.group(2) or "", match.group(3) or ""
        if private == "?" and number == "25":
            self.cursor_shown = letter == "h"
        elif letter == "A":
            self._row = max(self._row - int(number or 1), 0)
        elif letter == "K":
            self.lines[self._row] = "" if number == "2" else self.lines[self._row][: self._column]

    def _put(self, letter: str) -> None:
        if letter == "\n":
            self._row += 1
            if self._row == len(self.lines):
                self.lines.append("")
        elif letter == "\r":
            self._column = 0
        elif letter >= " ":
            line = self.lines[self._row]
            self.lines[self._row] = line[: self._column].ljust(self._column) + letter + line[self._column + 1 :]
            self._column += 1
            if cell_len(self.lines[self._row].rstrip()) > self.width:
                self.too_wide.append(self.lines[self._row])


class Terminal:
    """Runs a command in a terminal of a size. Used as a context manager, which ends the command."""

    def __init__(
        self,
        command: Sequence[str],
        width: int,
        height: int = 40,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.screen = Screen(width)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self._before = termios.tcgetattr(slave)
        self._slave = slave
        # What the terminal of the test run says of its size is not true of this one.
        inherited = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
        own = {**inherited, "TERM": "xterm-256color", "LANG": "C.UTF-8", **(environment or {})}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, *command],
            stdin=slave, stdout=slave, stderr=slave, env=own, cwd=folder, start_new_session=True,
        )  # fmt: skip
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)
        os.close(self._slave)

    def type(self, text: str) -> None:
        """Presses keys."""
        os.write(self._master, text.encode())

    def until(self, text: str) -> None:
        """Reads until the screen has shown a text."""
        self.until_true(lambda: text in self.screen.text, f"{text!r} was never shown")

    def until_true(self, look: Callable[[], bool], complaint: str = "it was never so") -> None:
        """Reads until something is true; looks again whenever the command has written."""
        end = time.monotonic() + _TIMEOUT_S
        while not look():
            assert self._read(end), f"{complaint}:\n{self.screen.text}"

    def finish(self) -> int:
        """Reads to the end of the command, and returns its exit code."""
        end = time.monotonic() + _TIMEOUT_S
        with os.fdopen(os.pidfd_open(self._process.pid)) as ended:
            while not select.select([ended], [], [], 0)[0]:
                assert self._read(end, ended.fileno()), f"it did not end:\n{self.screen.text}"
            while select.select([self._master], [], [], 0)[0]:
                self._read(end)
        return self._process.wait()

    def restored(self) -> bool:
        """Tells whether the keyboard is as it was, and the cursor shown."""
        return self.screen.cursor_shown and termios.tcgetattr(self._slave) == self._before

    def _read(self, end: float, *others: int) -> bool:
        ready = select.select([self._master, *others], [], [], max(end - time.monotonic(), 0))[0]
        if self._master in ready:
            self._rest += os.read(self._master, 1 << 16)
            # A control code or a letter may have come in halves.
            whole = self._rest.decode("utf-8", "ignore")
            cut = whole.rfind("\x1b") if re.search(r"\x1b\[?[?>]?[0-9;]*$", whole) else len(whole)
            self.screen.feed(whole[:cut])
            self._rest = self._rest[len(whole[:cut].encode()) :]
        return bool(ready)
