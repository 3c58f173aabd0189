"""Writes the reference pages from what they describe: `make docs`. `--check` only says which are out of date."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from prometheus_client.metrics import MetricWrapperBase

from docs.clients_page import clients_page
from orchestrion import errors, task_types, transport
from orchestrion.plans import Parameter
from orchestrion.serving.metrics import CallMetrics
from orchestrion.serving.settings import field_docstrings
from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_host.config import HostConfig
from orchestrion_host.metrics import HostMetrics, HostSnapshot

FOLDER: Final = Path(__file__).parent

_ERRORS: Final = """\
# Errors

Every failure has a **reason**, a name that does not change, and a **class**, which says what to do about it. Over gRPC
the class is the status code, and the status carries `google.rpc.ErrorInfo` with the reason, the domain `{domain}` and
metadata; `INVALID_ARGUMENT` also carries `google.rpc.BadRequest` with the field at fault, and what makes sense to try
again after a time carries `google.rpc.RetryInfo`. Messages are for people and may change; they are cut at {size} bytes.
In Python the class is an exception of `orchestrion.errors` with `reason`, `message`, `metadata`, `field` and
`retry_after_ms`. What goes wrong inside a run is told in its events as an `Error` with the same reasons.

## How a client acts

Act on the class, and on the reason where you know it: a newer server may send reasons that are not listed here, and
their codes still say what to do.

{classes}

## Reasons

"Elsewhere" says that the controller tries a task again, on another host or with another expert, when an attempt at it
fails with this reason; a client sees the reason only when that did not help.

{reasons}
"""

_COMPUTED: Final[Mapping[str, str]] = {
    "home": "`ORCHESTRION_HOME`, else the platform's user data folder",
    "exports_path": "`exports` in the user's cache folder",
    "name": "the machine's name",
}
"""Defaults that differ from machine to machine, by setting."""

_ACTIONS: Final[Mapping[type[errors.OrchestrionError], str]] = {
    errors.InvalidArgumentError: "Do not repeat it; mend the field that is named.",
    errors.NotFoundError: "Do not repeat it; list what there is.",
    errors.OutOfRangeError: "Ask where the end is, and read from there.",
    errors.FailedPreconditionError: "Change what the message names (start a host, wait for the run), then repeat.",
    errors.AbortedError: "Look at what the other did, then decide.",
    errors.ResourceExhaustedError: "Wait `retry_after_ms` where it is given, or free what is full; then repeat.",
    errors.UnavailableError: "Repeat, waiting longer each time; watch a run again from the last sequence seen.",
    errors.DeadlineExceededError: "Give it more time. The run may have ended with it: look.",
    errors.RunCancelledError: "Somebody wanted this: do not repeat it by itself.",
    errors.UnimplementedError: "Use a newer server, or another call.",
    errors.PermissionDeniedError: "Do not repeat it; ask for the right.",
    errors.UnauthenticatedError: "Get credentials, then repeat.",
    errors.InternalError: "Report it, with the server's log. Repeating may help once.",
}

_METRICS: Final = """\
# Metrics

Both servers serve Prometheus's text format over HTTP: the controller on port 9464, a host on port 9465, under
`/metrics`. Names are shown as Prometheus reads them; a histogram `x` has the series `x_bucket`, `x_count` and `x_sum`.
Both also serve the metrics of their process (`process_…`) and of Python's garbage collector (`python_gc_…`).

## Controller

{controller}

## Model host

{host}
"""

_TASKS: Final = """\
# Task types

What a task of a plan can do. The principal input and output come first. An input of kind image, audio, video or
document takes an artifact. A list given to an input that takes one value runs the task once an item, and its outputs
are lists then. `PlanRequest.task_types` may replace these by others.
"""

_SETTINGS: Final = """\
# Settings

A setting comes from its flag, else from its variable, else from `orchestrion.toml` (or the file that `--config` or
`ORCHESTRION_CONFIG` names), where it stands under `[controller]` or `[host]` by the name of the flag with `_` for `-`,
else it has its default. An empty variable counts as none. Lists are written with commas, in the file as lists. A value
that cannot be, and a name in the file that is none, end the server with an error that names the setting.

What is true or false is set by its flag and unset by `--no-…`. `ORCHESTRION_HOME` is the folder of all state where
`home` is not set. Clients read `ORCHESTRION_CONTROLLER`, the address of the controller.

## Controller: `python -m orchestrion_controller`

{controller}

## Model host: `python -m orchestrion_host`

