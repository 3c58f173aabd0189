"""`orchestrion experts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrion.cli import exits, options

if TYPE_CHECKING:
    from orchestrion.experts import ListedExpert


def experts(
    task_type: Annotated[
        str | None, typer.Option("--task-type", metavar="TYPE", help="Only those that perform it, as `image-to-text`.")
    ] = None,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """List the experts and the hosts that have them."""
    with exits.handled():
        from orchestrion.cli.table import print_table
        from orchestrion.client import Client
        from orchestrion.codec import to_json

        with Client(address) as client:
            found = client.experts(task_type)
        if json:
            for listed in found:
                print(to_json(listed))
        elif found:
            print_table(("EXPERT", "TASK TYPES", "MODEL", "RUNTIME", "HOSTS"), [_row(listed) for listed in found])
        else:
            what = f"No expert performs {task_type}." if task_type else "No expert is listed."
            exits.tell(f"{what} `orchestrion hosts` shows which hosts there are.")


def _row(listed: ListedExpert) -> tuple[str, ...]:
    expert = listed.expert
    where = ", ".join(
        f"{placement.host.removeprefix('hosts/')} {placement.status.state.name.lower().replace('_', ' ')}"
        for placement in listed.placements
    )
    return expert.id, ", ".join(expert.task_types), expert.model, expert.runtime, where
