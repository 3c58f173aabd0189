"""The Hub as the host asks it: each question is a program of its own, which a call that is cancelled ends."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final

from orchestrion.values import JsonData, JsonObject
from orchestrion_host import programs
from orchestrion_host.catalogue.facts import ModelFacts

_MODULE: Final = "orchestrion_host.hub"
# Transfers that can be continued and checked are plain HTTP; what the Hub's other protocol fetched in part is lost.
_ENVIRONMENT: Final = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}

# What one program is asked at once goes on its command line, whose length is limited.
_BATCH: Final = 50


async def inspect(model: str, revision: str) -> JsonObject:
    """Reads what a model is: `orchestrion_host.hub.inspecting.inspect`."""
    facts: JsonObject = await _result("inspect", model=model, revision=revision)
    return facts


async def search(pipeline_tag: str, filters: Sequence[str], text: str, limit: int) -> Sequence[JsonObject]:
    """Searches models: `orchestrion_host.hub.inspecting.search`."""
    models: Sequence[JsonObject] = await _result(
        "search", pipeline_tag=pipeline_tag, filters=list(filters), text=text, limit=limit
    )
    return models


async def remove(commits: Mapping[str, str]) -> int:
    """Deletes snapshots from the cache: `orchestrion_host.hub.cache.remove`."""
    freed: int = await _result("remove", commits=dict(commits))
    return freed


async def pull(facts: ModelFacts) -> AsyncGenerator[JsonObject, None]:
    """Fetches an expert's checkpoints: yields lines of progress, then the one with the result of `hub.pulling.pull`."""
    async with contextlib.aclosing(_lines("pull", **_checkpoints(facts))) as lines:
        async for line in lines:
            yield line


async def refresh(experts: Sequence[ModelFacts]) -> AsyncGenerator[JsonObject, None]:
    """Reads facts and sizes of experts: yields the lines of `hub.inspecting.refresh`."""
    for batch in (experts[start : start + _BATCH] for start in range(0, len(experts), _BATCH)):
        arguments = {facts.id: _checkpoints(facts) for facts in batch}
        async with contextlib.aclosing(_lines("refresh", experts=arguments)) as lines:
            async for line in lines:
                if "expert_id" in line:
                    yield line


def _checkpoints(facts: ModelFacts) -> dict[str, object]:
    return {
        "checkpoints": dict(facts.checkpoints),
        "runtime": facts.runtime,
        "trusted": list(facts.trusted),
        "gguf": facts.source.gguf,
    }


def _lines(action: str, **arguments: object) -> AsyncGenerator[JsonObject, None]:
    return programs.run(_MODULE, [action, json.dumps(arguments)], _ENVIRONMENT)


async def _result(action: str, **arguments: object) -> JsonData:
    async with contextlib.aclosing(_lines(action, **arguments)) as lines:
        async for line in lines:
            if "result" in line:
                return line["result"]
    raise AssertionError("A program ends with a result or an error.")
