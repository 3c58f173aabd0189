"""The 50 cases of `cases.yaml` as replicas and tasks, and how many a policy gets right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from orchestrion.experts import AcceptedValues, Device, Expert, ExpertState, ExpertStatus, HostFacts, InputLimit
from orchestrion.plans import Task
from orchestrion.values import ArtifactRef, JsonObject, Value
from orchestrion_controller.dispatch import InputSize, SelectionContext
from orchestrion_controller.language_model import ChatModel
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.registry.registry import Registry, Report
from orchestrion_controller.selector.llm.chooser import LLMChooser
from orchestrion_controller.selector.llm.prompt import ChoiceQuestion
from orchestrion_controller.selector.requirements import TaskRequirements
from orchestrion_controller.selector.selector import Selector

CASES: Final = Path(__file__).with_name("cases.yaml")
CANDIDATES: Final = 5
_FILE: Final = "artifacts/file"
_GB: Final = 10**9
_MB: Final = 10**6


@dataclass(frozen=True, slots=True)
class Case:
    """One choice, and what is right."""

    id: str
    decides: str
    """`language`, `domain`, `licence` or `size`."""
    task: Task
    context: SelectionContext
    report: Report
    """The host on which the experts are."""
    right: str
    why: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What a policy chose."""

    case: Case
    chosen: str
    reason: str

    @property
    def right(self) -> bool:
        """Whether it is the right one."""
        return self.chosen == self.case.right


def load(path: Path = CASES) -> Sequence[Case]:
    """Reads the cases."""
    data = yaml.safe_load(path.read_text("utf-8"))
    experts = {expert_id: _expert(expert_id, facts) for expert_id, facts in data["experts"].items()}
    latencies = {expert_id: float(facts.get("latency_ms", 0)) for expert_id, facts in data["experts"].items()}
    return [_case(item, experts, latencies) for item in data["cases"]]


async def by_rank(cases: Iterable[Case]) -> Sequence[Judged]:
    """Has rank choose. On an event loop, whose timers the registry uses."""
    judged = []
    for case in cases:
        registry = _registry(case)
        assignment = Selector(registry, CANDIDATES).assign(case.task, case.context)
        judged.append(Judged(case, assignment.expert_id, assignment.reason))
        registry.close()
    return judged


async def by_language_model(cases: Iterable[Case], model: ChatModel) -> Sequence[Judged]:
    """Has a language model choose among what rank puts on its shortlist."""
    chooser, judged = LLMChooser(model), []
    for case in cases:
        registry = _registry(case)
        shortlist = Selector(registry, CANDIDATES).shortlist(case.task, case.context)
        question = ChoiceQuestion(TaskRequirements(case.task, case.context), shortlist)
        choices = await chooser.choose([question], case.context)
        choice = choices.by_task.get(case.task.id)
        named = choice.expert_id if choice else ""
        chosen = named if named in question.expert_ids else question.expert_ids[0]
        judged.append(Judged(case, chosen, choice.reason if choice else choices.problem))
        registry.close()
    return judged


def lines(name: str, judged: Sequence[Judged]) -> Iterable[str]:
    """Writes the accuracy of a policy, in all and by what decides, and each mistake."""
    right = sum(item.right for item in judged)
    kinds = dict.fromkeys(item.case.decides for item in judged)
    parts = [(kind, [item.right for item in judged if item.case.decides == kind]) for kind in kinds]
    each = ", ".join(f"{kind} {sum(verdicts)}/{len(verdicts)}" for kind, verdicts in parts)
    yield f"{name:<6} accuracy {right / len(judged):6.1%}  ({right} of {len(judged)}: {each})"
    for item in judged:
        if not item.right:
            yield f"       {item.case.id}: {item.chosen}, not {item.case.right}. {item.case.why}"


def _registry(case: Case) -> Registry:
    registry = Registry(86_400_000, ControllerMetrics())
    registry.report(case.report, "cases")
    return registry


def _expert(expert_id: str, facts: JsonObject) -> Expert:
    limits = (
        InputLimit("text", max_character_count=facts.get("text_limit", 0)),
        InputLimit("prompt", max_character_count=facts.get("prompt_limit", 0)),
        InputLimit("audio", max_duration_ms=facts.get("sound_limit", 0)),
    )
    return Expert(
        id=expert_id,
        model=facts["model"],
        runtime="engine" if facts["model"] == expert_id else "transformers",
        task_types=(facts["task"],),
        description=facts["about"],
        languages=tuple(facts["languages"]),
        domain=facts.get("domain", ""),
        license=facts["license"],
        memory_bytes=facts["megabytes"] * _MB,
        download_count=facts.get("downloads", 0),
        like_count=facts.get("likes", 0),
        accepts=tuple(AcceptedValues(name, tuple(values)) for name, values in facts.get("accepts", {}).items()),
        input_limits=tuple(limit for limit in limits if limit.max_character_count or limit.max_duration_ms),
        accuracy=facts.get("accuracy", 0.0),
        accuracy_measure=facts.get("measure", ""),
    )


def _case(item: JsonObject, experts: Mapping[str, Expert], latencies: Mapping[str, float]) -> Case:
    inputs: dict[str, Value] = {
        name: ArtifactRef(_FILE) if value == "file" else value for name, value in item["inputs"].items()
    }
    if length := item.get("text_length"):
        name = next(name for name in ("text", "prompt") if name in inputs)
        text = str(inputs[name])
        inputs[name] = (text * (length // len(text) + 1))[:length]
    file = InputSize(
        duration_ms=item.get("seconds", 0) * 1000, size_bytes=item.get("bytes", item.get("seconds", 0) * 32_000)
    )
    offered = tuple(experts[expert_id] for expert_id in item["offers"])
    loadable = item.get("loadable", ())
    return Case(
        id=item["id"],
        decides=item["decides"],
        task=Task("task", item["task"], inputs),
        context=SelectionContext({_FILE: file}, item.get("request", ""), tuple(item.get("licenses", ()))),
        report=Report(
            name="hosts/one",
            instance_id="cases",
            facts_digest="cases",
            facts=HostFacts("127.0.0.1:1", "cases", 64, offered),
            devices=(Device("cuda:0", 24 * _GB, 12 * _GB),),
            statuses=tuple(
                ExpertStatus(
                    expert.id,
                    ExpertState.LOADABLE if expert.id in loadable else ExpertState.LOADED,
                    latency_ms=latencies[expert.id],
                )
                for expert in offered
            ),
            draining=False,
            worker_restart_count=0,
        ),
        right=item["right"],
        why=item["why"],
    )
