"""`orchestrion chat`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrion.cli import connections, exits, options

if TYPE_CHECKING:
    from orchestrion._sync.client import Client
    from orchestrion.cli.chat.session import Session


def chat(
    *,
    file: options.Files = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            file_okay=False,
            metavar="FOLDER",
            help="Save the files of every answer there.  [default: they are kept for /save]",
        ),
    ] = None,
    previous: options.Previous = None,
    approve: options.Approve = False,
    planner: options.Planner = None,
    responder: options.Responder = None,
    policy: options.Policy = None,
    license: options.Licenses = None,
    yes: options.Yes = False,
    verbose: options.Verbose = False,
    embedded: options.Embedded = False,
    expert: options.Experts = None,
    llm_expert: options.LlmExpert = None,
    address: options.Address = None,
    plain: options.Plain = False,
    json: options.EventJson = False,
) -> None:
    """Talk in several turns, each continuing the one before.

    A line is a request, or one of the commands that /help lists. Files of this folder and links that it names are sent,
    too: you are asked once, --yes spares that; files that answers made are sent by their names. Ctrl-C cancels the turn
    that goes on, Ctrl-D leaves.

    Where standard input is no terminal, each of its lines is a turn, and the exit code is 1 when one failed.
    """
    with (
        exits.handled(cure=exits.EMBEDDED_CURE, verbose=verbose),
        connections.connect(address, embedded=embedded, experts=expert, llm_expert=llm_expert) as client,
    ):
        from orchestrion.cli.chat.session import Session
        from orchestrion.cli.objects.sources import sources_of

        session = Session(
            client,
            output,
            json=json,
            plain=plain,
            approve=approve,
            yes=yes,
            verbose=verbose,
            previous=options.run_name(previous) if previous else "",
            planner=planner or "",
            responder=responder or "",
            **options.choosing(policy, license),
        )
        session.attach(sources_of(file))
        if sys.stdin.isatty() and sys.stdout.isatty():
            _talk(session, client)
        elif not _read(session, sys.stdin):
            raise typer.Exit(exits.ExitCode.FAILED)


def _talk(session: Session, client: Client) -> None:
    """Takes turns with a person until they leave."""
    from orchestrion.cli.chat.prompt import Prompt

    print(f"Talking to {client.address}. /help lists the commands, Ctrl-D leaves.")
    with Prompt(session.command_names) as prompt:
        while not session.left:
            try:
                line = prompt.read()
                if line is None:
                    break
                session.take(line)
            except exits.Terminated:
                raise
            except KeyboardInterrupt:
                # The turn has been cancelled, or the line that was being typed is dropped.
                print()
    session.farewell()


def _read(session: Session, lines: Iterator[str]) -> bool:
    """Takes each line as a turn; says whether all went well."""
    good = True
    for line in lines:
        good &= session.take(line)
        if session.left:
            break
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    return good
