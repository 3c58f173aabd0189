"""Everything that a host does about models, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrion.errors import Reason
from orchestrion.models import HubModel
from orchestrion_host.changes import Changes
from orchestrion_host.config import HostConfig
from orchestrion_host.experts.loader import ExpertLoader
from orchestrion_host.families import table
from orchestrion_host.memory.measurements import Measurements
from orchestrion_host.models import hub
from orchestrion_host.models.adding import Adding
from orchestrion_host.models.collection import Collection
from orchestrion_host.models.exporting import Exports
from orchestrion_host.models.on_demand import OnDemand
from orchestrion_host.models.pulling import Pulling
from orchestrion_host.models.refreshing import Refreshing
from orchestrion_host.models.removing import Removing


@dataclass(frozen=True)
class ModelLibrary:
    """The models of a host."""

    collection: Collection
    adding: Adding
    pulling: Pulling
    removing: Removing
    refreshing: Refreshing
    on_demand: OnDemand
    exports: Exports

    @classmethod
    def build(
        cls,
        config: HostConfig,
        collection: Collection,
        loader: ExpertLoader,
        changes: Changes,
        *,
        measurements: Measurements,
        task_types: Sequence[str],
        has_graphics: bool,
    ) -> ModelLibrary:
        """Builds it.

        Args:
            config: The settings.
            collection: The catalogue; it tells `changes` of what becomes of it.
            loader: Takes experts off devices.
            changes: What has the host reported.
            measurements: What was measured of experts.
            task_types: The names of all task types.
            has_graphics: Whether the host has a graphics processor.
        """
        collection.on_change = changes.notify
        pulling = Pulling(collection, has_graphics=has_graphics)
        return cls(
            collection=collection,
            adding=Adding(
                collection,
                task_types,
                allow_pickled_weights=config.allow_pickled_weights,
                allow_remote_code=config.allow_remote_code,
                has_graphics=has_graphics,
            ),
            pulling=pulling,
            removing=Removing(collection, loader, pulling, config.exports_path),
            refreshing=Refreshing(collection),
            on_demand=OnDemand(pulling, enabled=config.fetch_on_demand),
            exports=Exports(config, collection, measurements, has_graphics=has_graphics),
        )

    async def search(self, task_type: str, text: str, limit: int) -> list[HubModel]:
        """Searches the Hub for models of a task type, those with the most downloads first.

        Raises:
            OrchestrionError: As the API says of `SearchModels`.
        """
        if not table.is_performed(task_type):
            problem = "no runtime performs it with models of the Hub" if task_type else "it is required"
            text = f"task_type: {task_type[:80]!r}: {problem}."
            raise Reason.INVALID_FIELD.error(text, field="task_type")
        search = table.to_hub(task_type)
        models = await hub.search(search.pipeline_tag, search.tags, text or search.words, limit)
        return [HubModel(**fields) for fields in models]

    async def close(self) -> None:
        """Ends all transfers."""
        await self.on_demand.close()
        await self.pulling.close()
