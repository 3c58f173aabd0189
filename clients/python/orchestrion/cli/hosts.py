"""`orchestrion hosts`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Final

import typer

from orchestrion.cli import connections, exits, options, views

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from orchestrion._sync.client import Client
    from orchestrion.experts import Host

_HEADER: Final = ("HOST", "STATE", "ADDRESS", "FREE MEMORY", "EXPERTS")
_STATES: Final = {"ready": "green", "draining": "yellow", "disconnected": "red"}


def hosts(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and show every change; Ctrl-C ends it.")] = False,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """List the model hosts, their memory and their experts."""
    with exits.handled():
        with connections.connect(address) as client:
            if watch:
                _watch(client, json=json)
                return
            listing = client.hosts.list()
        if json:
            views.print_json(*listing)
        elif listing:
            _show(listing)
        else:
            exits.tell("No host is listed. Start one with `orchestrion up`, or `python -m orchestrion_host`.")


def _show(listing: Iterable[Host]) -> None:
    from orchestrion.cli import views
    from orchestrion.cli.table import print_table

    if views.on_terminal():
        console = views.console()
        console.print(_drawn(listing, console.width))
    else:
        print_table(_HEADER, [_row(host) for host in listing])


def _watch(client: Client, *, json: bool) -> None:
    from rich.live import Live

    from orchestrion._codec.codec import to_json
    from orchestrion.listings import HostRemoved

    present: dict[str, Host] = {}
    with contextlib.ExitStack() as stack:
        events = stack.enter_context(contextlib.closing(client.hosts.watch()))
        live = None
        if views.on_terminal() and not json:
            live = stack.enter_context(Live(console=views.console(), auto_refresh=False))
        for change in events:
            if isinstance(change, HostRemoved):
                present.pop(change.name, None)
            else:
                present[change.name] = change
            if live is not None:
                live.update(_drawn([present[name] for name in sorted(present)], live.console.width), refresh=True)
            elif isinstance(change, HostRemoved):
                # An object without a state says that the host is gone.
                print(f'{{"name":"{change.name}"}}' if json else f"{change.name}  gone", flush=True)
            else:
                print(to_json(change) if json else "  ".join(_row(change)), flush=True)


def _row(host: Host) -> tuple[str, ...]:
    from orchestrion.cli.table import gibibytes

    memory = ", ".join(
        f"{device.name} {gibibytes(device.free_bytes)} of {gibibytes(device.total_bytes)}" for device in host.devices
    )
    return host.name, host.state.name.lower(), host.address, memory, _experts(host)


def _drawn(listing: Iterable[Host], width: int) -> Table:
    from orchestrion.cli.table import Column, drawn, gibibytes, memory_bar

    columns = [
        Column("HOST", "bold"), Column("STATE", styles=_STATES), Column("ADDRESS", "dim", optional=True),
        Column("MEMORY", "cyan"), Column("FREE", right=True), Column("EXPERTS"),
    ]  # fmt: skip
    rows = [
        (
            host.name.removeprefix("hosts/"), host.state.name.lower(), host.address,
            "\n".join(f"{device.name} {memory_bar(device.free_bytes, device.total_bytes)}" for device in host.devices),
            "\n".join(
                f"{gibibytes(device.free_bytes)} of {gibibytes(device.total_bytes)}" for device in host.devices
            ),
            _experts(host),
        )
        for host in listing
    ]  # fmt: skip
    return drawn(columns, rows, width)


def _experts(host: Host) -> str:
    from orchestrion.experts import ExpertState

    loaded = sum(status.state is ExpertState.LOADED for status in host.statuses)
    return f"{len(host.experts)}, {loaded} loaded"
