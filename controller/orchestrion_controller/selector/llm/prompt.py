"""The prompt: what the language model reads of tasks and candidates, and the schema of its reply."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion.experts import Expert, ExpertState, InputLimit
from orchestrion.values import ArtifactRef, Json, OutputRef, Value
from orchestrion_controller import wording
from orchestrion_controller.dispatch import InputSize, SelectionContext
from orchestrion_controller.language_model import ChatMessage, Schema
from orchestrion_controller.languages import canonical
from orchestrion_controller.selector import terms
from orchestrion_controller.selector.requirements import TaskRequirements
from orchestrion_controller.selector.selector import RankedReplica

_LONGEST_VALUES: Final = (400, 150, 60)
"""Characters of a text that are shown: the first, or a later one where the context has no room."""
_MOST_CANDIDATES: Final = 100
_MOST_TAGS: Final = 8
"""Languages, and values of an input, that are listed of an expert."""
_STATES: Final[Mapping[ExpertState, str]] = {
    ExpertState.LOADED: "loaded",
    ExpertState.LOADING: "being loaded",
    ExpertState.LOADABLE: "to be loaded first",
    ExpertState.TO_BE_FETCHED: "to be downloaded first",
    ExpertState.FAILED: "failed to load last time",
}

_SYSTEM: Final = """\
You choose an expert AI model for each task of a plan. For every task you are given the candidates that could perform \
it, and below what each expert is. Choose the one whose result will serve the person best:

- It must handle the language of the task, and it should be made for the domain: a model for the domain is better than \
one for general use, and that is better than one for another domain.
- An input must not be longer or larger than the model takes in; the rest would be cut off.
- If the request says how the result will be used, the licence must allow that.
- Among models that would do equally well, prefer the more accurate, then the one that is ready sooner, then the more \
popular. A large model is no advantage for a small input.

