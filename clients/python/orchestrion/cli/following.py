"""Runs followed from the command line: their events shown, and Ctrl-C turned into a cancelled run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack

from orchestrion.cli import exits
from orchestrion.names import new_request_id

if TYPE_CHECKING:
    from orchestrion._sync.client import Client
    from orchestrion.answers import Answer
    from orchestrion.events import Event
    from orchestrion.plans import Plan, TaskResult
    from orchestrion.settings import RunSettings
    from orchestrion.values import ArtifactRef

OUTPUT_FOLDER: Final = Path("orchestrion-output")
"""Where files are saved that nobody named a folder for."""

_REJOIN_TIMEOUT_S: Final = 5.0
"""How long to look for the name of a run that is to be cancelled before it has told anything."""

Start = Callable[[float | None], "Generator[Event, None, None]"]
"""Starts or joins a run, with a timeout in seconds."""


class Told:
    """What the events of a run have told that commands go on with."""

    def __init__(self) -> None:
        """Starts with no event seen."""
        from orchestrion.answers import AnswerGatherer

        self.gathered = AnswerGatherer()
        """The name of the run, its answer or its error."""
        self.plan: Plan | None = None
        """The plan, once it is whole."""
        self.results: list[TaskResult] = []
        """What became of the tasks that ended."""
        self.artifacts: tuple[str, ...] = ()
        """The artifacts that the answer names."""

    def add(self, event: Event) -> None:
        """Takes the next event."""
        from orchestrion.events import AnswerFinished, PlanApproved, PlanFinished, TaskFinished
        from orchestrion.plans import Plan

        self.gathered.add(event)
        match event.payload:
            case PlanFinished(plan) | PlanApproved(Plan() as plan):
                self.plan = plan
            case TaskFinished(result):
                self.results.append(result)
            case AnswerFinished(_, artifacts):
                self.artifacts = artifacts


def carry_out(
    client: Client,
    request: str,
    files: Iterable[Path],
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
        files: What is attached.
        show: Takes each event.
        timeout: The deadline of the run, in seconds; None for none.
        screen: Entered before the first event, and left before anything else is written.
        settings: See `RunSettings`.

    Raises:
        OrchestrionError: The run failed.
    """
    attached = upload(client, files)
    settings["request_id"] = new_request_id()
    told = follow(
        client,
        lambda seconds: client.run(request, attached, timeout=seconds, **settings),
        show,
        timeout=timeout,
        screen=screen,
    )
    return told.gathered.answer()


def follow(
    client: Client,
    start: Start,
    show: Callable[[Event], None],
    *,
    timeout: float | None = None,
    screen: contextlib.AbstractContextManager[object] | None = None,
) -> Told:
    """Starts a run and shows its events to the end; on Ctrl-C cancels it, also when it has told nothing yet.

    Args:
        client: Whom to ask.
        start: Starts the run; called a second time, with the same request id, it joins it.
        show: Takes each event.
        timeout: The deadline of the run, in seconds; None for none.
        screen: Entered before the first event, and left before anything else is written.

    Raises:
        OrchestrionError: The run failed.
    """
    told = Told()
    try:
        with (
            exits.interrupts_as_such(),
            screen or contextlib.nullcontext(),
            contextlib.closing(start(timeout)) as events,
        ):
            for event in events:
                told.add(event)
                show(event)
    except KeyboardInterrupt:
        _cancel(client, told.gathered.run, start)
        raise
    return told


def _cancel(client: Client, name: str, start: Start) -> None:
    from orchestrion.errors import OrchestrionError

    # Without this the server would keep the run for its grace, in case we come back.
    with contextlib.suppress(OrchestrionError):
        if not name:
            with contextlib.closing(start(_REJOIN_TIMEOUT_S)) as events:
                name = next(events).run
        client.cancel_run(name)
        exits.tell(f"Cancelled {name}.")


def upload(client: Client, files: Iterable[Path]) -> list[ArtifactRef]:
    """Uploads files, in order, ahead of the call that starts the run: that call can then be repeated.

    Raises:
        OrchestrionError: A file is empty or too large, or the controller does not answer.
        OSError: A file cannot be read.
    """
    from orchestrion.values import ArtifactRef

    return [ArtifactRef(client.upload(file).name) for file in files]


def save(client: Client, artifacts: Sequence[str], folder: Path) -> Generator[Path, None, None]:
    """Saves artifacts into a folder, which is made if need be, and yields where each is.

    Raises:
        OSError: The folder cannot be made or written to.
    """
    if artifacts:
        folder.mkdir(parents=True, exist_ok=True)
    for name in artifacts:
        yield client.download(name, folder)
