"""`orchestrion models refresh`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrion.cli import exits, options
from orchestrion.cli.models import host_access


def refresh(
    experts: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Only these.  [default: all of the Hub]", autocompletion=host_access.experts),
    ] = None,
    *,
    host: host_access.Host = None,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """Bring downloads, likes, licences and sizes up to date from the Hub."""
    with exits.handled():
        from orchestrion.cli.models import progress

        with host_access.reach(address, host) as client, progress.choose(json=json, steps=True) as view:
            refreshed = progress.follow(view, "refresh", client.models.refresh(experts or ()))
        if not refreshed:
            exits.tell("Nothing could be brought up to date.")
            raise typer.Exit(exits.ExitCode.FAILED)
        if not json:
            print(f"The facts of {len(refreshed)} model{'' if len(refreshed) == 1 else 's'} are up to date.")
