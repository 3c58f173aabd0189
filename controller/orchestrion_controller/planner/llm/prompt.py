"""The prompt of the language model that plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from orchestrion.errors import OrchestrionError
from orchestrion.plans import Plan, TaskType
from orchestrion.runs import Artifact, Role
from orchestrion.values import Value
from orchestrion_controller import wording
from orchestrion_controller.language_model import ChatMessage
from orchestrion_controller.planner.llm.earlier import Earlier
from orchestrion_controller.planner.llm.examples import Example, written
from orchestrion_controller.planner.llm.tools import description, form, inputs
from orchestrion_controller.plans.kinds import reads_as_text
from orchestrion_controller.stages import PastTurn, PlanningRequest

_LONGEST_PAST_TEXT: Final = 1500
"""Characters of an earlier text that are shown."""
_LONGEST_REPLY: Final = 6000
"""Characters of an invalid plan that its author is shown again."""

_SYSTEM: Final = """\
You turn a person's request into a plan: a directed acyclic graph of typed tasks, which expert AI models perform. You \
do not perform the tasks and do not answer the request yourself.

Write one JSON object and nothing else:
{{"tasks":[{{"id":"…","type":"…","inputs":{{"name":VALUE}}}}],"noTaskReason":""}}

A VALUE is one of:
{{"text":"…"}} for TEXT; {{"number":1.5}} for NUMBER; {{"boolean":true}} for BOOLEAN; {{"json":…}} for JSON
{{"artifact":"attachments/1"}} a file by the name that is given for it, or a text by such a name (earlier/2); a text \
file also as a TEXT
{{"output":{{"taskId":"…","output":"…"}}}} an output of another task; "index":0 takes one item of a list
{{"list":{{"items":[VALUE,…]}}}} several values

Rules:
- Use only the task types below, with their own input and output names. Leave out optional inputs that nobody asked for.
- Where a task needs what another one gives, refer to that output; never write down what a task would find out. When a \
text is changed and then used, such as translated and then spoken, use the changed one.
- Texts, names, labels and numbers that the request gives go in exactly as the person wrote them: nothing corrected, \
shortened, translated or added, without the quotation marks.
- What earlier turns left is used again by its name (earlier/1), not copied. A follow-up repeats only what it changes.
- To work on what a text file says, give the file itself to the TEXT input; it is read for you.
- A task whose single input gets a list runs once for each item, and its outputs are lists in the same order. For two \
or three files, separate tasks are better: they run side by side.
- Ids are short words such as `read` or `read-2`, each used once.
- If the request needs no task, or no task type does what it asks, give an empty list of tasks and say why in \
`noTaskReason`. Do not plan something else instead.

