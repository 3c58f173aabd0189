"""The command line, one module a command. Exit codes are in `orchestrion.cli.exits`.

Commands load the client when they run, not when they are listed: `orchestrion --help` answers at once.
"""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Runs the command line; the `orchestrion` script calls this."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a sign shows another instead; it is no reason to fail.
            stream.reconfigure(errors="replace")
    try:
        from orchestrion.cli.app import app

        app()
    except KeyboardInterrupt:
        sys.exit(130)  # Before the command began, which ends with this code itself.
