"""`orchestrion models add` and `orchestrion models remove`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrion.cli import exits, options, views
from orchestrion.cli.models import host_access


def add(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="An id on the Hub, such as dslim/bert-base-NER, or a folder; of GGUF files the path of one, or the "
            "id with a quantisation, as in owner/model-GGUF:q8_0.  [default quantisation: q4_k_m]",
        ),
    ],
    *,
    task: Annotated[
        list[str] | None,
        options.task_type(
            "--task", "What it performs; several times for several.  [default: found out from its configuration]"
        ),
    ] = None,
    revision: Annotated[
        str, typer.Option("--revision", metavar="NAME", help="A branch, tag or commit.  [default: the newest]")
    ] = "",
    expert: Annotated[
        str, typer.Option("--id", metavar="ID", help="What to call it.  [default: made from the model's name]")
    ] = "",
    pickled: Annotated[
        bool,
        typer.Option(
            "--allow-pickled-weights",
            help="Take weights that can run any code when they are read; the host must allow it too.",
        ),
    ] = False,
    code: Annotated[
        bool,
        typer.Option("--allow-remote-code", help="Run code that the model brings along; the host must allow it too."),
    ] = False,
    fetch: Annotated[bool, typer.Option("--pull", help="Fetch its files at once.")] = False,
    yes: host_access.Yes = False,
    host: host_access.Host = None,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """Add a model from the Hub, a folder or a GGUF file to the host's catalogue."""
    with exits.handled():
        from orchestrion.cli.models import downloads

        with host_access.reach(address, host) as client:
            added = client.models.add(
                _absolute(model),
                revision=revision,
                task_types=task or (),
                expert_id=expert,
                allow_pickled_weights=pickled,
                allow_remote_code=code,
            )
            if json:
                views.print_json(added)
            else:
                print(f"Added {added.id}, which performs {', '.join(added.task_types)}.", flush=True)
            wanted = downloads.missing(client.models.list(), [added.id])
            if wanted and fetch and downloads.agreed_to(wanted, yes=yes):
                downloads.fetch(client, [added.id], json=json)
            elif wanted:
                exits.tell(f"`orchestrion models pull {added.id}` fetches its files.")


def remove(
    expert: host_access.Expert,
    *,
    yes: host_access.Yes = False,
    host: host_access.Host = None,
    address: options.Address = None,
) -> None:
    """Remove a model's files, and its entry where it was added."""
    with exits.handled():
        from orchestrion.cli.models.details import find
        from orchestrion.cli.models.questions import agreed
        from orchestrion.cli.models.sizes import size
        from orchestrion.models import ModelOrigin

        with host_access.reach(address, host) as client:
            listed = find(client.models.list(), expert)
            stays = listed.origin in (ModelOrigin.BUILT_IN, ModelOrigin.OPERATOR)
            what = f"the files of {expert}" if stays else expert
            taken = size(listed.expert.download_bytes)
            if not agreed(f"Remove {what}{f' ({taken})' if taken else ''} from this host?", yes=yes):
                exits.tell("Nothing was removed.")
                raise typer.Exit(exits.ExitCode.FAILED)
            client.models.remove(expert)
        print(f"Removed {what}{'; its entry stays in the catalogue' if stays else ''}.")


def _absolute(model: str) -> str:
    """Makes the path of a folder or file absolute; an id on the Hub stays as it is."""
    if model.startswith((".", "/", "~")) or (model.endswith(".gguf") and Path(model).is_file()):
        return str(Path(model).expanduser().resolve())
    return model
