"""The list of the commands under `orchestrion models`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import typer

from orchestrion.cli.models.additions import add, remove
from orchestrion.cli.models.details import show
from orchestrion.cli.models.downloads import pull
from orchestrion.cli.models.exports import export
from orchestrion.cli.models.listing import list_models, profiles
from orchestrion.cli.models.pins import pin, unpin
from orchestrion.cli.models.refreshes import refresh
from orchestrion.cli.models.searches import search

_COMMANDS: Final[Mapping[str, tuple[Callable[..., None], str]]] = {
    "list": (
        list_models,
        "orchestrion models list --task translation --all\norchestrion models list --profile small",
    ),
    "show": (show, "orchestrion models show whisper-base"),
    "profiles": (profiles, "orchestrion models profiles"),
    "search": (search, "orchestrion models search image-classification vit --limit 5"),
    "add": (
        add,
        "orchestrion models add dslim/bert-large-NER --pull\n"
        "orchestrion models add ./my-checkpoint --task text-classification --id my-checkpoint",
    ),
    "pull": (pull, "orchestrion models pull whisper-base vit-base\norchestrion models pull --profile small --yes"),
    "remove": (remove, "orchestrion models remove whisper-base"),
    "pin": (pin, "orchestrion models pin whisper-base"),
    "unpin": (unpin, "orchestrion models unpin whisper-base"),
    "refresh": (refresh, "orchestrion models refresh"),
    "export": (export, "orchestrion models export distilbert-sst-2 --task text-classification"),
}

models = typer.Typer(
    name="models",
    help="List, fetch, add and export the models of a host.",
    epilog="`orchestrion models COMMAND --help` has examples.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, (_command, _examples) in _COMMANDS.items():
    # The sign keeps the lines as they are.
    models.command(_name, epilog=f"Examples:\n\n\b\n{_examples}")(_command)
