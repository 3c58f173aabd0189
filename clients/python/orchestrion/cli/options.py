"""Options that several commands take."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from orchestrion.cli import completion

if TYPE_CHECKING:
    from orchestrion.experts import SelectionPolicy
    from orchestrion.settings import SelectionCriteria


class PolicyName(StrEnum):
    """How experts are chosen."""

    RANK = "rank"
    LLM = "llm"


def task_type(flag: str, meaning: str) -> Any:  # What Typer takes for an option has no type of its own.
    """Makes an option for a task type, which a shell completes."""
    return typer.Option(flag, metavar="TYPE", help=meaning, autocompletion=completion.task_types)


def plan_file(meaning: str) -> Any:
    """Makes the option for a file with a plan."""
    return typer.Option("--plan", metavar="FILE", exists=True, dir_okay=False, readable=True, help=meaning)


Address: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        envvar="ORCHESTRION_CONTROLLER",
        help="The controller.  [default: 127.0.0.1:50051]",
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print proto3 JSON, one item a line, and nothing else.")]
EventJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print each event as proto3 JSON, one a line, and nothing else.")
]
Plain: TypeAlias = Annotated[bool, typer.Option("--plain", help="Print plain lines, also on a terminal.")]


def _attachable(values: list[str] | None) -> list[str] | None:
    """Makes sure that what is attached is a link, or a file that can be read."""
    for value in values or ():
        if value.lower().startswith(("http://", "https://")):
            continue
        path = Path(value)
        if not path.exists():
            raise typer.BadParameter(f"File '{value}' does not exist.")
        if path.is_dir():
            raise typer.BadParameter(f"File '{value}' is a directory.")
        if not os.access(path, os.R_OK):
            raise typer.BadParameter(f"File '{value}' is not readable.")
    return values


Files: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--file",
        "-f",
        metavar="FILE|URL",
        help="A picture, sound, video or document, or the web address of one or of a page, which is fetched here; "
        "several times for several.",
        callback=_attachable,
    ),
]
Embedded: TypeAlias = Annotated[
    bool, typer.Option("--embedded", help="Start a private controller and host for this call alone.")
]
Experts: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--expert",
        metavar="FILE.py:CLASS",
        help="With --embedded: also offer this expert written in Python, such as path/to/file.py:MyExpert. Repeatable.",
    ),
]
LlmExpert: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--llm-expert",
        metavar="EXPERT",
        help="With --embedded: the conversational expert of the private host that plans and answers.",
    ),
]
Output: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        file_okay=False,
        metavar="FOLDER",
        help="Where to save the files made; nothing is overwritten.  "
        "[default: orchestrion-output; with --json, files are not saved]",
    ),
]
Approve: TypeAlias = Annotated[
    bool, typer.Option("--approve", help="Ask before anything runs: the plan can be approved, edited or refused.")
]
Yes: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--yes",
        "-y",
        help="Do not ask: send the files and links that the words name; where the request is refused, run the nearest "
        "one that is offered.",
    ),
]
Verbose: TypeAlias = Annotated[bool, typer.Option("--verbose", "-v", help="Tell all that there is to tell.")]
Planner: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--planner",
        metavar="NAME",
        autocompletion=completion.performers,
        help="Who plans: `builtin`, `llm`, or a plug-in of the server, by its name.  [default: the server's choice]",
    ),
]
Responder: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--responder",
        metavar="NAME",
        autocompletion=completion.performers,
        help="Who answers: `builtin`, `llm`, or a plug-in of the server, by its name.  [default: the server's choice]",
    ),
]
Policy: TypeAlias = Annotated[
    PolicyName | None,
    typer.Option(
        "--policy",
        help="How experts are chosen: the best by rank, or by the language model among the best five. With `llm` "
        "nothing starts before the plan is whole.  [default: rank]",
    ),
]
Licenses: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--license",
        metavar="LICENCE",
        help="A licence that experts may have: an SPDX identifier, a pattern such as 'BSD-*', `permissive` or "
        "`commercial`; several times for several.  [default: any that the server allows]",
    ),
]
Previous: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--previous",
        metavar="RUN",
        help="The run to continue: its words, results and files are known.",
        autocompletion=completion.runs,
    ),
]
Timeout: TypeAlias = Annotated[
    float | None, typer.Option("--timeout", min=0.001, metavar="SECONDS", help="When to give up.")
]
RunName: TypeAlias = Annotated[
    str, typer.Argument(metavar="RUN", help="The run, by its id or name.", autocompletion=completion.runs)
]


def policy_of(name: PolicyName | None) -> SelectionPolicy:
    """Returns a policy as the calls take it; that of the server for none."""
    from orchestrion.experts import SelectionPolicy

    return SelectionPolicy[name.name] if name else SelectionPolicy.UNSPECIFIED


def choosing(policy: PolicyName | None, licenses: list[str] | None) -> SelectionCriteria:
    """Returns how experts are chosen, as the calls take it."""
    return {"policy": policy_of(policy), "licenses": licenses or ()}


def run_name(text: str) -> str:
    """Returns the name of a run, given with or without `runs/`."""
    return text if text.startswith("runs/") else f"runs/{text}"
