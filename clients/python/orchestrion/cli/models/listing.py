"""`orchestrion models list` and `orchestrion models profiles`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from orchestrion.cli import exits, options, views
from orchestrion.cli.models import host_access

if TYPE_CHECKING:
    from orchestrion.models import ListedModel

STATES: Final = {
    "loaded": "green", "loading": "cyan", "loadable": "", "to be fetched": "yellow", "failed": "red",
    "unavailable": "red",
}  # fmt: skip


def list_models(
    *,
    task: Annotated[str, options.task_type("--task", "Only models that perform it.")] = "",
    profile: Annotated[str, host_access.profile("The models of this profile, offered or not.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="The whole catalogue, also what the host does not offer.")
    ] = False,
    host: host_access.Host = None,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """List the models that the host offers, or could."""
    with exits.handled():
        with host_access.reach(address, host) as client:
            catalogue = client.models.list(task, profile=profile).models
        shown = [listed for listed in catalogue if everything or profile or listed.offered]
        if json:
            views.print_json(*shown)
            return
        if shown:
            _show(shown)
        hidden = len(catalogue) - len(shown)
        if hidden:
            exits.tell(f"{hidden} more {'is' if hidden == 1 else 'are'} in the catalogue; --all lists them.")
        elif not shown:
            exits.tell(
                f"No model of the catalogue performs {task}. `orchestrion models search` looks on the Hub."
                if task
                else "The catalogue is empty."
            )


def profiles(
    *,
    host: host_access.Host = None,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """List the profiles, and what of each is still to be downloaded."""
    with exits.handled():
        from orchestrion.cli.models.sizes import total
        from orchestrion.cli.table import Column, show_table

        with host_access.reach(address, host) as client:
            listing = client.models.list().profiles
        if json:
            views.print_json(*listing)
            return
        columns = [
            Column("PROFILE", "bold"), Column("EXPERTS", right=True), Column("TO DOWNLOAD"), Column("FOR", wrap=True),
        ]  # fmt: skip
        show_table(
            columns,
            [
                (item.name, str(len(item.expert_ids)), total(item.missing_bytes, item.unknown_count), item.description)
                for item in listing
            ],
        )


def _show(catalogue: list[ListedModel]) -> None:
    from orchestrion.cli.models.sizes import size
    from orchestrion.cli.table import Column, show_table

    columns = [
        Column("ID", "bold"), Column("TASK TYPES", cut=True), Column("STATE", styles=STATES),
        Column("SIZE", right=True), Column("LICENCE", "dim", optional=True), Column("MODEL", "dim", optional=True),
    ]  # fmt: skip
    rows = [
        (
            listed.expert.id, ", ".join(listed.expert.task_types), state(listed), size(listed.expert.download_bytes),
            listed.expert.license, listed.expert.model,
        )
        for listed in catalogue
    ]  # fmt: skip
    show_table(columns, rows)


def state(listed: ListedModel) -> str:
    """Writes where a model is in its life."""
    return listed.state.name.lower().replace("_", " ")
