"""Plans as a language model writes them, and a planner over a scripted one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from orchestrion import task_types
from orchestrion.errors import OrchestrionError
from orchestrion.plans import Task
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, JsonData, JsonObject, OutputRef
from orchestrion_controller.language_model import LanguageModel, LanguageModelConfig
from orchestrion_controller.planner.llm import LLMPlanner
from orchestrion_controller.stages import PlanItem, PlanningRequest
from tests.llm_server import LLMServer

TYPES = task_types.load()
SIGN = Artifact("artifacts/" + "a" * 64, "image/png", "sign.png", 10)
KEY = "sk-secret-key"
REQUEST = PlanningRequest((Message("read this aloud", artifacts=(SIGN.name,)),), (SIGN,), TYPES)


def read(task_id: str = "read") -> dict[str, JsonData]:
    return {"id": task_id, "type": "image-to-text", "inputs": {"image": "$1"}}


def speak(text: JsonData, task_id: str = "speak") -> dict[str, JsonData]:
    return {"id": task_id, "type": "text-to-speech", "inputs": {"text": text}}


def output(task_id: str, name: str = "text") -> str:
    return f"${task_id}.{name}"


def plan(*tasks: JsonObject, reason: str = "", not_done: Mapping[str, str] | None = None) -> str:
    parts = [{"words": words, "why": why} for words, why in (not_done or {}).items()]
    beside = {"not_done": parts, "no_task_reason": reason}
    return json.dumps({"tasks": tasks, **{name: value for name, value in beside.items() if value}})


VALID = plan(read(), speak(output("read")))
TASKS = (
    Task("read", "image-to-text", {"image": ArtifactRef(SIGN.name)}),
    Task("speak", "text-to-speech", {"text": OutputRef("read", "text")}),
)


@asynccontextmanager
async def planner_for(server: LLMServer, **options: Any) -> AsyncIterator[LLMPlanner]:
    model = LanguageModel(LanguageModelConfig(server.base_url, KEY, "scripted", **{"retry_count": 0, **options}))
    try:
        yield LLMPlanner(model)
    finally:
        await model.aclose()


async def planned(server: LLMServer, request: PlanningRequest = REQUEST, **options: Any) -> list[PlanItem]:
    async with planner_for(server, **options) as planner:
        return [item async for item in planner.plan(request)]


async def failed(server: LLMServer, **options: Any) -> OrchestrionError:
    with pytest.raises(OrchestrionError) as caught:
        await planned(server, **options)
    return caught.value
