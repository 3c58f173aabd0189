"""`orchestrion models export`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrion.cli import completion, exits, options
from orchestrion.cli.models import reaching


def export(
    expert: reaching.Expert,
    *,
    task: Annotated[
        str,
        typer.Option(
            "--task",
            metavar="TYPE",
            help="What the exported model performs.  [default: what the model does, where that is one thing]",
            autocompletion=completion.task_types,
        ),
    ] = "",
    host: reaching.Host = None,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """Export a PyTorch model to ONNX, as an expert of its own.

    Its outputs are compared with PyTorch's before it is added, and the time of both is measured.
    """
    with exits.handled():
        from orchestrion.cli.models import progress

        with reaching.reach(address, host) as client, progress.choose(json=json, steps=True) as view:
            found = progress.follow(view, expert, client.export_model(expert, task))
        if found and not json:
            print(f"Added {progress.ids(found)}.")
