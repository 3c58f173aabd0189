"""Options that several commands take."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

Address: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        envvar="ORCHESTRION_CONTROLLER",
        help="The controller.  [default: 127.0.0.1:50051]",
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print proto3 JSON, one item a line, and nothing else.")]
