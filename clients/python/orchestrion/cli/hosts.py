"""`orchestrion hosts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrion.cli import exits, options

if TYPE_CHECKING:
    from orchestrion.experts import Host


def hosts(address: options.Address = None, json: options.Json = False) -> None:
    """List the model hosts, their memory and their experts."""
    with exits.handled():
        from orchestrion.cli.table import print_table
        from orchestrion.client import Client
        from orchestrion.codec import to_json

        with Client(address) as client:
            found = client.hosts()
        if json:
            for host in found:
                print(to_json(host))
        elif found:
            print_table(("HOST", "STATE", "ADDRESS", "FREE MEMORY", "EXPERTS"), [_row(host) for host in found])
        else:
            exits.tell("No host is listed. Start one with `orchestrion up`, or `python -m orchestrion_host`.")


def _row(host: Host) -> tuple[str, ...]:
    from orchestrion.cli.table import gibibytes
    from orchestrion.experts import ExpertState

    memory = ", ".join(
        f"{device.name} {gibibytes(device.free_bytes)} of {gibibytes(device.total_bytes)}" for device in host.devices
    )
    loaded = sum(status.state is ExpertState.LOADED for status in host.statuses)
    return host.name, host.state.name.lower(), host.address, memory, f"{len(host.experts)}, {loaded} loaded"
