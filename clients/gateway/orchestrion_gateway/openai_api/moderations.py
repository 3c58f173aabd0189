"""`/v1/moderations`: whether a text is toxic, by experts that judge that."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from orchestrion import Json, Reason, Task
from orchestrion.values import Value
from orchestrion_gateway.bodies import unless_left
from orchestrion_gateway.openai_api import parameters
from orchestrion_gateway.openai_api.offer import MODERATIONS, PLATFORM, TOXICITY, choose
from orchestrion_gateway.openai_api.parameters import Parameters
from orchestrion_gateway.openai_api.shared_state import OpenAiState, State
from orchestrion_gateway.openai_api.watched_runs import performed

router: Final = APIRouter()

_FLAGGED_FROM: Final = 0.5
_MOST_TEXTS: Final = 100
_HARMLESS: Final = "not toxic"

_CATEGORIES: Final[Mapping[str, str]] = {
    "identity_hate": "hate",
    "insult": "harassment",
    "threat": "harassment/threatening",
}
"""OpenAI's categories for classes that mean the same; other classes stay under their own names."""

_ALL: Final = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
"""OpenAI's categories."""


class ModerationParameters(Parameters):
    """What is used of a call of `/v1/moderations`."""

    model: str = PLATFORM
    input: Any


@router.post("/moderations")
async def moderate(request: Request, state: State) -> Response:
    """Judges texts."""
    wanted = await parameters.read(request, ModerationParameters, state.config)
    results = await unless_left(request, _judged(wanted, state))
    return JSONResponse({"id": f"modr-{secrets.token_hex(12)}", "model": wanted.model, "results": results})


async def _judged(wanted: ModerationParameters, state: OpenAiState) -> list[dict[str, Any]]:
    texts = _texts(wanted.input)
    performer = await choose(state.client, wanted.model, MODERATIONS, "/v1/moderations")
    tasks = [
        Task(f"text-{number}", performer.task_type, {"text": text, "domain": TOXICITY})
        for number, text in enumerate(texts, 1)
    ]
    names = {"text": "input", "domain": "model"}
    return [_verdict(outputs) for outputs in await performed(state.client, tasks, performer, names)]


def _texts(value: Any) -> list[str]:
    parts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    texts: list[str] = []
    for part in parts:
        text = part.get("text") if isinstance(part, dict) and part.get("type") == "text" else part
        if not isinstance(text, str) or not text.strip():
            raise Reason.INVALID_FIELD.error("input: texts alone are judged, none of them empty.", field="input")
        texts.append(text)
    if not 1 <= len(texts) <= _MOST_TEXTS:
        raise Reason.INVALID_FIELD.error(f"input: 1 to {_MOST_TEXTS} texts are taken.", field="input")
    return texts


def _verdict(outputs: Mapping[str, Value]) -> dict[str, Any]:
    """Writes what an expert says; categories that it does not judge are null."""
    scores: dict[str, float | None] = dict.fromkeys(_ALL)
    listed = outputs.get("scores")
    for entry in listed.data if isinstance(listed, Json) else ():
        label = str(entry["label"])
        if label != _HARMLESS:
            scores[_CATEGORIES.get(label, label)] = float(entry["score"])
    categories = {name: None if score is None else score >= _FLAGGED_FROM for name, score in scores.items()}
    judged = {name: ["text"] if score is not None else [] for name, score in scores.items()}
    return {
        "flagged": any(categories.values()),
        "categories": categories,
        "category_scores": scores,
        "category_applied_input_types": judged,
    }
