"""Plan files: read, written, and made independent of the controller that they were planned on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrion.plans import Plan
    from orchestrion.values import ArtifactRef


def read(path: Path) -> Plan:
    """Reads a plan; lines that begin with `//` are comments.

    Raises:
        InvalidArgumentError: The file holds no plan in proto3 JSON; the message names it.
        OSError: The file cannot be read.
    """
    return parse(path.read_bytes(), str(path))


def parse(content: bytes, source: str) -> Plan:
    """Reads a plan from the content of a file; errors as `read`."""
    from orchestrion._codec.codec import from_json
    from orchestrion.errors import OrchestrionError, Reason
    from orchestrion.plans import Plan

    try:
        return from_json(without_comments(content.decode("utf-8")), Plan)
    except (OrchestrionError, UnicodeDecodeError) as error:
        raise Reason.PLAN_INVALID.error(f"{source}: {error}", field="plan") from error


def without_comments(text: str) -> str:
    """Returns a text whose lines that begin with `//` are empty: the others keep their numbers, which errors tell."""
    # No text inside of JSON goes over a line's end, so that none can be mistaken for a comment.
    lines = text.splitlines(keepends=True)
    return "".join("\n" if line.lstrip().startswith("//") else line for line in lines)


def write(plan: Plan) -> str:
    """Writes a plan as a person can read and edit it."""
    from orchestrion._codec.codec import to_json

    return to_json(plan, indent=2) + "\n"


def numbered(plan: Plan, attached: Sequence[ArtifactRef]) -> Plan:
    """Returns the plan with `attachments/{n}` for the files that were attached, so that it works on any controller."""
    names = {artifact.name: f"attachments/{number}" for number, artifact in reversed(list(enumerate(attached, 1)))}
    return plan.with_artifacts(names)


def resolved(plan: Plan, attached: Sequence[ArtifactRef]) -> Plan:
    """Returns the plan with the artifacts themselves for `attachments/{n}`; those that were not given stay."""
    return plan.with_artifacts({f"attachments/{number}": item.name for number, item in enumerate(attached, 1)})


def check_attachments(plan: Plan, count: int) -> None:
    """Makes sure that a plan needs no more files than there are.

    Raises:
        InvalidArgumentError: It does; the message says how many, and how to give them.
    """
    from orchestrion import names
    from orchestrion.errors import Reason

    numbers = [number for name in _artifacts(plan) if (number := names.attachment_number(name))]
    most = max(numbers, default=0)
    if most > count:
        attached = "none was given" if count == 0 else f"only {count} {'was' if count == 1 else 'were'} given"
        raise Reason.INVALID_FIELD.error(
            f"The plan needs {most} file{'' if most == 1 else 's'} (it names attachments/{most}), and {attached}. "
            "Name each with -f FILE; the first is attachments/1.",
            field="attachments",
        )


def _artifacts(plan: Plan) -> Iterator[str]:
    from orchestrion.values import artifacts

    for task in plan.tasks:
        for value in task.inputs.values():
            yield from artifacts(value)
