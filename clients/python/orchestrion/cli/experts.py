"""`orchestrion experts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrion.cli import completion, connections, exits, options, views
from orchestrion.cli.models.listing import STATES

if TYPE_CHECKING:
    from orchestrion.experts import ListedExpert


def experts(
    expert: Annotated[
        str | None,
        typer.Argument(metavar="EXPERT", help="Only this one, in detail.", autocompletion=completion.experts),
    ] = None,
    *,
    task_type: Annotated[
        str | None, options.task_type("--task-type", "Only those that perform it, as `image-to-text`.")
    ] = None,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """List the experts and the hosts that have them."""
    with exits.handled():
        from orchestrion.errors import Reason

        with connections.connect(address) as client:
            listing = client.experts.list(task_type)
        if expert is not None:
            listing = tuple(listed for listed in listing if listed.expert.id == expert)
            if not listing:
                raise Reason.EXPERT_NOT_FOUND.error(f"There is no expert {expert!r}; `orchestrion experts` lists them.")
        if json:
            views.print_json(*listing)
        elif expert is not None:
            _tell(listing[0])
        elif listing:
            _show(listing)
        else:
            what = f"No expert performs {task_type}." if task_type else "No expert is listed."
            exits.tell(f"{what} `orchestrion hosts` shows which hosts there are.")


def _show(listing: tuple[ListedExpert, ...]) -> None:
    from orchestrion.cli.table import Column, show_table

    columns = [
        Column("EXPERT", "bold"), Column("TASK TYPES", cut=True), Column("MODEL", "dim", optional=True),
        Column("RUNTIME", "dim", optional=True), Column("HOSTS", "cyan", cut=True),
    ]  # fmt: skip
    show_table(columns, [_row(listed) for listed in listing])


def _row(listed: ListedExpert) -> tuple[str, ...]:
    expert = listed.expert
    where = ", ".join(
        f"{placement.host.removeprefix('hosts/')} {placement.status.state.name.lower().replace('_', ' ')}"
        for placement in listed.placements
    )
    return expert.id, ", ".join(expert.task_types), expert.model, expert.runtime, where


def _tell(listed: ListedExpert) -> None:
    from orchestrion.cli import views
    from orchestrion.cli.models.details import facts_of
    from orchestrion.cli.printer import duration, printable
    from orchestrion.cli.table import Column, gibibytes, show_table

    facts = {"expert": listed.expert.id, **facts_of(listed.expert)}
    for name, text in facts.items():
        if text:
            views.say(f"{name:<10} {printable(text)}")
    print()
    columns = [
        Column("HOST", "bold"), Column("STATE", styles=STATES), Column("DEVICE"), Column("MEMORY", right=True),
        Column("RUNNING", right=True), Column("WAITING", right=True), Column("TAKES", right=True),
    ]  # fmt: skip
    rows = [
        (
            placement.host.removeprefix("hosts/"), status.state.name.lower().replace("_", " "), status.device,
            gibibytes(status.memory_bytes) if status.memory_bytes else "", str(status.running_count),
            str(status.queued_count), duration(status.latency_ms) if status.latency_ms else "",
        )
        for placement in listed.placements
        for status in [placement.status]
    ]  # fmt: skip
    show_table(columns, rows)
