"""`orchestrion plan`."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrion.cli import connections, exits, followed_runs, not_done, offers, options, plan_files, views
from orchestrion.cli.followed_runs import OUTPUT_FOLDER
from orchestrion.cli.objects.gathering import Gatherer
from orchestrion.cli.objects.sending import upload_all
from orchestrion.cli.objects.sources import Source, name_of, sources_of
from orchestrion.cli.saved_files import SavedFiles
from orchestrion.names import new_request_id

if TYPE_CHECKING:
    from orchestrion._sync.client import Client
    from orchestrion.plans import Plan
    from orchestrion.settings import PlanSettings, SelectionCriteria
    from orchestrion.snapshots import RunSnapshot
    from orchestrion.values import ArtifactRef


def plan(
    request: Annotated[
        str, typer.Argument(metavar="REQUEST", help="What is to be done, in plain words; `-` reads standard input.")
    ],
    *,
    file: options.Files = None,
    edit: Annotated[
        bool, typer.Option("--edit", help="Open the plan in $VISUAL or $EDITOR, and have the controller check it.")
    ] = False,
    execute: Annotated[
        bool, typer.Option("--execute", help="Carry the plan out and answer, without asking first.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", dir_okay=False, metavar="FILE", help="Save the plan there; `execute` takes it."),
    ] = None,
    previous: options.Previous = None,
    planner: options.Planner = None,
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
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print the plan as proto3 JSON, and nothing else; of a refusal, what is not done and asked.",
        ),
    ] = False,
) -> None:
    """Plan a request without carrying it out.

    In the plan, attachments/1, attachments/2 … are the files in their order: those of -f, then those of this folder and
    links that the words name, for which you are asked as by `ask`. Where the planner cannot do all of the
    request, the nearest one is offered. Ctrl-C cancels.
    """
    with exits.handled(cure=exits.EMBEDDED_CURE, verbose=verbose, private=embedded):
        from orchestrion.answers import error_of, plan_of
        from orchestrion.errors import OrchestrionError
        from orchestrion.events import PlanFinished
        from orchestrion.plans import Plan

        words = connections.request_of(request)
        files = sources_of(file)
        files += Gatherer(yes=yes, json=json).gather(words, files)
        continued = options.run_name(previous) if previous else ""
        with connections.connect(address, embedded=embedded, experts=expert, llm_expert=llm_expert) as client:
            attached = upload_all(client, files)

            def show(changed: Plan | None = None) -> views.View:
                return views.SilentView() if json else views.choose(json=False, plain=plain, plan=changed)

            def attempt(wording: str) -> tuple[str, RunSnapshot]:
                view = show()
                settings: PlanSettings = {
                    "planner": planner or "",
                    "previous_run": continued,
                    "request_id": new_request_id(),
                }
                run = followed_runs.follow(
                    client,
                    lambda seconds: client.plan(wording, attached, timeout=seconds, **settings),
                    view.show,
                    timeout=timeout,
                    screen=view,
                )
                if (error := error_of(run)) is not None:
                    raise error
                return wording, run

            try:
                words, run = offers.settled(attempt, words, yes=yes, json=json, verbose=verbose)
            except OrchestrionError as error:
                if json and (error.not_done or error.questions):
                    views.print_json(PlanFinished(Plan(), not_done=error.not_done, questions=error.questions))
                raise
            if json and run.not_done:
                exits.tell("\n".join(not_done.lines(run.not_done)))
            made = plan_files.numbered(plan_of(run), attached)
            if edit:
                made = _edited(client, made, attached, show, words)
            if json:
                print(plan_files.write(made), end="")
            if output is not None:
                output.write_text(plan_files.write(made), "utf-8")
                exits.tell(f"Saved the plan in {output}.{_how(output, files)}")
            if execute or (edit and not json and _wants_execution()):
                _execute(
                    client, words, made, attached, continued,
                    plain=plain, json=json, timeout=timeout, choosing=options.choosing(policy, license),
                )  # fmt: skip


def _edited(
    client: Client, plan: Plan, attached: list[ArtifactRef], show: Callable[[Plan], views.View], request: str
) -> Plan:
    from orchestrion.cli.plan_editor import GaveUp, edited

    try:
        return edited(client, plan, attached, show, title=request)
    except GaveUp as gave_up:
        raise (gave_up.error or exits.Declined(str(gave_up))) from gave_up


def _how(path: Path, files: list[Source]) -> str:
    named = [shlex.join(["-f", name_of(source)]) for source in files]
    return f" Run it with: {' '.join(['orchestrion execute', shlex.quote(str(path)), *named])}"


def _wants_execution() -> bool:
    import sys

    return sys.stdin.isatty() and typer.confirm("Carry this plan out?", default=True, err=True)


def _execute(
    client: Client,
    request: str,
    plan: Plan,
    attached: list[ArtifactRef],
    previous: str,
    *,
    plain: bool,
    json: bool,
    timeout: float | None,
    choosing: SelectionCriteria,
) -> None:
    saved = SavedFiles(client, OUTPUT_FOLDER)
    view = views.choose(json=json, plain=plain, worded=saved.worded)
    answer = followed_runs.carry_out(
        client, request, attached, view.show,
        timeout=timeout, screen=view, plan=plan, previous_run=previous, **choosing,
    )  # fmt: skip
    view.answer(answer)
    if not json:
        for path in saved.save(answer.artifacts):
            view.saved(path)
