"""`orchestrion models search`."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrion.cli import completion, exits, options, views
from orchestrion.cli.models import host_access


def search(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TYPE", help="What they must perform, as `translation`.", autocompletion=completion.task_types
        ),
    ],
    words: Annotated[str, typer.Argument(metavar="WORDS", help="What the id must contain.")] = "",
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="How many at most.")] = 20,
    host: host_access.Host = None,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """Search the Hub for models, those with the most downloads first."""
    with exits.handled():
        with host_access.reach(address, host) as client:
            results = client.models.search(task, words, limit=limit)
        if json:
            views.print_json(*results)
            return
        if not results:
            exits.tell(f"The Hub has no such model for {task}.")
            return
        from orchestrion.cli.table import Column, show_table

        columns = [
            Column("MODEL", "bold", cut=True), Column("DOWNLOADS", right=True), Column("LIKES", right=True),
            Column("LIBRARY", "dim", optional=True), Column("LICENCE", "dim", optional=True),
            Column("WEIGHTS", styles={"pickled": "red"}),
        ]  # fmt: skip
        rows = [
            (
                model.id, f"{model.download_count:,}", f"{model.like_count:,}", model.library, model.license,
                "safe" if model.safe_weights else "pickled",
            )
            for model in results
        ]  # fmt: skip
        show_table(columns, rows)
        exits.tell("`orchestrion models add MODEL --pull` adds one and fetches it.")
