"""`orchestrion runs` and `orchestrion cancel`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from orchestrion.cli import connections, exits, options, views

if TYPE_CHECKING:
    from orchestrion.runs import Run

_STYLES: Final = {"running": "cyan", "awaiting approval": "yellow", "succeeded": "green", "failed": "red"}
_PAGE: Final = 1_000


def runs(
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="How many at most.")] = 20,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """List the latest runs, newest first."""
    with exits.handled():
        listing: list[Run] = []
        with connections.connect(address) as client:
            token = ""
            while len(listing) < limit:
                page = client.runs.list(min(limit - len(listing), _PAGE), token)
                listing += page.items
                token = page.next_page_token
                if not token:
                    break
        listing = listing[:limit]
        if json:
            views.print_json(*listing)
            return
        if not listing:
            exits.tell("There is no run yet. Start one with `orchestrion ask`.")
            return
        from orchestrion.cli.table import Column, show_table

        columns = [
            Column("RUN", "bold"), Column("KIND", "dim", optional=True), Column("STATE", styles=_STYLES),
            Column("AGE", right=True), Column("TOOK", right=True), Column("REQUEST", cut=True),
        ]  # fmt: skip
        now = datetime.now(UTC)
        show_table(columns, [_row(run, now) for run in listing])


def cancel(
    run: options.RunName,
    *,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """Cancel a run, and wait until it has ended.

    A run that has ended stays as it is.
    """
    with exits.handled():
        with connections.connect(address) as client:
            ended = client.runs.cancel(options.run_name(run))
        if json:
            views.print_json(ended)
        else:
            print(f"{ended.name} {_words(ended.state.name)}")


def _row(run: Run, now: datetime) -> tuple[str, ...]:
    from orchestrion.cli.printer import duration, one_line

    took = ""
    if run.create_time is not None and run.end_time is not None:
        took = duration((run.end_time - run.create_time).total_seconds() * 1000)
    request = one_line(run.messages[-1].text) if run.messages else ""
    return (
        run.name.removeprefix("runs/"), _words(run.kind.name), _words(run.state.name),
        "" if run.create_time is None else age((now - run.create_time).total_seconds()), took, request,
    )  # fmt: skip


def age(seconds: float) -> str:
    """Writes how long ago something was, in the largest unit that it fills."""
    for unit, factor in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= factor:
            return f"{seconds / factor:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _words(name: str) -> str:
    return name.lower().replace("_", " ")
