"""`orchestrion models export`."""

from __future__ import annotations

from typing import Annotated

from orchestrion.cli import exits, options
from orchestrion.cli.models import host_access


def export(
    expert: host_access.Expert,
    *,
    task: Annotated[
        str, options.task_type("--task", "What the exported model must perform.  [default: whatever the model does]")
    ] = "",
    host: host_access.Host = None,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """Export an encoder of texts from PyTorch to ONNX, as an expert of its own.

    Its outputs are compared with PyTorch's before it is added, and both are measured: tasks then go to the faster one.
    """
    with exits.handled():
        from orchestrion.cli.models import progress

        with host_access.reach(address, host) as client, progress.choose(json=json, steps=True) as view:
            exported = progress.follow(view, expert, client.models.export(expert, task))
        if exported and not json:
            print(f"Added {progress.ids(exported)}.")
