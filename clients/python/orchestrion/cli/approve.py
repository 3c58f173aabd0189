"""`orchestrion approve`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrion.cli import completion, connections, exits, options, plan_files, views

if TYPE_CHECKING:
    from orchestrion._sync.client import Client
    from orchestrion.plans import Plan
    from orchestrion.runs import Run


def approve(
    run: Annotated[
        str,
        typer.Argument(metavar="RUN", help="The run, by its id or name.", autocompletion=completion.waiting_runs),
    ],
    *,
    plan: Annotated[
        Path | None,
        options.plan_file(
            "A plan to carry out instead: proto3 JSON of `Plan`; attachments/1 is the request's first file."
        ),
    ] = None,
    edit: Annotated[
        bool,
        typer.Option("--edit", help="Open the plan in $VISUAL or $EDITOR first, and have the controller check it."),
    ] = False,
    address: options.Address = None,
    plain: options.Plain = False,
    json: Annotated[bool, typer.Option("--json", help="Print the run as proto3 JSON, and nothing else.")] = False,
) -> None:
    """Approve the plan of a run that waits for it, as it is or changed.

    A changed plan is checked first; when it is not valid, the run goes on waiting. `orchestrion cancel` refuses the
    plan.
    """
    with exits.handled():
        if plan is not None and edit:
            raise typer.BadParameter("give --plan or --edit, not both", param_hint="'--plan' / '--edit'")
        name = options.run_name(run)
        changed = None if plan is None else plan_files.read(plan)
        with connections.connect(address) as client:
            if edit:
                changed = _edited(client, client.runs.get(name), json=json, plain=plain)
            approved = client.runs.approve(name, changed)
        if json:
            views.print_json(approved)
        else:
            from orchestrion.cli.approvals import tell_plan

            print(f"approved {approved.name}")
            if approved.plan is not None:
                tell_plan(approved.plan)
            exits.tell(f"Follow it with: orchestrion watch {name.removeprefix('runs/')}")


def _edited(client: Client, run: Run, *, json: bool, plain: bool) -> Plan:
    from orchestrion.cli.plan_editor import GaveUp, edited
    from orchestrion.errors import Reason
    from orchestrion.runs import RunState
    from orchestrion.values import ArtifactRef

    if run.state is not RunState.AWAITING_APPROVAL or run.plan is None:
        state = run.state.name.lower().replace("_", " ")
        raise Reason.NOT_AWAITING_APPROVAL.error(f"{run.name} does not await approval: it is {state}.", name=run.name)
    attached = [ArtifactRef(name) for message in run.messages for name in message.artifacts]

    def show(changed: Plan) -> views.View:
        return views.SilentView() if json else views.choose(json=False, plain=plain, plan=changed)

    try:
        title = run.messages[-1].text if run.messages else ""
        return edited(client, plan_files.numbered(run.plan, attached), attached, show, title=title)
    except GaveUp as gave_up:
        raise (gave_up.error or exits.Declined(f"{gave_up} {run.name} goes on waiting.")) from gave_up
