"""The list of the commands under `orchestrion eval`."""

from __future__ import annotations

import typer

from orchestrion_evaluation.cli.plan import plan

evaluation = typer.Typer(
    name="eval",
    help="Measure planners on samples with known plans.",
    epilog="`orchestrion eval COMMAND --help` has examples.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# The sign keeps the lines as they are.
evaluation.command(
    epilog="""Examples:

\b
orchestrion eval plan --data dev.jsonl --tools tools.json --output report.json
orchestrion eval plan --data dev.jsonl --tools tools.json --planner llm --concurrency 8 --output llm.json"""
)(plan)


@evaluation.callback()
def _group() -> None:
    """Keeps `plan` a command of its own while it is the only one."""
