"""The catalogue of a model host: `orchestrion.AsyncHostClient.models`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Unpack

from orchestrion._async.connection import AsyncConnection
from orchestrion._net.resumption import ModelWork
from orchestrion._rpcs import model_hosts as rpcs
from orchestrion.experts import Expert
from orchestrion.listings import Catalogue
from orchestrion.models import HubModel, ModelProgress
from orchestrion.settings import ModelSettings


class AsyncHostModels:
    """Looks after the models of a host."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Shares the connection of the client."""
        self._connection = connection

    async def list(self, task_type: str = "", *, profile: str = "", timeout: float | None = None) -> Catalogue:
        """Lists the whole catalogue of the host, also what it does not offer, and its profiles.

        Args:
            task_type: Only models that perform it.
            profile: Only models of this bundle.
            timeout: The deadline, in seconds.

        Raises:
            InvalidArgumentError: There is no such profile.
        """
        return await self._connection.unary(rpcs.list_models(task_type, profile), timeout)

    async def search(
        self, task_type: str, text: str = "", *, limit: int = 20, timeout: float | None = None
    ) -> tuple[HubModel, ...]:
        """Searches the Hub for models of a task type, those with the most downloads first.

        Args:
            task_type: What they must perform.
            text: Words that the id must contain.
            limit: How many at most, 1 to 100.
            timeout: The deadline, in seconds.

        Raises:
            UnavailableError: The Hub does not answer.
        """
        return await self._connection.unary(rpcs.search_models(task_type, text, limit), timeout)

    async def add(self, model: str, *, timeout: float | None = None, **settings: Unpack[ModelSettings]) -> Expert:
        """Adds a model to the catalogue; of one on the Hub only the configuration is fetched.

        Args:
            model: An id on the Hub, or the absolute path of a folder on the host.
            timeout: The deadline, in seconds.
            settings: See `ModelSettings`.

        Raises:
            NotFoundError: There is no such model.
            InvalidArgumentError: What it performs cannot be found out, or no runtime does that.
            FailedPreconditionError: The id is taken, the weights are pickled, or the Hub wants a token.
        """
        return await self._connection.unary(rpcs.add_model(model, **settings), timeout)

    async def remove(self, expert: str, *, timeout: float | None = None) -> None:
        """Removes a model: its files where no other expert uses them, and its entry where it was added.

        Raises:
            NotFoundError: The host has no such expert.
            FailedPreconditionError: It has a hard reservation.
        """
        await self._connection.unary(rpcs.remove_model(expert), timeout)

    def pull(self, expert: str, *, timeout: float | None = None) -> AsyncGenerator[ModelProgress, None]:
        """Fetches and checks the files of a model; the last item brings the expert as it is registered then.

        Raises:
            NotFoundError: There is no such expert or model.
            FailedPreconditionError: The weights are pickled, or the Hub wants a token.
            ResourceExhaustedError: The disk is full, or the Hub asks to wait.
            UnavailableError: The Hub does not answer, or a file came with another content than announced.
        """
        return self._connection.stream(ModelWork(rpcs.pull_model(expert)), timeout)

    def export(
        self, expert: str, task_type: str = "", *, timeout: float | None = None
    ) -> AsyncGenerator[ModelProgress, None]:
        """Exports a PyTorch model to ONNX, checks and measures it; the last item brings the new expert.

        Args:
            expert: The expert whose model is exported.
            task_type: What the exported model performs; empty where the expert performs one only.
            timeout: The deadline, in seconds.

        Raises:
            NotFoundError: The host has no such expert.
            InvalidArgumentError: Such a model cannot be exported.
            FailedPreconditionError: Its files are missing, or its outputs would differ.
        """
        return self._connection.stream(ModelWork(rpcs.export_model(expert, task_type)), timeout)

    def refresh(
        self, experts: Sequence[str] = (), *, timeout: float | None = None
    ) -> AsyncGenerator[ModelProgress, None]:
        """Brings downloads, likes, licences and sizes up to date from the Hub; no experts named means all.

        Raises:
            OrchestrionError: As `pull` raises it.
        """
        return self._connection.stream(ModelWork(rpcs.refresh_models(experts)), timeout)
