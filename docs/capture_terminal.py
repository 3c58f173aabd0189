"""Captures the command line for docs/terminal.md: `make captures`; `--print` leaves the page alone.

Each request of `captures.yaml` is asked by `orchestrion ask` in a pseudo-terminal of 80 columns, of one private
platform with the starter experts; what the terminal shows at the end is the capture, as it is.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

import orchestrion
from docs.screen import Screen

COLUMNS: Final = 80
_ROWS: Final = 100
_TIMEOUT_S: Final = 180.0
_QUIET_S: Final = 0.5
"""After so long without output, a line that ends in a question waits for an answer."""
_QUESTION: Final = "] "
_REFUSED: Final = "refusals"
"""The section of requests that are refused, at first."""
_FOLDER: Final = Path(__file__).parent
_ROOT: Final = _FOLDER.parent
_PAGE: Final = _FOLDER / "terminal.md"
_FILES: Final = (_ROOT / "examples" / "pictures", _ROOT / "benchmarks" / "requests" / "files")


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to be captured."""

    request: str
    files: Sequence[str] = ()
    """The names of its files."""
    reply: str = "n"
    """What is typed where the command asks."""

    @property
    def arguments(self) -> list[str]:
        """Those of the command line."""
        return ["ask", self.request, *(argument for name in self.files for argument in ("-f", name))]

    @property
    def line(self) -> str:
        """The command, as it is typed."""
        return " ".join(["$ orchestrion ask", f'"{self.request}"', *(f"-f {name}" for name in self.files)])


def captured(ask: Ask, address: str, folder: Path) -> tuple[list[str], bool]:
    """Runs a command; returns the lines on the terminal when it has ended, and whether anything was refused in them.

    Raises:
        TimeoutError: It did not end in time.
    """
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, COLUMNS, 0, 0))
    environment = {**os.environ, "ORCHESTRION_CONTROLLER": address, "TERM": "xterm", "NO_COLOR": "1"}
    environment |= {"PYTHONIOENCODING": "utf-8", "LC_ALL": "C.UTF-8", "COLUMNS": str(COLUMNS), "LINES": str(_ROWS)}
    command = [str(Path(sys.executable).parent / "orchestrion"), *ask.arguments]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    )
    os.close(terminal)
    try:
        written = _read(controller, ask.reply)
        process.wait(_TIMEOUT_S)
    finally:
        process.kill()
        os.close(controller)
    screen = Screen(COLUMNS)
    screen.write(written)
    return screen.lines, "✗" in written


def _read(controller: int, reply: str) -> str:
    written, until = b"", time.monotonic() + _TIMEOUT_S
    while time.monotonic() < until:
        ready, _, _ = select.select([controller], [], [], _QUIET_S)
        if not ready:
            if written.decode("utf-8", "replace").endswith(_QUESTION):
                os.write(controller, f"{reply}\n".encode())
            continue
        try:
            part = os.read(controller, 65_536)
        except OSError:  # Linux says so where the other end is closed.
            part = b""
        if not part:
            return written.decode("utf-8")
        written += part
    raise TimeoutError(f"no end after {_TIMEOUT_S:g} s: {written.decode('utf-8', 'replace')[-500:]}")


def _asks() -> Mapping[str, Sequence[Ask]]:
    data: Any = yaml.safe_load((_FOLDER / "captures.yaml").read_text("utf-8"))
    return {section: [Ask(**entry) for entry in entries] for section, entries in data.items()}


def _with_captures(page: str, section: str, text: str) -> str:
    """Puts captures between the marks of their section."""
    begin, end = f"<!-- captures: {section} -->\n", f"<!-- end of captures: {section} -->\n"
    before, begins, rest = page.partition(begin)
    _, ends, after = rest.partition(end)
    if not (begins and ends):
        raise ValueError(f"{_PAGE.name} lacks `{begin.strip()}` and `{end.strip()}`")
    return f"{before}{begin}\n{text}\n{end}{after}"


def main(argv: Sequence[str] | None = None) -> int:
    """Captures all; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", help="write the captures to standard output, not into the page")
    only_printed = parser.parse_args(argv).print
    page = _PAGE.read_text("utf-8")
    with tempfile.TemporaryDirectory(prefix="captures-") as scratch, orchestrion.embedded() as client:
        for section, asks in _asks().items():
            blocks = []
            for number, ask in enumerate(asks):
                # A folder of its own for each, so that no file made before takes a name.
                folder = Path(scratch) / f"{section}-{number}"
                folder.mkdir()
                for name in ask.files:
                    source = next(file for where in _FILES if (file := where / name).is_file())
                    shutil.copy(source, folder / name)
                lines, is_refused = captured(ask, client.address, folder)
                fault = "" if is_refused is (section == _REFUSED) else "; this is none of them: choose another request"
                sys.stderr.write(f"{section} {number + 1} of {len(asks)}{fault}\n")
                blocks.append("\n".join(["```text", ask.line, *lines, "```", ""]))
            text = "\n".join(blocks)
            if only_printed:
                sys.stdout.write(f"{section}\n\n{text}\n")
            page = _with_captures(page, section, text)
    if not only_printed:
        _PAGE.write_text(page, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
