"""The requests, and what a planner makes of them: a plan, a refusal, or no answer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.requests import plans
from benchmarks.requests.gold import GoldPlan, GoldTask
from benchmarks.requests.plans import Step
from orchestrion import Artifact, Client
from orchestrion.errors import REFUSALS, OrchestrionError, Reason
from orchestrion.events import PlanFinished

FOLDER: Final = Path(__file__).parent

_NO_PLAN: Final = REFUSALS | {
    reason.name
    for reason in (
        Reason.PLAN_NOT_REPAIRED,
        Reason.REQUEST_EMPTY,
        Reason.MISSING_INPUT,
        Reason.PLAN_INVALID,
        Reason.NO_EXPERT,
    )
}
"""Reasons by which a planner says that it has no plan; all others are no answer of it."""


@dataclass(frozen=True, slots=True)
class AskedRequest:
    """A request of a person, and what is right for it."""

    id: str
    language: str
    """The tag of its language."""
    library: str
    """What has to be offered where it is planned: `starter` or `catalogue`."""
    text: str
    """Its words."""
    files: tuple[str, ...]
    """The names of its files."""
    golds: tuple[GoldPlan, ...]
    """The acceptable plans; of a request beyond every task type those that are clever enough to meet it after all."""
    beyond: tuple[str, ...] = ()
    """Its words that no task type can meet, a part each; empty where it can be planned."""
    kind: str = ""
    """Of a request beyond every task type: `modifier`, one part too many, or `whole`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a planner made of a request."""

    milliseconds: float
    """How long it took, as the client sees it."""
    steps: tuple[Step, ...] = ()
    """The plan; empty where there is none."""
    doubts: tuple[str, ...] = ()
    """What the planner was unsure of."""
    message: str = ""
    """Why there is no plan; empty where there is one."""
    reason: str = ""
    """The error's reason, or `NO_TASKS`; empty where there is a plan."""
    not_done: tuple[str, ...] = ()
    """The words of the request that the plan leaves out, or why it does where the planner names none."""

    @property
    def is_answer(self) -> bool:
        """Whether it is the planner's answer, and not a failure on the way to it."""
        return self.reason in {"", "NO_TASKS"} | _NO_PLAN


def load(path: Path) -> Sequence[AskedRequest]:
    """Reads requests, in the form that README.md describes.

    Raises:
        ValueError: A line does not have that form; the message names it.
    """
    requests = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if line.strip():
            try:
                requests.append(_request(json.loads(line)))
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                message = (
                    f"{path}:{number}: this is no request as benchmarks/requests/README.md describes it: {error!r}"
                )
                raise ValueError(message) from error
    return requests


def ask(address: str, requests: Iterable[AskedRequest], folder: Path, timeout: float) -> Sequence[Outcome]:
    """Has requests planned one after another, and none executed.

    Args:
        address: The controller's.
        requests: The requests.
        folder: Where their files are.
        timeout: How long a plan may take, in seconds.

    Raises:
        OrchestrionError: A file cannot be stored.
        OSError: A file cannot be read.
    """
    uploads: dict[str, Artifact] = {}
    with Client(address) as client:
        outcomes = []
        for request in requests:
            for name in request.files:
                if name not in uploads:
                    uploads[name] = client.artifacts.upload(folder / name)
            outcomes.append(_outcome(client, request, uploads, timeout))
    return outcomes


def _outcome(client: Client, request: AskedRequest, uploads: Mapping[str, Artifact], timeout: float) -> Outcome:
    files = [uploads[name] for name in request.files]
    names = {uploads[name].name: name for name in request.files}
    started = time.perf_counter()
    finished = None
    try:
        for event in client.plan(request.text, files, timeout=timeout):
            if isinstance(event.payload, PlanFinished):
                finished = event.payload
    except OrchestrionError as error:
        return Outcome(_since(started), message=error.message, reason=error.reason)
    if finished is None or not finished.plan.tasks:
        return Outcome(_since(started), message=_why_not(finished), reason="NO_TASKS")
    left_out = tuple(part.words or part.reason for part in finished.not_done)
    return Outcome(_since(started), plans.of_plan(finished.plan, names), finished.doubts, not_done=left_out)


def _why_not(finished: PlanFinished | None) -> str:
    """Says why there are no tasks, with the words that cannot be met in quotation marks."""
    if finished is None:
        return ""
    named = [f"`{part.words}`: {part.reason}" for part in finished.not_done if part.words]
    return "\n".join(named) or finished.plan.no_task_reason


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def _request(row: Mapping[str, Any]) -> AskedRequest:
    beyond = tuple(row["beyond"]["words"]) if row["library"] == "beyond" else ()
    golds = tuple(tuple(GoldTask(task["type"], task["inputs"]) for task in plan) for plan in row.get("gold", ()))
    if not (beyond or golds):
        raise ValueError("it has neither an acceptable plan (`gold`) nor words that cannot be met (`beyond`)")
    return AskedRequest(
        id=row["id"],
        language=row["lang"],
        library=row["base"] if beyond else row["library"],
        text=row["request"],
        files=tuple(row["files"]),
        golds=golds,
        beyond=beyond,
        kind=row["kind"] if beyond else "",
    )
