"""`orchestrion tasks`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from orchestrion.cli import completion, exits, options, views

if TYPE_CHECKING:
    from orchestrion.experts import ListedTaskType
    from orchestrion.plans import Parameter, TaskType
    from orchestrion.values import Value

_TIMEOUT_S: Final = 2.0
_STYLES: Final = {"● ready": "green", "○ none": "dim"}
_PHRASES: Final = 8
"""How many of the phrases are shown by which people ask for a task."""


def tasks(
    task_type: Annotated[
        str | None,
        typer.Argument(metavar="TYPE", help="Only this one, in detail.", autocompletion=completion.task_types),
    ] = None,
    *,
    address: options.Address = None,
    json: options.Json = False,
) -> None:
    """List the kinds of task, those of plug-ins included, and which have an expert now.

    Needs no controller; without one it lists those that the project defines, and cannot tell which experts are there.
    """
    with exits.handled():
        from orchestrion import task_types
        from orchestrion.errors import Reason

        offered = _offered(address)
        defined = {**{item.task_type.name: item.task_type for item in offered or ()}, **task_types.load()}
        experts = None if offered is None else _performers(offered)
        if task_type is not None:
            if task_type not in defined:
                raise Reason.UNKNOWN_TASK_TYPE.error(
                    f"There is no task type {task_type!r}; `orchestrion tasks` lists them.", field="type"
                )
            if json:
                views.print_json(defined[task_type])
            else:
                _tell(defined[task_type], experts)
            return
        # Those for tests are on hosts that were started with their experts, and nobody else misses them.
        shown = [
            item for name, item in sorted(defined.items()) if not name.startswith("test-") or (experts or {}).get(name)
        ]
        if json:
            views.print_json(*shown)
        else:
            _show(shown, experts)


def _offered(address: str | None) -> Sequence[ListedTaskType] | None:
    """Returns what is on offer; None where no controller answers, which is no fault here."""
    from orchestrion._sync.client import Client
    from orchestrion.errors import UnavailableError

    with contextlib.suppress(UnavailableError), Client(address, timeout=_TIMEOUT_S) as client:
        return client.task_types.list()
    return None


def _performers(offered: Sequence[ListedTaskType]) -> Mapping[str, Sequence[str]]:
    """Returns the experts of each task type that can be had, by its name."""
    from orchestrion.experts import TaskTypeState

    return {item.task_type.name: item.experts for item in offered if item.state is not TaskTypeState.UNAVAILABLE}


def _show(shown: list[TaskType], experts: Mapping[str, Sequence[str]] | None) -> None:
    from orchestrion.cli.table import Column, show_table

    columns = [Column("TASK TYPE", "bold"), Column("EXPERT", styles=_STYLES), Column("WHAT IT DOES", cut=True)]
    rows: list[tuple[str, ...]] = [(item.name, _ready(item.name, experts), item.description) for item in shown]
    if experts is None:
        exits.tell("No controller answers, so nothing is known of experts; `orchestrion up` starts one.")
        columns.pop(1)
        rows = [(name, text) for name, _, text in rows]
    show_table(columns, rows)


def _ready(name: str, experts: Mapping[str, Sequence[str]] | None) -> str:
    return "● ready" if (experts or {}).get(name) else "○ none"


def _tell(item: TaskType, experts: Mapping[str, Sequence[str]] | None) -> None:
    from orchestrion.cli import plan_files, views
    from orchestrion.cli.table import Column, show_table
    from orchestrion.plans import Plan, Task

    views.say(f"{item.name}: {item.description}")
    if experts is not None:
        views.say(
            f"{_ready(item.name, experts)}: {', '.join(experts.get(item.name, ())) or 'no expert performs it now'}"
        )
    if item.cues:
        views.say(f"Asked for as: {', '.join(item.cues[:_PHRASES])}{' …' if len(item.cues) > _PHRASES else ''}")
    columns = [
        Column("", "bold"),
        Column("KIND", "cyan"),
        Column("MAY BE", "dim", cut=True),
        Column("MEANING", cut=True),
    ]
    for title, parameters in (("INPUT", item.inputs), ("OUTPUT", item.outputs)):
        print()
        columns[0] = Column(title, "bold")
        show_table(columns, [_parameter(parameter) for parameter in parameters])
    required = [(place, parameter) for place, parameter in enumerate(item.inputs, 1) if not parameter.optional]
    needed = {parameter.name: _example(parameter, place) for place, parameter in required}
    print("\nAs a plan, for `orchestrion execute`:\n")
    print(plan_files.write(Plan((Task(f"{item.name}-1", item.name, needed),))), end="")


def _parameter(parameter: Parameter) -> tuple[str, ...]:
    kind = parameter.kind.name.lower() + (" list" if parameter.repeated else "")
    limits = ", ".join(parameter.choices) or _range(parameter.minimum, parameter.maximum)
    parts = [limits, "left out"] if parameter.optional else [limits]
    return parameter.name, kind, ", or ".join(part for part in parts if part), parameter.description


def _range(minimum: float | None, maximum: float | None) -> str:
    if minimum is None:
        return "" if maximum is None else f"up to {maximum:.10g}"
    return f"from {minimum:.10g}" if maximum is None else f"{minimum:.10g} to {maximum:.10g}"


def _example(parameter: Parameter, place: int) -> Value:
    from orchestrion.plans import ParameterKind
    from orchestrion.values import ArtifactRef, Json

    one: Value
    match parameter.kind:
        case ParameterKind.NUMBER:
            one = parameter.minimum if parameter.minimum is not None else 1.0
        case ParameterKind.BOOLEAN:
            one = True
        case ParameterKind.JSON:
            one = Json({})
        case ParameterKind.TEXT | ParameterKind.UNSPECIFIED:
            one = parameter.choices[0] if parameter.choices else f"Text {place}."
        case _:
            one = ArtifactRef(f"attachments/{place}")
    if not parameter.repeated:
        return one
    return (one, f"Text {place + 1}.") if isinstance(one, str) else (one,)
