"""The command line, one module a command. Exit codes are in `orchestrion.cli.exits`.

Commands load the client when they run, not when they are listed: `orchestrion --help` answers at once.
"""

from __future__ import annotations


def main() -> None:
    """Runs the command line; the `orchestrion` script calls this."""
    from orchestrion.cli.app import app

    app()
