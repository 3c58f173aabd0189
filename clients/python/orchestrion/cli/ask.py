"""`orchestrion ask`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrion.cli import connections, exits, offers, options, plan_files, views
from orchestrion.cli.approvals import ApprovalPrompt, approval_of
from orchestrion.cli.followed_runs import OUTPUT_FOLDER, carry_out
from orchestrion.cli.objects.gathering import Gatherer
from orchestrion.cli.objects.sending import upload_all
from orchestrion.cli.objects.sources import sources_of
from orchestrion.cli.saved_files import SavedFiles

if TYPE_CHECKING:
    from orchestrion.answers import Answer
    from orchestrion.settings import RunSettings


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
        options.plan_file(
            "A plan to follow instead of planning: proto3 JSON of `Plan`, as `orchestrion plan` writes it."
        ),
    ] = None,
    approve: options.Approve = False,
    approval_timeout: Annotated[
        float | None,
        typer.Option(
            "--approval-timeout",
            min=0.001,
            max=604_800,
            metavar="SECONDS",
            help="How long the run waits for approval.  [default: the server's, an hour]",
        ),
    ] = None,
    planner: options.Planner = None,
    responder: options.Responder = None,
    policy: options.Policy = None,
    license: options.Licenses = None,
    timeout: options.Timeout = None,
    yes: options.Yes = False,
    verbose: options.Verbose = False,
    embedded: options.Embedded = False,
    expert: options.Experts = None,
    llm_expert: options.LlmExpert = None,
    address: options.Address = None,
    plain: options.Plain = False,
    json: options.EventJson = False,
) -> None:
    """Carry out a request and show what happens.

    Files of this folder and links that the words name are sent, too: you are asked first, --yes spares that, and a pipe
    is only told.

    Where the planner cannot do all of it, the nearest request is offered; --yes takes it, and a pipe is only told. With
    --approve the run waits once its plan is whole: you are asked to approve, edit or refuse it. Without a terminal the
    command is told that approves it from elsewhere. Ctrl-C cancels the run.
    """
    with exits.handled(cure=exits.EMBEDDED_CURE, verbose=verbose, private=embedded):
        settings: RunSettings = {
            "planner": planner or "",
            "responder": responder or "",
            "previous_run": options.run_name(previous) if previous else "",
            "policy": options.policy_of(policy),
            "licenses": license or (),
        }
        words = connections.request_of(request)
        files = sources_of(file)
        files += Gatherer(yes=yes, json=json).gather(words, files)
        if plan is not None:
            submitted = plan_files.read(plan)
            plan_files.check_attachments(submitted, len(files))
            settings["plan"] = submitted
        with connections.connect(address, embedded=embedded, experts=expert, llm_expert=llm_expert) as client:
            attached = upload_all(client, files)
            if approve:
                settings |= approval_of(approval_timeout)

            saved = SavedFiles(client, output or OUTPUT_FOLDER)

            def attempt(wording: str) -> tuple[Answer, views.View]:
                view = views.choose(json=json, plain=plain, worded=saved.worded)
                show = ApprovalPrompt(client, view, json=json, plain=plain).show if approve else view.show
                return carry_out(client, wording, attached, show, timeout=timeout, screen=view, **settings), view

            answer, view = offers.settled(attempt, words, yes=yes, json=json, verbose=verbose)
            view.answer(answer)
            if output is not None or not json:
                for path in saved.save(answer.artifacts):
                    view.saved(path)
