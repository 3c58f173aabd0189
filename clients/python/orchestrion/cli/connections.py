"""The client of a command: of a controller that runs, or of a private one."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from orchestrion.cli import exits

if TYPE_CHECKING:
    from orchestrion._sync.client import Client


def connect(
    address: str | None,
    *,
    embedded: bool = False,
    experts: Sequence[str] | None = None,
    llm_expert: str | None = None,
) -> contextlib.AbstractContextManager[Client]:
    """Gives a client of the controller at an address, or of a private controller with a host of its own.

    Args:
        address: The controller's; None for the default.
        embedded: Whether to start private servers.
        experts: Experts written in Python that the private host also offers.
        llm_expert: The expert of the private host that plans and answers; None for what is configured.

    Raises:
        OrchestrionError: The address is none, or the servers cannot be started.
        BadParameter: There are experts and no private servers to offer or to ask them.
    """
    if not embedded:
        if experts:
            raise typer.BadParameter("goes with --embedded; `orchestrion up` has it too", param_hint="'--expert'")
        if llm_expert:
            raise typer.BadParameter("goes with --embedded; `orchestrion up` has it too", param_hint="'--llm-expert'")
        from orchestrion._sync.client import Client

        return Client(address)
    from orchestrion._processes import platform

    exits.tell("Starting a private controller and model host …")
    return platform.embedded(experts=experts or (), llm_expert=llm_expert or "")


def request_of(text: str) -> str:
    """Returns the request; `-` stands for all of standard input."""
    return sys.stdin.read() if text == "-" else text
