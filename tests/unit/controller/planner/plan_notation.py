"""Requests and plans in a few characters, so that a table of them can be read.

Attachments are letters: `i` a picture, `a` a sound, `t` a text file; `#2` is the second. A plan is one line a task:
`read #1` is image-to-text on the first file, `say read-1` speaks its text; options follow in parentheses.
"""

from __future__ import annotations

from typing import Final

from orchestrion import task_types
from orchestrion.events import PlanFinished, TaskPlanned
from orchestrion.plans import Plan, Task, TaskResult, TaskState
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller.pipeline import partial_plans
from orchestrion_controller.planner.on_demand import BuiltinPlanner
from orchestrion_controller.stages import PastTurn, PlanningRequest
from tests.starter import TASK_TYPES

TYPES: Final = {**TASK_TYPES, "test-delay": task_types.load()["test-delay"]}
SHORT: Final = {
    "image-to-text": "read",
    "text-to-speech": "say",
    "sentence-similarity": "same",
    "text-selection": "pick",
    "automatic-speech-recognition": "hear",
    "zero-shot-classification": "sort",
    "feature-extraction": "embed",
    "summarization": "sum",
    "question-answering": "answer",
    "object-detection": "find",
    "canny-control": "edges",
    "openpose-control": "pose",
    "audio-to-audio": "sound",
    "image-to-image": "image",
    "text-classification": "class",
}
_MODES: Final = ("operation", "domain", "criterion")
_MEDIA: Final = {"i": ("image/png", "sign{}.png"), "a": ("audio/mpeg", "talk{}.mp3"), "t": ("text/plain", "note{}.txt")}
_WORKED_ON: Final = ("image", "audio", "text", "other", "texts")


def attached(letters: str, names: tuple[str, ...] = ()) -> tuple[Artifact, ...]:
    """Makes attachments from their letters."""
    return tuple(
        Artifact(
            f"artifacts/{number:064x}",
            _MEDIA[letter][0],
            names[number - 1] if names else _MEDIA[letter][1].format(number),
            1,
        )
        for number, letter in enumerate(letters, 1)
    )


def request_for(
    text: str, letters: str = "", history: tuple[PastTurn, ...] = (), names: tuple[str, ...] = ()
) -> PlanningRequest:
    """Makes a request with attachments."""
    attachments = attached(letters, names)
    message = Message(text, artifacts=tuple(artifact.name for artifact in attachments))
    return PlanningRequest((message,), attachments, TYPES, history, defined=task_types.load())


async def plan_of(request: PlanningRequest) -> Plan:
    """Plans, and checks that the tasks told one by one are those of the plan."""
    planner = BuiltinPlanner()
    items = [item async for item in planner.plan(request)]
    last = items[-1]
    assert isinstance(last, PlanFinished)
    await partial_plans.check(last, planner, request)
    assert tuple(item.task for item in items if isinstance(item, TaskPlanned)) == last.plan.tasks
    return last.plan


def written(plan: Plan) -> list[str]:
    """Writes a plan, a line a task."""
    return [_line(task) for task in plan.tasks]


async def turn_of(request: PlanningRequest, *results: Value) -> PastTurn:
    """Plans a turn and gives its tasks results in order: each task's principal output."""
    plan = await plan_of(request)
    artifacts = {artifact.name: artifact for artifact in request.attachments}
    results_by_id: dict[str, TaskResult] = {}
    for task, result in zip(plan.tasks, results, strict=False):
        output = TYPES[task.type].outputs[0]
        results_by_id[task.id] = TaskResult(task.id, TaskState.SUCCEEDED, {output.name: result})
        if isinstance(result, ArtifactRef):
            media_type = f"{output.kind.name.lower()}/x"
            artifacts[result.name] = Artifact(result.name, media_type, f"result.{output.kind.name.lower()}", 1)
    return PastTurn(request.messages, plan, results_by_id, "", artifacts)


def made(number: int) -> ArtifactRef:
    """Names an artifact that an earlier turn made; written `#91` and so on."""
    return ArtifactRef(f"artifacts/{90 + number:064x}")


def _line(task: Task) -> str:
    mode = next((str(task.inputs[name]) for name in _MODES if name in task.inputs), "")
    name = f"pick[{mode}]" if task.type == "text-selection" else mode or SHORT[task.type]
    sources = " ".join(_shown(task.inputs[item]) for item in _WORKED_ON if item in task.inputs)
    question = f" ? {task.inputs['question']}" if "question" in task.inputs else ""
    labels = task.inputs.get("labels")
    choices = f" [{'|'.join(map(str, labels))}]" if isinstance(labels, tuple) else ""
    rest = {
        item: value for item, value in task.inputs.items() if item not in {*_MODES, *_WORKED_ON, "question", "labels"}
    }
    options = ",".join(
        f"{item}={value:g}" if isinstance(value, int | float) else f"{item}={value}" for item, value in rest.items()
    )
    return f"{name} {sources}{question}{choices}" + (f" ({options})" if options else "")


def _shown(value: Value) -> str:
    if isinstance(value, ArtifactRef):
        return f"#{int(value.name.removeprefix('artifacts/'), 16)}"
    if isinstance(value, OutputRef):
        kind, _, number = value.task_id.rpartition("-")
        return f"{SHORT[kind]}-{number}" + ("" if value.output == TYPES[kind].outputs[0].name else f".{value.output}")
    return ", ".join(map(_shown, value)) if isinstance(value, tuple) else f"'{value}'"