Write one JSON object and nothing else, with every task in it:
{"choices": {"TASK ID": {"reason": "why, in one sentence", "expert": "the id of one of its candidates"}}}"""


@dataclass(frozen=True, slots=True)
class ChoiceQuestion:
    """One task and the candidates for it, the best by rank first."""

    requirements: TaskRequirements
    candidates: Sequence[RankedReplica]

    @property
    def expert_ids(self) -> tuple[str, ...]:
        """What can be chosen."""
        return tuple(item.replica.expert.id for item in self.candidates)


@dataclass(frozen=True, slots=True)
class ChoicePromptExtent:
    """How much a prompt holds."""

    value_length: int
    """Characters of a text."""
    candidate_count: int
    """Candidates of a task, the best by rank."""
    task_count: int
    """Tasks, the first of the plan."""

    def of(self, questions: Sequence[ChoiceQuestion]) -> Sequence[ChoiceQuestion]:
        """Cuts questions to the extent."""
        return [
            ChoiceQuestion(question.requirements, question.candidates[: self.candidate_count])
            for question in questions[: self.task_count]
        ]


def extents(task_count: int) -> Sequence[ChoicePromptExtent]:
    """Lists how much a prompt about so many tasks may hold, the most first."""
    extents = [ChoicePromptExtent(length, _MOST_CANDIDATES, task_count) for length in _LONGEST_VALUES]
    extents += [ChoicePromptExtent(_LONGEST_VALUES[-1], count, task_count) for count in (3, 2)]
    while (task_count := task_count // 2) > 0:
        extents.append(ChoicePromptExtent(_LONGEST_VALUES[-1], 2, task_count))
    return extents


def messages(
    questions: Sequence[ChoiceQuestion], context: SelectionContext, value_length: int = _LONGEST_VALUES[0]
) -> list[ChatMessage]:
    """Writes the chat that asks for the choices; texts are cut after so many characters."""
    parts = []
    if context.request:
        parts.append(f"The person's request: {wording.quoted(context.request, 10 * value_length)}")
    parts += ["\n".join(_question(question, value_length)) for question in questions]
    experts = {item.replica.expert.id: item for question in questions for item in question.candidates}
    wanted = {question.requirements.language for question in questions}
    parts.append("\n".join(["Experts:", *(f"- {name}: {_described(item, wanted)}" for name, item in experts.items())]))
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": "\n\n".join(parts)}]


def schema(questions: Sequence[ChoiceQuestion]) -> Schema:
    """Writes the form of the reply: every task, each with one of its own candidates."""
    choices = {
        # The reason comes first, so that the choice follows from it.
        question.requirements.task.id: _object(
            {"reason": {"type": "string"}, "expert": {"type": "string", "enum": list(question.expert_ids)}}
        )
        for question in questions
    }
    return Schema("selection", _object({"choices": _object(choices)}))


def _object(properties: Mapping[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _question(question: ChoiceQuestion, most: int) -> Iterable[str]:
    requirements = question.requirements
    yield f"Task `{requirements.task.id}`: {requirements.task.type}"
    for name, value in requirements.task.inputs.items():
        size = _size(requirements.sizes.get(name, InputSize()), most if isinstance(value, str) else 0)
        yield f"  {name}: {_value(value, most)}{f' ({size})' if size else ''}"
    if requirements.text_language:
        yield f"  language of its text: {requirements.text_language}"
    candidates = "; ".join(f"{item.replica.expert.id} ({_readiness(item)})" for item in question.candidates)
    yield f"  candidates: {candidates}"


def _value(value: Value, most: int) -> str:
    if isinstance(value, str):
        return json.dumps(wording.cut(value, most), ensure_ascii=False)
    if isinstance(value, OutputRef):
        return f"the {value.output} of task `{value.task_id}`"
    if isinstance(value, ArtifactRef):
        return "a file"
    if isinstance(value, Json):
        return wording.cut(json.dumps(value.data, ensure_ascii=False), most)
    if isinstance(value, tuple):
        shown = ", ".join(_value(item, most) for item in value[:3])
        return f"a list of {len(value)}: {shown}{', …' if len(value) > 3 else ''}"
    return str(value)


def _size(size: InputSize, characters_shown: int = 0) -> str:
    parts = []
    if size.character_count > characters_shown:
        parts.append(f"{size.character_count:,} characters")
    if size.duration_ms:
        parts.append(f"{size.duration_ms / 1000:,.0f} seconds")
    if size.size_bytes and not size.character_count:
        parts.append(f"{size.size_bytes:,} bytes")
    return ", ".join(parts)


def _described(item: RankedReplica, wanted: Collection[str]) -> str:
    """Says what is true of an expert whatever the task; of its languages first those that are wanted."""
    expert = item.replica.expert
    facts = {
        "": " ".join(expert.description.split()) or expert.model,
        "languages": _languages(expert, wanted),
        "domain": expert.domain or "general use",
        "licence": expert.license or "not known",
        "takes at most": "; ".join(f"{limit.input} {_limit(limit)}" for limit in expert.input_limits),
        "takes only": "; ".join(
            f"{taken.input} {', '.join(taken.values[:_MOST_TAGS])}" for taken in expert.accepts if taken.values
        ),
        "takes no": ", ".join(taken.input for taken in expert.accepts if not taken.values),
        "memory": _gigabytes(expert),
        "accuracy": f"{expert.accuracy:g} ({expert.accuracy_measure})" if expert.accuracy else "",
        "downloads a month": f"{expert.download_count:,}" if expert.download_count else "",
        "likes": f"{expert.like_count:,}" if expert.like_count else "",
    }
    return " | ".join(f"{name}: {fact}" if name else fact for name, fact in facts.items() if fact)


def _languages(expert: Expert, wanted: Collection[str]) -> str:
    tags = sorted(expert.languages, key=lambda tag: canonical(tag) not in wanted)
    shown = ", ".join(tags[:_MOST_TAGS])
    more = len(tags) - _MOST_TAGS
    return f"{shown} and {more} more" if more > 0 else shown or "any or not said"


def _readiness(item: RankedReplica) -> str:
    return f"{_STATES[item.replica.status.state]}, a result after about {_seconds(item):.2g} s"


def _limit(limit: InputLimit) -> str:
    return _size(InputSize(limit.max_character_count, limit.max_duration_ms, 0)) or (f"{limit.max_size_bytes:,} bytes")


def _gigabytes(expert: Expert) -> str:
    needed = expert.memory_bytes or expert.download_bytes
    return f"{needed / 1e9:.2g} GB" if needed else ""


def _seconds(item: RankedReplica) -> float:
    """What the terms of time stand for."""
    points = -sum(item.replica_terms[name] for name in ("state", "memory", "queue", "latency"))
    return float(terms.TIME_UNIT_S * (2**points - 1))
