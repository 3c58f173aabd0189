"""The client of a model host for asyncio: the calls of `orchestrion._sync.host.HostClient`, awaited."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Self, Unpack

from orchestrion._async.connection import AsyncConnection
from orchestrion._net.endpoint import Endpoint
from orchestrion._net.resumption import ModelWork
from orchestrion._net.retries import RetryPolicy
from orchestrion._rpcs import model_hosts
from orchestrion._sync.host import LOAD_TIMEOUT_S
from orchestrion.experts import Expert, ExpertStatus, Host
from orchestrion.listings import Catalogue
from orchestrion.models import HubModel, ModelProgress
from orchestrion.settings import ModelSettings


class AsyncHostClient:
    """Talks to one model host; one belongs to the event loop of its first call.

        async with orchestrion.AsyncClient() as client, await client.host() as host:
            async with contextlib.aclosing(host.pull_model("bert-base-ner")) as pull:
                async for progress in pull:
                    print(progress.message, progress.done_bytes, "of", progress.total_bytes)

    As `HostClient` in everything else. Leave the loop over a call's progress early only inside `contextlib.aclosing`,
    so that the work ends there.
    """

    def __init__(self, address: str | None = None, *, timeout: float = 30.0, reconnect: float = 60.0) -> None:
        """Makes the client; arguments and errors as those of `HostClient`."""
        self._endpoint = Endpoint.of_host(address)
        self._connection = AsyncConnection(self._endpoint, RetryPolicy(timeout, reconnect=reconnect))

    @property
    def address(self) -> str:
        """Returns the address of the host."""
        return self._endpoint.address

    async def close(self) -> None:
        """Closes the connection and ends the calls that go on."""
        await self._connection.close()

    async def __aenter__(self) -> Self:
        """Returns the client; leaving closes it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def get_host(self, *, timeout: float | None = None) -> Host:
        """Gets the host as it is now; see `HostClient.get_host`."""
        return await self._connection.unary(model_hosts.get_host(), timeout)

    async def load(self, expert: str, *, timeout: float = LOAD_TIMEOUT_S) -> ExpertStatus:
        """Loads an expert, and returns when it is loaded; see `HostClient.load`."""
        return await self._connection.unary(model_hosts.load_expert(expert), timeout)

    async def unload(self, expert: str, *, timeout: float | None = None) -> ExpertStatus:
        """Unloads an expert after the requests that it is computing; see `HostClient.unload`."""
        return await self._connection.unary(model_hosts.unload_expert(expert), timeout)

    async def pin(self, expert: str, *, pinned: bool = True, timeout: float = LOAD_TIMEOUT_S) -> ExpertStatus:
        """Loads an expert and keeps it loaded; see `HostClient.pin`."""
        return await self._connection.unary(model_hosts.pin_expert(expert, pinned), timeout)

    async def list_models(self, task_type: str = "", *, profile: str = "", timeout: float | None = None) -> Catalogue:
        """Lists the whole catalogue of the host; see `HostClient.list_models`."""
        return await self._connection.unary(model_hosts.list_models(task_type, profile), timeout)

    async def search_models(
        self, task_type: str, text: str = "", *, limit: int = 20, timeout: float | None = None
    ) -> tuple[HubModel, ...]:
        """Searches the Hub for models of a task type; see `HostClient.search_models`."""
        return await self._connection.unary(model_hosts.search_models(task_type, text, limit), timeout)

    async def add_model(self, model: str, *, timeout: float | None = None, **settings: Unpack[ModelSettings]) -> Expert:
        """Adds a model to the catalogue; see `HostClient.add_model`."""
        return await self._connection.unary(model_hosts.add_model(model, **settings), timeout)

    async def remove_model(self, expert: str, *, timeout: float | None = None) -> None:
        """Removes a model; see `HostClient.remove_model`."""
        await self._connection.unary(model_hosts.remove_model(expert), timeout)

    def pull_model(self, expert: str, *, timeout: float | None = None) -> AsyncGenerator[ModelProgress, None]:
        """Fetches and checks the files of a model; see `HostClient.pull_model`."""
        return self._connection.stream(ModelWork(model_hosts.pull_model(expert)), timeout)

    def export_model(
        self, expert: str, task_type: str = "", *, timeout: float | None = None
    ) -> AsyncGenerator[ModelProgress, None]:
        """Exports a PyTorch model to ONNX; see `HostClient.export_model`."""
        return self._connection.stream(ModelWork(model_hosts.export_model(expert, task_type)), timeout)

    def refresh_models(
        self, experts: Sequence[str] = (), *, timeout: float | None = None
    ) -> AsyncGenerator[ModelProgress, None]:
        """Brings the facts of models up to date from the Hub; see `HostClient.refresh_models`."""
        return self._connection.stream(ModelWork(model_hosts.refresh_models(experts)), timeout)
