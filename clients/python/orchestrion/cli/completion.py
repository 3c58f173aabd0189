"""What a shell offers for an argument: task types from the package, runs and experts from a controller that answers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeVar

import typer

if TYPE_CHECKING:
    from orchestrion._sync.client import Client
    from orchestrion.runs import Run

T = TypeVar("T")

TIMEOUT_S: Final = 1.0
"""How long a shell waits at most; where no controller listens it does not wait."""
_RUNS: Final = 50

Offers = list[tuple[str, str]]
"""What may be written, each with a word about it."""


def task_types(incomplete: str) -> Offers:
    """Offers the task types that the project defines."""
    from orchestrion import task_types as library

    return matching(((name, item.description) for name, item in library.load().items()), incomplete)


def performers(incomplete: str) -> Offers:
    """Offers the planners and responders that a server has by itself."""
    offers = {"builtin": "Needs no language model.", "llm": "The language model that the server is configured with."}
    return matching(offers.items(), incomplete)


def runs(ctx: typer.Context, incomplete: str) -> Offers:
    """Offers the latest runs; none where no controller answers."""
    return _named(ask(ctx, lambda client: client.runs.list(_RUNS).items), incomplete)


def waiting_runs(ctx: typer.Context, incomplete: str) -> Offers:
    """Offers the latest runs, as far as they await approval; none where no controller answers."""
    from orchestrion.runs import RunState

    newest = ask(ctx, lambda client: client.runs.list(_RUNS).items)
    return _named([run for run in newest if run.state is RunState.AWAITING_APPROVAL], incomplete)


def _named(listed: Iterable[Run], incomplete: str) -> Offers:
    prefix = "runs/" if incomplete.startswith("runs/") else ""
    names = ((run.name, run.messages[-1].text if run.messages else "") for run in listed)
    return matching(((prefix + name.removeprefix("runs/"), text) for name, text in names), incomplete)


def experts(ctx: typer.Context, incomplete: str) -> Offers:
    """Offers the experts that are listed; none where no controller answers."""
    listed = ask(ctx, lambda client: client.experts.list())
    return matching(((item.expert.id, item.expert.description) for item in listed), incomplete)


def matching(offers: Iterable[tuple[str, str]], incomplete: str) -> Offers:
    """Keeps the offers that begin with what was written, each with the first words about it."""
    return [(name, " ".join(text.split())[:60]) for name, text in offers if name.startswith(incomplete)]


def ask(ctx: typer.Context, question: Callable[[Client], tuple[T, ...]]) -> tuple[T, ...]:
    """Asks the controller that the command line names; empty where none answers."""
    from orchestrion._sync.client import Client
    from orchestrion.errors import OrchestrionError

    # A shell that completes is no place for an error.
    with (
        contextlib.suppress(OrchestrionError, OSError),
        Client(ctx.params.get("address"), timeout=TIMEOUT_S) as client,
    ):
        return question(client)
    return ()