Task types ("?" marks what is optional, "->" the outputs):
{task_types}"""


@dataclass(frozen=True, slots=True)
class PlanPromptExtent:
    """How much a prompt contains; a shorter one leaves out what matters least."""

    turns: int
    """Earlier turns, the latest ones."""
    examples: int
    """Worked examples, the most fitting ones."""
    task_types: int
    """Task types, the likeliest ones."""
    detailed: int
    """Those of them that are described input by input, the likeliest ones; the others in a line each."""


@dataclass(frozen=True, slots=True)
class Material:
    """All that a prompt can contain; a `PlanPromptExtent` limits it."""

    request: PlanningRequest
    earlier: Earlier
    examples: tuple[Example, ...]
    """The most fitting one last."""
    by_relevance: tuple[str, ...]
    """The names of the task types, the likeliest first."""

    def task_types(self, extent: PlanPromptExtent) -> Mapping[str, TaskType]:
        """Returns the task types of the prompt, in their usual order: endpoints cache the prefix that prompts share."""
        included = set(self.by_relevance[: extent.task_types])
        return {name: task_type for name, task_type in self.request.on_offer.items() if name in included}

    def messages(self, extent: PlanPromptExtent) -> list[ChatMessage]:
        """Writes the chat that asks for a plan. Whatever is left out, the request itself is whole."""
        task_types = self.task_types(extent)
        system = _SYSTEM.format(task_types=self.tools(extent))
        # An example with task types that are not there would teach the wrong names.
        fitting = [example for example in self.examples if example.uses_only(task_types)]
        if shown := fitting[len(fitting) - min(extent.examples, len(fitting)) :]:
            system += "\n\nExamples:\n" + "\n\n".join(example.shown() for example in shown)
        messages: list[ChatMessage] = [{"role": "system", "content": system}]
        for turn in self.request.history[len(self.request.history) - extent.turns :]:
            messages += _past_turn(turn, self.earlier)
        return [*messages, *_request(self.request)]

    def tools(self, extent: PlanPromptExtent) -> str:
        """Lists the task types; where only some are described, all their forms come first, the same in each prompt."""
        task_types = self.task_types(extent)
        detailed = set(self.by_relevance[: extent.detailed])
        if detailed >= task_types.keys():
            return "\n".join(description(task_type) for task_type in task_types.values())
        lines = [form(task_type) for task_type in task_types.values()]
        if detailed:
            lines.append("\nThe inputs of those that this request is most likely to need:")
            lines += [inputs(task_type) for name, task_type in task_types.items() if name in detailed]
        return "\n".join(lines)


def repair_messages(reply: str, error: OrchestrionError) -> list[ChatMessage]:
    """Writes what follows an invalid plan: the model's own reply, and what is wrong with it."""
    place = f" (at {error.field})" if error.field else ""
    correction = (
        f"This plan is not valid: {error.message}{place} Write the whole plan anew, as one JSON object, mended."
    )
    shown = wording.cut(reply, _LONGEST_REPLY) or "(nothing)"
    return [{"role": "assistant", "content": shown}, {"role": "user", "content": correction}]


def _request(request: PlanningRequest) -> Iterable[ChatMessage]:
    count = 0
    for message in request.messages:
        lines = [message.text] if message.text else []
        for artifact in request.attachments[count : count + len(message.artifacts)]:
            count += 1
            lines.append(_file(f"attachments/{count}", artifact))
        role = {Role.ASSISTANT: "assistant", Role.SYSTEM: "system"}.get(message.role, "user")
        yield {"role": role, "content": "\n".join(lines)}


def _past_turn(turn: PastTurn, earlier: Earlier) -> Iterable[ChatMessage]:
    """Describes an earlier turn: request, plan, results and answer."""
    for message in turn.messages:
        if message.role is Role.ASSISTANT:
            continue
        attached = [
            _file(earlier.name_of_artifact(name), turn.artifacts[name])
            for name in message.artifacts
            if name in turn.artifacts
        ]
        yield {"role": "user", "content": "\n".join([message.text, *attached])}
    lines: list[str] = []
    if turn.plan:
        plan = Plan(tuple(earlier.named(task) for task in turn.plan.tasks), turn.plan.no_task_reason)
        lines.append(f"(Planned: {written(plan)})")
    for result in turn.results.values():
        shown = [f"{name} = {_past_value(value, earlier)}" for name, value in result.outputs.items()]
        lines.append(f"({result.task_id} {result.state.name.lower()}: {'; '.join(shown)})")
    yield {"role": "assistant", "content": "\n".join([*lines, turn.answer]) or "(no answer)"}


def _past_value(value: Value, earlier: Earlier) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_past_value(item, earlier) for item in value) + "]"
    if isinstance(value, str):
        name = earlier.name_of_text(value)
        return (f"{name}: " if name else "") + wording.quoted(value, _LONGEST_PAST_TEXT)
    named = wording.named_artifacts(value)
    return earlier.name_of_artifact(named[0]) if named else wording.shown(value, None, {}, _LONGEST_PAST_TEXT)


def _file(name: str, artifact: Artifact) -> str:
    note = ", a text file: also a TEXT" if reads_as_text(artifact.media_type) else ""
    return f"[{name}: {artifact.file_name or 'a file'}, {artifact.media_type or 'of unknown type'}{note}]"
