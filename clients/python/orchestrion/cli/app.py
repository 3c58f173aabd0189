"""The list of commands: our own, and those that server packages bring along."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command_from_info
from typer.models import CommandInfo

from orchestrion.cli.ask import ask
from orchestrion.cli.experts import experts
from orchestrion.cli.hosts import hosts
from orchestrion.cli.up import up
from orchestrion.cli.version import version

ENTRY_POINTS: Final = "orchestrion.commands"
"""The group in which a package names its commands: `name = "package.module:function"`, for Typer to take."""


class Commands(TyperGroup):
    """Joins the commands of other packages, each loaded when it is named or listed."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Lists our own commands, then theirs."""
        return [*super().list_commands(ctx), *sorted(_foreign())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Finds a command of ours, else one of theirs."""
        own = super().get_command(ctx, cmd_name)
        found = None if own is not None else _foreign().get(cmd_name)
        if found is None:
            return own
        return get_command_from_info(
            CommandInfo(name=cmd_name, callback=found.load()),
            pretty_exceptions_short=False,
            rich_markup_mode=None,
        )


def _foreign() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}


app = typer.Typer(
    cls=Commands,
    help="Plans a request in plain words, runs its tasks on expert models, and answers.",
    epilog="Exit codes: 0 done, 1 the run failed, 2 wrong input, 3 no server, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (ask, up, hosts, experts, version):
    app.command()(command)
