"""Brings what is known of models up to date from the Hub: downloads, likes, licence, size. Pins stay as they are."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence

import msgspec

from orchestrion.errors import Reason
from orchestrion.models import ModelProgress
from orchestrion.values import JsonObject
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.models import cards, hub
from orchestrion_host.models.collection import Collection


class Refreshing:
    """Refreshes the facts of models."""

    def __init__(self, collection: Collection) -> None:
        """Keeps the catalogue."""
        self._collection = collection

    async def refresh(self, expert_ids: Sequence[str]) -> AsyncGenerator[ModelProgress, None]:
        """Refreshes some models, or all that are on the Hub, and yields one message for each.

        A model that the Hub has no longer, or does not give out, is told and left as it is when all are refreshed.

        Raises:
            OrchestrionError: As the API says of `RefreshModels`.
        """
        wanted = expert_ids or [name for name, current in self._collection.all().items() if current.facts.checkpoints]
        current = [self._collection.get(expert_id).facts for expert_id in wanted]
        for facts in current:
            if not facts.checkpoints:
                text = f"expert_ids: {facts.id} is not on the Hub."
                raise Reason.INVALID_FIELD.error(text, field="expert_ids", expert=facts.id)
        async with contextlib.aclosing(hub.refresh(current)) as lines:
            async for line in lines:
                expert_id = line["expert_id"]
                if refused := line.get("refused"):
                    if expert_ids:
                        raise Reason.rebuild(**refused)
                    yield ModelProgress(f"{expert_id}: {refused['message']}")
                elif (now := self._collection.find(expert_id)) is not None:
                    refreshed = refresh_facts(now.facts, line["facts"])
                    if refreshed != now.facts:
                        self._collection.put(refreshed)
                    yield ModelProgress(
                        f"{expert_id} is up to date", expert=self._collection.peek(expert_id).describe()
                    )


def refresh_facts(facts: ModelFacts, facts_by_model: Mapping[str, JsonObject]) -> ModelFacts:
    """Returns an entry with newer facts.

    Args:
        facts: The entry before.
        facts_by_model: What `hub.inspecting.refresh` tells of its checkpoints.
    """
    own = facts_by_model.get(facts.model) or facts_by_model.get(facts.source.hub) or {}
    pulled = facts.source.files
    sizes = {
        model: sum(pulled[model].values()) if model in pulled else int(item["size_bytes"])
        for model, item in facts_by_model.items()
        if model in pulled or item["size_bytes"]
    }
    return msgspec.structs.replace(
        facts,
        license=cards.license_of(own) or facts.license,
        download_count=int(own.get("downloads", facts.download_count)),
        like_count=int(own.get("likes", facts.like_count)),
        # Of a model whose parts are not all known, neither is the whole.
        download_bytes=sum(sizes.values()) if sizes.keys() == facts.checkpoints.keys() else facts.download_bytes,
        source=msgspec.structs.replace(facts.source, sizes=sizes),
    )
