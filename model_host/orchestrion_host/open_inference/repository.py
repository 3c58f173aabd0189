"""The host's experts as a repository of models: listed, loaded and unloaded."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrion.errors import Reason
from orchestrion.values import JsonData
from orchestrion_host.experts.loader import ExpertLoader
from orchestrion_host.models.on_demand import OnDemand
from orchestrion_host.open_inference import descriptions
from orchestrion_host.open_inference.models import VERSION, ServedModel, ServedModels
from orchestrion_host.open_inference.shared_memory import SharedMemory
from orchestrion_host.report import HostDescription


class ModelRepository:
    """Answers everything of the protocol but inference, in the JSON of its messages."""

    def __init__(
        self,
        *,
        models: ServedModels,
        loader: ExpertLoader,
        on_demand: OnDemand,
        shared_memory: SharedMemory,
        description: HostDescription,
        queue_limit: int,
        room_wait_s: float,
    ) -> None:
        """Keeps its collaborators.

        Args:
            models: What is served.
            loader: Loads and unloads.
            on_demand: Fetches files where the host may.
            shared_memory: The regions that clients registered.
            description: Says whether the host takes work.
            queue_limit: How many calls may wait for one expert.
            room_wait_s: How long a load without a deadline waits for memory, in seconds.
        """
        self._models = models
        self._loader = loader
        self._on_demand = on_demand
        self._description = description
        self._queue_limit = queue_limit
        self._room_wait_s = room_wait_s
        self.shared_memory = shared_memory
        """The regions that clients registered."""

    @property
    def ready(self) -> bool:
        """Whether the host takes inference. It needs no controller for that."""
        return not self._description.draining

    def server(self) -> JsonData:
        """Describes the server."""
        return descriptions.server(shares_memory=self.shared_memory.allowed)

    def model_ready(self, name: str, version: str) -> bool:
        """Whether a model is loaded; errors as `ServedModels.find`."""
        return self._models.find(name, version).ready

    def model(self, name: str, version: str) -> JsonData:
        """Describes the tensors of a model; errors as `descriptions.model`."""
        return descriptions.model(self._models.find(name, version))

    def configuration(self, name: str, version: str) -> JsonData:
        """Describes how a model is run; errors as `descriptions.model`."""
        return descriptions.configuration(self._models.find(name, version), self._queue_limit)

    def statistics(self, name: str = "", version: str = "") -> JsonData:
        """Tells what a model computed, or all models."""
        chosen = [self._models.find(name, version)] if name else list(self._models.all())
        return {"model_stats": [descriptions.statistics(model) for model in chosen]}

    def index(self, *, repository: str = "", ready: bool = False) -> list[JsonData]:
        """Lists the models.

        Args:
            repository: The repository's name; this host has one, which has none.
            ready: Whether only those that are loaded are wanted.

        Raises:
            InvalidArgumentError: INVALID_FIELD: another repository is named.
        """
        _check_repository(repository)
        return [_entry(model) for model in self._models.all() if model.ready or not ready]

    async def load(
        self, name: str, parameters: Mapping[str, object], wait_s: float | None, repository: str = ""
    ) -> None:
        """Loads a model; returns when it is ready.

        Args:
            name: The model.
            parameters: What the request says besides.
            wait_s: How long to wait for memory, in seconds; None for the host's own limit.
            repository: As with `index`.

        Raises:
            OrchestrionError: As `LoadExpert` of the host's own API; INVALID_FIELD: there are parameters.
        """
        _check_repository(repository)
        if parameters:
            text = f"parameters: the host's catalogue says how {name} is loaded; {', '.join(parameters)} cannot."
            raise Reason.INVALID_FIELD.error(text, field="parameters")
        if not self.ready:
            raise Reason.HOST_DRAINING.error("This host is shutting down and takes no new work.")
        expert = self._models.find(name).expert
        await self._on_demand.ensure(expert)
        await self._loader.load(expert, self._room_wait_s if wait_s is None else max(wait_s, 0.0))

    async def unload(self, name: str, repository: str = "") -> None:
        """Unloads a model; returns when its memory is free.

        Raises:
            OrchestrionError: As `UnloadExpert` of the host's own API.
        """
        _check_repository(repository)
        expert = self._models.find(name).expert
        expert.check_unclaimed()
        await self._loader.unload(expert)


def _entry(model: ServedModel) -> JsonData:
    state, reason = model.state()
    return {"name": model.name, "version": VERSION, "state": state, "reason": reason}


def _check_repository(name: str) -> None:
    if name:
        text = f"repository_name: this host has one repository, which has no name; {name[:80]!r} is none."
        raise Reason.INVALID_FIELD.error(text, field="repository_name")
