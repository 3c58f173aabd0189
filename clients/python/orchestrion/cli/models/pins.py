"""`orchestrion models pin` and `orchestrion models unpin`."""

from __future__ import annotations

from orchestrion.cli import exits, options, views
from orchestrion.cli.models import host_access


def pin(
    expert: host_access.Expert,
    *,
    host: host_access.Host = None,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """Load a model and keep it loaded, also after a restart."""
    _pin(expert, host, address, pinned=True, json=json)


def unpin(
    expert: host_access.Expert,
    *,
    host: host_access.Host = None,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """Let a model be unloaded again when memory is needed."""
    _pin(expert, host, address, pinned=False, json=json)


def _pin(expert: str, host: str | None, address: str | None, *, pinned: bool, json: bool) -> None:
    with exits.handled():
        with host_access.reach(address, host) as client:
            status = client.experts.pin(expert, pinned=pinned)
        if json:
            views.print_json(status)
        elif pinned:
            print(f"{expert} is loaded{f' on {status.device}' if status.device else ''}, and stays so.")
        else:
            print(f"{expert} may be unloaded when memory is needed.")
