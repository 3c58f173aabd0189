"""`orchestrion execute`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrion.cli import connections, exits, followed_runs, options, plan_files, views
from orchestrion.cli.objects.sending import upload_all
from orchestrion.cli.objects.sources import sources_of
from orchestrion.cli.saved_files import SavedFiles
from orchestrion.names import new_request_id

if TYPE_CHECKING:
    from orchestrion.plans import TaskResult


def execute(
    plan: Annotated[
        Path,
        typer.Argument(
            metavar="PLAN",
            exists=True,
            dir_okay=False,
            readable=True,
            help="The plan: proto3 JSON of `Plan`, as `orchestrion plan` writes it.",
        ),
    ],
    *,
    file: options.Files = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only have the plan checked and its experts chosen; nothing runs.")
    ] = False,
    output: options.Output = None,
    policy: options.Policy = None,
    license: options.Licenses = None,
    timeout: options.Timeout = None,
    embedded: options.Embedded = False,
    expert: options.Experts = None,
    llm_expert: options.LlmExpert = None,
    address: options.Address = None,
    plain: options.Plain = False,
    json: options.EventJson = False,
) -> None:
    """Run a plan, and save the files that it makes.

    The files given with -f are attachments/1, attachments/2 … of the plan. Nobody answers: `orchestrion ask --plan`
    does. The exit code is 1 when a task did not succeed. Ctrl-C cancels the run.
    """
    with exits.handled(cure=exits.EMBEDDED_CURE):
        files = sources_of(file)
        planned = plan_files.read(plan)
        plan_files.check_attachments(planned, len(files))
        choosing = options.choosing(policy, license)
        with connections.connect(address, embedded=embedded, experts=expert, llm_expert=llm_expert) as client:
            view = views.choose(json=json, plain=plain, plan=planned)
            attached = upload_all(client, files)
            if check:
                from orchestrion.cli import plan_editor

                plan_editor.check(client, planned, attached, view, **choosing)
                return
            request_id = new_request_id()
            run = followed_runs.follow(
                client,
                lambda seconds: client.execute(planned, attached, timeout=seconds, request_id=request_id, **choosing),
                view.show,
                timeout=timeout,
                screen=view,
            )
            view.end()
            results = run.results
            if output is not None or not json:
                for path in SavedFiles(client, output or followed_runs.OUTPUT_FOLDER).save(_made(results)):
                    view.saved(path)
            _fail_with(results)


def _fail_with(results: Iterable[TaskResult]) -> None:
    """Ends the command with exit code 1 when a task did not succeed.

    Raises:
        typer.Exit: One did not.
    """
    failed = [result.task_id for result in results if not result.succeeded]
    if failed:
        exits.tell(f"Error: {', '.join(failed)} did not succeed.")
        raise typer.Exit(exits.ExitCode.FAILED)


def _made(results: Iterable[TaskResult]) -> list[str]:
    from orchestrion.values import artifacts

    return list(
        dict.fromkeys(name for result in results for value in result.outputs.values() for name in artifacts(value))
    )
