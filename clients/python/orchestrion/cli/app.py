"""The list of commands: our own, and those that server packages bring along."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, TypeAlias

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_command_from_info
from typer.models import CommandInfo

from orchestrion.cli.approve import approve
from orchestrion.cli.ask import ask
from orchestrion.cli.chat.command import chat
from orchestrion.cli.execute import execute
from orchestrion.cli.experts import experts
from orchestrion.cli.hosts import hosts
from orchestrion.cli.models.command import models
from orchestrion.cli.plan import plan
from orchestrion.cli.runs import cancel, runs
from orchestrion.cli.tasks import tasks
from orchestrion.cli.top.command import top
from orchestrion.cli.up import up
from orchestrion.cli.version import version
from orchestrion.cli.watch import watch

ENTRY_POINTS: Final = "orchestrion.commands"
"""The group in which a package names its commands: `name = "package.module:function"`, or a `typer.Typer`."""

_GROUPS: Final[Mapping[str, Sequence[Callable[..., None] | typer.Typer | str]]] = {
    "Requests": (ask, chat, plan, execute),
    "Runs": (runs, watch, approve, cancel),
    "Quality": ("eval",),
    "The platform": (up, "gateway", "mcp", top, hosts, experts, models, tasks, version),
}
"""Our own commands by title; one that is named by a text is another package's, and shown where that is installed."""
_OTHERS: Final = "Others"

_EXAMPLES: Final[Mapping[Callable[..., None], str]] = {
    ask: """
orchestrion ask "What does this sign say?" -f sign.jpg
orchestrion ask "Read menu.jpg aloud, and summarize https://example.org/article"
orchestrion ask "Say 'good morning' in German, slowly" --embedded
orchestrion ask "Read this page aloud" -f page.png --approve
orchestrion ask - --json < request.txt | jq .
""",
    chat: """
orchestrion chat --embedded
orchestrion chat -o sounds < requests.txt
""",
    plan: """
orchestrion plan "Read this page aloud" -f page.png --output plan.json
orchestrion plan "Read this page aloud" -f page.png --edit --execute
""",
    execute: """
orchestrion execute plan.json -f page.png
""",
    watch: """
orchestrion watch 1b7e0c2f9a4d5e6f7a8b
orchestrion watch 1b7e0c2f9a4d5e6f7a8b --after 12 --json
""",
    approve: """
orchestrion approve 1b7e0c2f9a4d5e6f7a8b
orchestrion approve 1b7e0c2f9a4d5e6f7a8b --edit
""",
    runs: """
orchestrion runs --limit 5
""",
    cancel: """
orchestrion cancel 1b7e0c2f9a4d5e6f7a8b
""",
    up: """
orchestrion up --home /srv/orchestrion
orchestrion up --profile small
orchestrion up --web
""",
    hosts: """
orchestrion hosts --watch
""",
    top: """
orchestrion top
orchestrion top --json --count 2
orchestrion top --metrics http://127.0.0.1:9466
""",
    experts: """
orchestrion experts --task-type text-to-speech
orchestrion experts espeak-ng
""",
    tasks: """
orchestrion tasks
orchestrion tasks text-to-speech
""",
}


_Click: TypeAlias = Any  # Typer keeps its copy of Click private.


class Commands(TyperGroup):
    """Joins the commands of other packages, each loaded when it is named or listed."""

    def format_commands(self, ctx: _Click, formatter: _Click) -> None:
        """Writes the commands in their groups."""
        names = self.list_commands(ctx)
        longest = max(map(len, names))
        groups = {title: [_name_of(command) for command in commands] for title, commands in _GROUPS.items()}
        groups[_OTHERS] = [name for name in names if not any(name in members for members in groups.values())]
        for title, members in groups.items():
            rows = [(name, command) for name in members if (command := self.get_command(ctx, name)) is not None]
            if rows:
                with formatter.section(title):
                    limit = formatter.width - 6 - longest
                    # As wide as the longest name of all, so that the groups stand in one column.
                    formatter.write_dl([(name.ljust(longest), item.get_short_help_str(limit)) for name, item in rows])

    def list_commands(self, ctx: _Click) -> list[str]:
        """Lists our own commands, then theirs."""
        return [*super().list_commands(ctx), *sorted(_foreign())]

    def get_command(self, ctx: _Click, cmd_name: str) -> _Click:
        """Finds a command of ours, else one of theirs."""
        own = super().get_command(ctx, cmd_name)
        entry = None if own is not None else _foreign().get(cmd_name)
        if entry is None:
            return own
        command = entry.load()
        if isinstance(command, typer.Typer):
            group = get_command(command)
            group.name = cmd_name
            return group
        return get_command_from_info(
            CommandInfo(name=cmd_name, callback=command),
            pretty_exceptions_short=False,
            rich_markup_mode=None,
        )


def _name_of(command: Callable[..., None] | typer.Typer | str) -> str:
    if isinstance(command, str):
        return command
    return str(command.info.name) if isinstance(command, typer.Typer) else command.__name__


def _foreign() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}


app = typer.Typer(
    cls=Commands,
    help="Plans a request in plain words, runs its tasks on expert models, and answers.",
    epilog="""`orchestrion COMMAND --help` has examples.

Exit codes: 0 done, 1 the run failed, 2 wrong input, 3 no server, 130 interrupted.""",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (command for commands in _GROUPS.values() for command in commands):
    if isinstance(command, str):
        continue
    if isinstance(command, typer.Typer):
        app.add_typer(command)
        continue
    examples = _EXAMPLES.get(command, "")
    # The sign keeps the lines as they are.
    app.command(epilog=f"Examples:\n\n\b{examples}" if examples else None)(command)
