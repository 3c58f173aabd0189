"""What the planning language model is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from orchestrion import codec
from orchestrion.errors import OrchestrionError
from orchestrion.plans import Parameter, TaskType
from orchestrion.runs import Artifact, Role
from orchestrion.values import Value
from orchestrion_controller import wording
from orchestrion_controller.language_model import ChatMessage
from orchestrion_controller.plans.kinds import how_to_write, reads_as_text
from orchestrion_controller.stages import PastTurn, PlanningRequest

_LONGEST_PAST_TEXT: Final = 1500
"""Characters of an earlier text that are shown."""

_SYSTEM: Final = """\
You turn a person's request into a plan: a directed acyclic graph of typed tasks, which expert AI models perform. You \
do not perform the tasks and do not answer the request yourself.

Write one JSON object and nothing else:
{{"tasks": [{{"id": "…", "type": "…", "inputs": {{"name": VALUE}}}}], "noTaskReason": ""}}

A VALUE is one of:
{{"text": "…"}}  {{"number": 1.5}}  {{"boolean": true}}
{{"artifact": "attachments/1"}}  a file, by the name that is given for it below; a text file also as a TEXT
{{"output": {{"taskId": "…", "output": "…"}}}}  an output of another task; "index": 0 takes one item of a list
{{"list": {{"items": [VALUE, …]}}}}  several values

Rules:
- Use only the task types below, with their own input and output names. Leave out optional inputs that nobody asked for.
- Where a task needs what another one gives, refer to that output; never write down what a task would find out.
- To work on what a text file says, give the file itself to the TEXT input; it is read for you.
- Texts from the request go in exactly as the person wrote them, in the same language.
- A task whose single input gets a list runs once for each item, and its outputs are lists in the same order. For two \
or three files, separate tasks are better: they run side by side.
- Ids are short words such as `read` or `read-2`, each used once.
- If the request needs no task, or no task type does what it asks, give an empty list of tasks and say why in \
`noTaskReason`. Do not plan something else instead.

Task types:
{task_types}"""

_EXAMPLE: Final = """

Example, with one picture attached. Request: read the sign to me.
{{"tasks": [{{"id": "read", "type": "image-to-text", "inputs": {{"image": {{"artifact": "attachments/1"}}}}}}, \
{{"id": "speak", "type": "text-to-speech", "inputs": \
{{"text": {{"output": {{"taskId": "read", "output": "text"}}}}}}}}], \
"noTaskReason": ""}}"""


def planning_messages(request: PlanningRequest, earlier: Mapping[str, Artifact]) -> list[ChatMessage]:
    """Writes the chat that asks for a plan.

    Args:
        request: What to plan.
        earlier: The artifacts of earlier turns by the names that the plan may use for them.
    """
    listed = "\n".join(_task_type(task_type) for task_type in request.task_types.values())
    # An example with task types that are not there would teach the wrong names.
    example = _EXAMPLE.format() if {"image-to-text", "text-to-speech"} <= set(request.task_types) else ""
    messages: list[ChatMessage] = [{"role": "system", "content": _SYSTEM.format(task_types=listed) + example}]
    names = {artifact.name: name for name, artifact in earlier.items()}
    for turn in request.history:
        messages += _past_turn(turn, names)
    count = 0
    for message in request.messages:
        lines = [message.text] if message.text else []
        for artifact in request.attachments[count : count + len(message.artifacts)]:
            count += 1
            lines.append(_file(f"attachments/{count}", artifact))
        role = {Role.ASSISTANT: "assistant", Role.SYSTEM: "system"}.get(message.role, "user")
        messages.append({"role": role, "content": "\n".join(lines)})
    return messages


def repair_messages(reply: str, error: OrchestrionError) -> list[ChatMessage]:
    """Writes what follows an invalid plan: the model's own reply, and what is wrong with it."""
    place = f" (at {error.field})" if error.field else ""
    asked = f"This plan is not valid: {error.message}{place} Write the whole plan anew, as one JSON object, mended."
    return [{"role": "assistant", "content": reply or "(nothing)"}, {"role": "user", "content": asked}]


def _task_type(task_type: TaskType) -> str:
    inputs = "\n".join(f"    {_parameter(parameter, is_input=True)}" for parameter in task_type.inputs)
    outputs = "\n".join(f"    {_parameter(parameter, is_input=False)}" for parameter in task_type.outputs)
    return f"- {task_type.name}: {task_type.description}\n  inputs:\n{inputs}\n  outputs:\n{outputs}"


def _parameter(parameter: Parameter, *, is_input: bool) -> str:
    kind = f"list of {parameter.kind.name}" if parameter.repeated else parameter.kind.name
    notes = ["optional"] if parameter.optional else []
    if parameter.choices:
        notes.append("one of " + ", ".join(parameter.choices))
    if parameter.minimum is not None or parameter.maximum is not None:
        low = "" if parameter.minimum is None else f"{parameter.minimum:g}"
        high = "" if parameter.maximum is None else f"{parameter.maximum:g}"
        notes.append(f"from {low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}")
    if is_input and not parameter.kind.is_media:
        notes.append(f"as {how_to_write(parameter.kind)}")
    described = f": {parameter.description}" if parameter.description else ""
    return f"{parameter.name} ({'; '.join([kind, *notes])}){described}"


def _past_turn(turn: PastTurn, names: Mapping[str, str]) -> Iterable[ChatMessage]:
    """Tells an earlier turn: what was asked, planned, found and answered."""
    for message in turn.messages:
        if message.role is Role.ASSISTANT:
            continue
        attached = [_file(names[name], turn.artifacts[name]) for name in message.artifacts if name in names]
        yield {"role": "user", "content": "\n".join([message.text, *attached])}
    lines: list[str] = []
    if turn.plan:
        lines.append(f"(Planned: {codec.to_json(turn.plan)})")
    for result in turn.results.values():
        shown = [f"{name} = {_past_value(value, names)}" for name, value in result.outputs.items()]
        lines.append(f"({result.task_id} {result.state.name.lower()}: {'; '.join(shown)})")
    yield {"role": "assistant", "content": "\n".join([*lines, turn.answer]) or "(no answer)"}


def _past_value(value: Value, names: Mapping[str, str]) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_past_value(item, names) for item in value) + "]"
    if isinstance(value, str):
        return wording.quoted(value, _LONGEST_PAST_TEXT)
    found = [names[name] for name in wording.named_artifacts(value) if name in names]
    return found[0] if found else wording.shown(value, None, {}, _LONGEST_PAST_TEXT)


def _file(name: str, artifact: Artifact) -> str:
    note = ", a text file: also a TEXT" if reads_as_text(artifact.media_type) else ""
    return f"[{name}: {artifact.file_name or 'a file'}, {artifact.media_type or 'of unknown type'}{note}]"


def earlier_artifacts(history: Sequence[PastTurn]) -> dict[str, Artifact]:
    """Names the artifacts of earlier turns `earlier/1` and so on: hashes are long and easily miswritten."""
    artifacts = {name: artifact for turn in history for name, artifact in turn.artifacts.items()}
    return {f"earlier/{index}": artifact for index, artifact in enumerate(artifacts.values(), start=1)}
