"""`orchestrion watch`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from orchestrion.cli import connections, exits, options, views
from orchestrion.cli.saved_files import SavedFiles
from orchestrion.cli.view.file_words import as_it_is


def watch(
    run: options.RunName,
    *,
    after: Annotated[
        int, typer.Option("--after", min=0, metavar="N", help="Leave out the events up to this number.")
    ] = 0,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", file_okay=False, metavar="FOLDER", help="Save the answer's files there."),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0.001, metavar="SECONDS", help="When to stop watching; the run goes on."),
    ] = None,
    address: options.Address = None,
    plain: options.Plain = False,
    json: options.EventJson = False,
) -> None:
    """Follow a run, or see again what happened in one that has ended.

    Ctrl-C stops watching; the run goes on, unless nobody else watches it and it was started to be cancelled then. The
    exit code is that of the run.
    """
    with exits.handled():
        from orchestrion.answers import error_of
        from orchestrion.snapshots import RunSnapshot, apply

        name = options.run_name(run)
        with connections.connect(address) as client:
            # With --after, the events that bring the plan may be left out.
            plan = client.runs.get(name).plan
            saved = SavedFiles(client, output) if output is not None else None
            worded = saved.worded if saved is not None else as_it_is
            view = views.choose(json=json, plain=plain, plan=plan, show_request=True, worded=worded)
            run_so_far = RunSnapshot()
            try:
                with (
                    exits.interrupts_as_such(),
                    view,
                    contextlib.closing(client.runs.watch(name, after, timeout=timeout)) as events,
                ):
                    for event in events:
                        run_so_far = apply(run_so_far, event)
                        view.show(event)
            except KeyboardInterrupt:
                exits.tell(f"Stopped watching {name}; `orchestrion cancel {name.removeprefix('runs/')}` would end it.")
                raise
            view.end()
            if (error := error_of(run_so_far)) is not None:
                raise error
            if saved is not None:
                for path in saved.save(run_so_far.answer_artifacts):
                    view.saved(path)
