"""Asks an endpoint as the controller does, and tells what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from orchestrion.errors import OrchestrionError
from orchestrion_controller.language_model import Ended, LanguageModel, LanguageModelConfig, Schema
from tests.raw_endpoint import RawEndpoint, Script

KEY = "sk-secret-key"
MESSAGES = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "How are they?"}]
SCHEMA = Schema("mood", {"type": "object", "properties": {"mood": {"type": "string"}}, "required": ["mood"]})


@dataclass(frozen=True)
class Outcome:
    """What a chat gave."""

    text: str
    """What is left of the reply when it has ended."""
    pieces: tuple[str, ...]
    """What was shown meanwhile."""
    ended: Ended


@asynccontextmanager
async def model_of(*script: Script, **options: Any) -> AsyncIterator[tuple[LanguageModel, RawEndpoint]]:
    """A language model whose endpoint answers by a script."""
    async with RawEndpoint(*script) as endpoint:
        settings = {"timeout_s": 5.0, "idle_timeout_s": 5.0, "retry_count": 0, **options}
        model = LanguageModel(LanguageModelConfig(endpoint.base_url, KEY, "scripted", **settings))
        try:
            yield model, endpoint
        finally:
            await model.aclose()


async def chat(model: LanguageModel, schema: Schema | None = None, **options: Any) -> Outcome:
    """Asks once."""
    items = [item async for item in model.chat(MESSAGES, schema, **options)]
    pieces, ended = tuple(item for item in items if isinstance(item, str)), items[-1]
    assert isinstance(ended, Ended)
    return Outcome("".join(pieces)[ended.withdrawn :], pieces, ended)


async def outcome(*script: Script, schema: Schema | None = None, **options: Any) -> Outcome:
    """Asks an endpoint once."""
    async with model_of(*script, **options) as (model, _):
        return await chat(model, schema)


async def failure(*script: Script, schema: Schema | None = None, **options: Any) -> OrchestrionError:
    """Asks an endpoint that fails."""
    try:
        got = await outcome(*script, schema=schema, **options)
    except OrchestrionError as error:
        return error
    raise AssertionError(f"it answered {got.text!r}")
