"""Runs a gateway: `python -m orchestrion_gateway`, which is `orchestrion gateway`."""

from __future__ import annotations

import os
import signal


def main() -> None:
    """Serves until SIGTERM or SIGINT."""
    # Before what takes a second to import: until it serves, there is nothing to undo.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    import typer

    from orchestrion_gateway.command import gateway

    typer.run(gateway)


if __name__ == "__main__":
    main()
