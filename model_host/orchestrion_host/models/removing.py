"""Removes models: off their device, out of the catalogue where they were added, and off the disk."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from orchestrion.errors import Reason
from orchestrion.experts import ExpertState
from orchestrion.models import ModelOrigin
from orchestrion_host.catalogue import snapshots
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.experts.loader import ExpertLoader
from orchestrion_host.models import hub
from orchestrion_host.models.collection import Collection
from orchestrion_host.models.pulling import Pulling


class Removing:
    """Removes models."""

    def __init__(self, collection: Collection, loader: ExpertLoader, pulling: Pulling, exports: Path) -> None:
        """Keeps its collaborators, and the folder of exports."""
        self._collection = collection
        self._loader = loader
        self._pulling = pulling
        self._exports = exports

    async def remove(self, expert_id: str) -> None:
        """Removes a model.

        Raises:
            OrchestrionError: As the API says of `RemoveModel`.
        """
        entry = self._collection.get(expert_id)
        if self._pulling.is_going(expert_id):
            text = f"{expert_id} is being fetched; end that first."
            raise Reason.EXPERT_RESERVED.error(text, expert=expert_id)
        await self._take_off(expert_id)
        facts = entry.facts
        unused = {model: commit for model, commit in facts.checkpoints.items() if not self._is_used(model, facts.id)}
        here = {model: commit for model, commit in unused.items() if snapshots.find(facts, model) or commit}
        # The entry goes first: one without files would be offered, files without an entry only take room.
        self._collection.drop(expert_id)
        if entry.origin is ModelOrigin.EXPORTED:
            await asyncio.to_thread(self._delete_export, facts)
        if here and snapshots.cache_folder().is_dir():
            await hub.remove(here)
            self._collection.look_again(expert_id)

    async def _take_off(self, expert_id: str) -> None:
        """Unloads it; while that waits for calls to end, another may have it loaded again."""
        expert = self._collection.experts.get(expert_id)
        while expert is not None:
            expert.check_unclaimed()
            if expert.state not in (ExpertState.LOADING, ExpertState.LOADED) and expert.unloading is None:
                return
            await self._loader.unload(expert)

    def _is_used(self, model: str, without: str) -> bool:
        return any(
            model in other.facts.checkpoints and snapshots.find(other.facts, model) is not None
            for expert_id, other in self._collection.all().items()
            if expert_id != without
        )

    def _delete_export(self, facts: ModelFacts) -> None:
        (self._exports / f"{facts.id.replace('/', '--')}.yaml").unlink(missing_ok=True)
        folder = Path(facts.source.folder)
        if folder.parent == self._exports:
            shutil.rmtree(folder, ignore_errors=True)
