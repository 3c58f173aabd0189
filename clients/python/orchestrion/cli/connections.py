"""The client of a command: of a controller that runs, or of a private one."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from orchestrion.cli import exits

if TYPE_CHECKING:
    from orchestrion._sync.client import Client


def connect(address: str | None, *, embedded: bool = False) -> contextlib.AbstractContextManager[Client]:
    """Gives a client of the controller at an address, or of a private controller with a host of its own.

    Raises:
        OrchestrionError: The address is none, or the servers cannot be started.
    """
    if not embedded:
        from orchestrion._sync.client import Client

        return Client(address)
    from orchestrion._processes import platform

    exits.tell("Starting a private controller and model host …")
    return platform.embedded()


def request_of(text: str) -> str:
    """Returns the request; `-` stands for all of standard input."""
    return sys.stdin.read() if text == "-" else text
