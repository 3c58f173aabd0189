"""Runs followed from the command line: their events shown, and Ctrl-C turned into a cancelled run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack

from orchestrion.cli import exits
from orchestrion.names import new_request_id

if TYPE_CHECKING:
    from orchestrion._sync.client import Client
    from orchestrion.answers import Answer
    from orchestrion.content import Attachment
    from orchestrion.events import Event
    from orchestrion.settings import RunSettings
    from orchestrion.snapshots import RunSnapshot

OUTPUT_FOLDER: Final = Path("orchestrion-output")
"""Where files are saved that nobody named a folder for."""

_REJOIN_TIMEOUT_S: Final = 5.0
"""How long to look for the name of a run that is to be cancelled before its first event has come."""

Start = Callable[[float | None], "Generator[Event, None, None]"]
"""Starts or joins a run, with a timeout in seconds."""


def carry_out(
    client: Client,
    request: str,
    attached: Sequence[Attachment],
    show: Callable[[Event], None],
    *,
    timeout: float | None = None,
    screen: contextlib.AbstractContextManager[object] | None = None,
    **settings: Unpack[RunSettings],
) -> Answer:
    """Carries a request out, shows its events, and cancels it on Ctrl-C.

    Args:
        client: Whom to ask.
        request: What is asked.
        attached: The files that belong to it.
        show: Takes each event.
        timeout: The deadline of the run, in seconds; None for none.
        screen: Entered before the first event, and left before anything else is written.
        settings: See `RunSettings`.

    Raises:
        OrchestrionError: The run failed.
    """
    from orchestrion.answers import answer_of

    settings["request_id"] = new_request_id()
    run = follow(
        client,
        lambda seconds: client.run(request, attached, timeout=seconds, **settings),
        show,
        timeout=timeout,
        screen=screen,
    )
    return answer_of(run)


def follow(
    client: Client,
    start: Start,
    show: Callable[[Event], None],
    *,
    timeout: float | None = None,
    screen: contextlib.AbstractContextManager[object] | None = None,
) -> RunSnapshot:
    """Starts a run and shows its events to the end; on Ctrl-C cancels it, also before its first event has come.

    Args:
        client: Whom to ask.
        start: Starts the run; called a second time, with the same request id, it joins it.
        show: Takes each event.
        timeout: The deadline of the run, in seconds; None for none.
        screen: Entered before the first event, and left before anything else is written.

    Returns:
        The run at its end.

    Raises:
        OrchestrionError: The run failed.
    """
    from orchestrion.snapshots import RunSnapshot, apply

    run = RunSnapshot()
    try:
        with (
            exits.interrupts_as_such(),
            screen or contextlib.nullcontext(),
            contextlib.closing(start(timeout)) as events,
        ):
            for event in events:
                run = apply(run, event)
                show(event)
    except KeyboardInterrupt:
        _cancel(client, run.name, start)
        raise
    return run


def _cancel(client: Client, name: str, start: Start) -> None:
    from orchestrion.errors import OrchestrionError

    # Without this the server would keep the run for its grace, in case we come back.
    with contextlib.suppress(OrchestrionError):
        if not name:
            with contextlib.closing(start(_REJOIN_TIMEOUT_S)) as events:
                name = next(events).run
        client.runs.cancel(name)
        exits.tell(f"Cancelled {name}.")
