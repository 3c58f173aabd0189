"""`orchestrion ask`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrion.cli import connecting, exits, options, plan_files, views
from orchestrion.cli.following import OUTPUT_FOLDER, carry_out, save

if TYPE_CHECKING:
    from orchestrion.stage_calls import RunSettings


def ask(
    request: Annotated[
        str, typer.Argument(metavar="REQUEST", help="What is to be done, in plain words; `-` reads standard input.")
    ],
    *,
    file: options.Files = None,
    output: options.Output = None,
    previous: options.Previous = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            readable=True,
            help="A plan to follow instead of planning: proto3 JSON of `Plan`, as `orchestrion plan` writes it.",
        ),
    ] = None,
    planner: options.Planner = None,
    responder: options.Responder = None,
    timeout: options.Timeout = None,
    embedded: options.Embedded = False,
    address: options.Address = None,
    plain: options.Plain = False,
    json: options.EventJson = False,
) -> None:
    """Carry out a request and show what happens.

    Ctrl-C cancels the run.
    """
    with exits.handled(cure=exits.EMBEDDED_CURE):
        settings: RunSettings = {
            "planner": planner or "",
            "responder": responder or "",
            "previous_run": options.run_name(previous) if previous else "",
        }
        files = file or []
        if plan is not None:
            given = plan_files.read(plan)
            plan_files.check_attachments(given, len(files))
            settings["plan"] = given
        asked = connecting.request_of(request)
        with connecting.connect(address, embedded=embedded) as client:
            view = views.choose(json=json, plain=plain)
            answer = carry_out(client, asked, files, view.show, timeout=timeout, screen=view, **settings)
            view.answer(answer)
            if output is not None or not json:
                for path in save(client, answer.artifacts, output or OUTPUT_FOLDER):
                    view.saved(path)
