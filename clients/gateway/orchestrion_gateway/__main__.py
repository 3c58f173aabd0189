"""Runs a gateway: `python -m orchestrion_gateway`, which is `orchestrion gateway`."""

from __future__ import annotations

import typer

from orchestrion_gateway.command import gateway

if __name__ == "__main__":
    typer.run(gateway)
