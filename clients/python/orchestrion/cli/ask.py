"""`orchestrion ask`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Unpack

import typer

from orchestrion.cli import exits, options

if TYPE_CHECKING:
    from orchestrion.answers import Answer
    from orchestrion.client import Client
    from orchestrion.events import Event
    from orchestrion.plans import Plan
    from orchestrion.stage_calls import RunSettings

OUTPUT_FOLDER: Final = Path("orchestrion-output")
"""Where files are saved that nobody named a folder for."""


class Planner(StrEnum):
    """Who plans."""

    BUILTIN = "builtin"
    LLM = "llm"


def ask(
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="What is to be done, in plain words.")],
    *,
    file: Annotated[
        list[Path] | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="A picture, sound, video or document; several times for several.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ] = None,
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Start a private controller and host for this call alone.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print each event as proto3 JSON, one a line, and nothing else.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            file_okay=False,
            metavar="FOLDER",
            help="Where to save the answer's files; nothing is overwritten.  "
            f"[default: {OUTPUT_FOLDER}; with --json, files are not saved]",
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            readable=True,
            help="A plan to follow instead of planning: proto3 JSON of `Plan`.",
        ),
    ] = None,
    planner: Annotated[
        Planner | None, typer.Option("--planner", help="Who plans.  [default: the server's choice]")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", min=0.001, metavar="SECONDS", help="When to give up.")
    ] = None,
    address: options.Address = None,
) -> None:
    """Carry out a request and show what happens.

    Ctrl-C cancels the run.
    """
    with exits.handled():
        settings: RunSettings = {"planner": planner or "", "plan": None if plan is None else _read_plan(plan)}
        with _client(embedded, address) as client:
            show = _json_line if json else _plain_line()
            answer = carry_out(client, request, file or (), show, timeout=timeout, **settings)
            if not json:
                from orchestrion.cli.printer import printable

                print(f"\n{printable(answer.text).strip()}\n", flush=True)
            if output is not None or not json:
                for path in save(client, answer, output or OUTPUT_FOLDER):
                    (exits.tell if json else print)(f"saved {path}")


def carry_out(
    client: Client,
    request: str,
    files: Iterable[Path],
    show: Callable[[Event], None],
    *,
    timeout: float | None = None,
    **settings: Unpack[RunSettings],
) -> Answer:
    """Carries a request out, shows its events, and cancels it on Ctrl-C.

    Raises:
        OrchestrionError: The run failed.
    """
    from orchestrion.answers import AnswerGatherer
    from orchestrion.errors import OrchestrionError

    gatherer = AnswerGatherer()
    try:
        with contextlib.closing(client.run(request, tuple(files), timeout=timeout, **settings)) as events:
            for event in events:
                gatherer.add(event)
                show(event)
    except KeyboardInterrupt:
        if gatherer.run:
            # Without this the server would keep the run for its grace, in case we come back.
            with contextlib.suppress(OrchestrionError):
                client.cancel_run(gatherer.run)
                exits.tell(f"Cancelled {gatherer.run}.")
        raise
    return gatherer.answer()


def save(client: Client, answer: Answer, folder: Path) -> list[Path]:
    """Saves the files that an answer names, and returns where.

    Raises:
        OSError: The folder cannot be made or written to.
    """
    if answer.artifacts:
        folder.mkdir(parents=True, exist_ok=True)
    return [client.download(name, folder) for name in answer.artifacts]


def _client(embedded: bool, address: str | None) -> contextlib.AbstractContextManager[Client]:
    if not embedded:
        from orchestrion.client import Client

        return Client(address)
    from orchestrion import platform

    exits.tell("Starting a private controller and model host …")
    return platform.embedded()


def _read_plan(path: Path) -> Plan:
    from orchestrion.codec import from_json
    from orchestrion.errors import OrchestrionError, Reason
    from orchestrion.plans import Plan

    try:
        return from_json(path.read_text("utf-8"), Plan)
    except (OrchestrionError, UnicodeDecodeError) as error:
        raise Reason.PLAN_INVALID.error(f"{path}: {error}", field="plan") from error


def _json_line(event: Event) -> None:
    from orchestrion.codec import to_json

    print(to_json(event), flush=True)


def _plain_line() -> Callable[[Event], None]:
    from orchestrion.cli.printer import Printer

    return Printer(lambda line: print(line, flush=True)).show