{host}
"""


def errors_page() -> str:
    """Tells classes and reasons."""
    classes = [
        (f"`{kind.__name__}`", f"`{transport.status_code(kind('')).name}`", _text(kind.__doc__), action)
        for kind, action in _ACTIONS.items()
    ]
    reasons = [
        (
            f"`{reason.name}`",
            f"`{reason.error_type.__name__}`",
            f"`{transport.status_code(reason.error('')).name}`",
            "yes" if errors.is_retryable(reason.error("")) else "",
            reason.meaning,
        )
        for reason in errors.Reason
    ]
    return _ERRORS.format(
        domain=errors.DOMAIN,
        size=transport.MAX_ERROR_BYTES,
        classes=_table(("class", "gRPC code", "meaning", "what to do"), classes),
        reasons=_table(("reason", "class", "gRPC code", "elsewhere", "meaning"), reasons),
    )


def metrics_page() -> str:
    """Tells the metrics of both servers, from their real registries."""
    calls = CallMetrics("orchestrion_host")
    # What it would read off a host is left empty: the names, labels and texts are there all the same.
    snapshot = HostSnapshot(lambda: (), lambda: (), lambda: 0, lambda: False, lambda: 0)
    host = [*_wrappers(calls), *_wrappers(HostMetrics(calls)), *snapshot.collect()]
    head = ("name", "type", "labels", "unit", "meaning")
    return _METRICS.format(
        controller=_table(head, map(_metric, _wrappers(ControllerMetrics()))), host=_table(head, map(_metric, host))
    )


def tasks_page() -> str:
    """Tells every task type with its inputs and outputs."""
    parts = [_TASKS]
    for task_type in task_types.load().values():
        parts += [f"\n## `{task_type.name}`\n\n{task_type.description}\n"]
        for title, parameters in (("input", task_type.inputs), ("output", task_type.outputs)):
            rows = [
                (
                    f"`{item.name}`",
                    _kind(item),
                    "optional" if item.optional else "always",
                    _allowed(item),
                    item.description,
                )
                for item in parameters
            ]
            parts += ["\n", _table((title, "kind", "given", "allowed", "meaning"), rows), "\n"]
    return "".join(parts)


def settings_page() -> str:
    """Tells the settings of both servers."""
    return _SETTINGS.format(
        controller=_setting_table(ControllerConfig, "controller"), host=_setting_table(HostConfig, "host")
    )


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "clients.md": clients_page,
    "errors.md": errors_page,
    "metrics.md": metrics_page,
    "settings.md": settings_page,
    "tasks.md": tasks_page,
}


def stale() -> Iterator[Path]:
    """Yields the pages that are missing or not what they should be."""
    for name, make in PAGES.items():
        path = FOLDER / name
        if not path.is_file() or path.read_text("utf-8") != _page(make):
            yield path


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the pages, or checks them; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is out of date")
    check = parser.parse_args(argv).check
    found = list(stale())
    for path in found:
        if not check:
            path.write_text(_page(PAGES[path.name]), "utf-8")
        sys.stderr.write(f"{path.name} {'is out of date; run `make docs`' if check else 'written'}\n")
    return 1 if check and found else 0


def _page(make: Callable[[], str]) -> str:
    return f"<!-- Made by docs/make_reference.py from the code: `make docs` makes it anew. -->\n\n{make()}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _text(docstring: str | None) -> str:
    return " ".join((docstring or "").split())


def _wrappers(metrics: object) -> list[MetricWrapperBase]:
    return [item for item in vars(metrics).values() if isinstance(item, MetricWrapperBase)]


def _metric(collector: Any) -> tuple[str, ...]:
    family = next(iter(collector.describe())) if isinstance(collector, MetricWrapperBase) else collector
    name = f"{family.name}_total" if family.type == "counter" else family.name
    # prometheus-client tells labels by its samples only, and there are none yet.
    labels = ", ".join(f"`{label}`" for label in collector._labelnames)
    unit = next((unit for unit in ("seconds", "bytes") if unit in name.split("_")), "")
    if not unit:
        unit = "0 or 1" if family.documentation.startswith("1 ") else "count"
    return f"`{name}`", family.type, labels, unit, family.documentation


def _kind(parameter: Parameter) -> str:
    name = parameter.kind.name.lower()
    return f"list of {name}" if parameter.repeated else name


def _allowed(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(f"`{choice}`" for choice in parameter.choices)
    bounds = [("from", parameter.minimum), ("to", parameter.maximum)]
    return " ".join(f"{word} {bound:,.10g}" for word, bound in bounds if bound is not None)


def _setting_table(config_type: Any, section: str) -> str:
    texts = field_docstrings(config_type)
    rows = []
    for field in dataclasses.fields(config_type):
        flag = "" if field.metadata.get("secret") else f"`--{field.name.replace('_', '-')}`"
        variables = [f"ORCHESTRION_{section}_{field.name}".upper(), *field.metadata.get("env", ())]
        rows.append((flag, ", ".join(f"`{name}`" for name in variables), _default(field), texts[field.name]))
    return _table(("flag", "variable", "default", "meaning"), rows)


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return _COMPUTED[field.name]
    if field.default in (None, "", ()):
        return "none"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


if __name__ == "__main__":
    sys.exit(main())
