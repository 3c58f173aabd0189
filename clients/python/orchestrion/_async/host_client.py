"""The client of a model host: its experts, and its catalogue of models."""

from __future__ import annotations

from typing import Final, Self

from orchestrion._async.connection import AsyncConnection
from orchestrion._async.host_models import AsyncHostModels
from orchestrion._net.endpoint import Endpoint
from orchestrion._net.retries import RetryPolicy
from orchestrion._rpcs import model_hosts as rpcs
from orchestrion.experts import ExpertStatus, Host

LOAD_TIMEOUT_S: Final = 600.0
"""How long the loading of an expert may take: large ones are read from slow disks."""


class AsyncHostExperts:
    """Loads and unloads the experts of a host."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Shares the connection of the client."""
        self._connection = connection

    async def load(self, expert: str, *, timeout: float = LOAD_TIMEOUT_S) -> ExpertStatus:
        """Loads an expert, and returns when it is loaded.

        Raises:
            NotFoundError: The host has no such expert.
            FailedPreconditionError: It cannot be loaded, and why.
            ResourceExhaustedError: Experts that may not be evicted leave no room.
        """
        return await self._connection.unary(rpcs.load_expert(expert), timeout)

    async def unload(self, expert: str, *, timeout: float | None = None) -> ExpertStatus:
        """Unloads an expert after the requests that it is computing.

        Raises:
            NotFoundError: The host has no such expert.
            FailedPreconditionError: It has a hard reservation.
        """
        return await self._connection.unary(rpcs.unload_expert(expert), timeout)

    async def pin(self, expert: str, *, pinned: bool = True, timeout: float = LOAD_TIMEOUT_S) -> ExpertStatus:
        """Loads an expert and keeps it loaded, also after a restart of the host; `pinned=False` ends that.

        Raises:
            OrchestrionError: As `load` raises it.
        """
        return await self._connection.unary(rpcs.pin_expert(expert, pinned), timeout)


class AsyncHostClient:
    """Talks to one model host.

        async with orchestrion.AsyncClient() as client, await client.hosts.connect() as host:
            expert = await host.models.add("dslim/bert-base-NER")
            async for progress in host.models.pull(expert.id):
                print(progress.message, progress.done_bytes, "of", progress.total_bytes)

    One belongs to the event loop of its first call. It connects there; calls that are safe to repeat are sent again
    when their connection broke. Every failure of a call is an `OrchestrionError`. A `timeout` is in seconds and counts
    all attempts.

    Calls that take long return an asynchronous iterator of their progress. They start when its first item is asked for.
    Leave its loop early only inside `contextlib.aclosing`, which ends the work. The next pull goes on from there.
    """

    def __init__(self, address: str | None = None, *, timeout: float = 30.0, reconnect: float = 60.0) -> None:
        """Makes the client; nothing is sent yet. `AsyncClient.hosts.connect` finds the address by the host's name.

        Args:
            address: The host, `host:port`; None for 127.0.0.1:50061.
            timeout: The deadline of every call that does not stream, unless the call has its own.
            reconnect: How long the host may be away without a break before the error is raised; 0 for never trying
                again.

        Raises:
            InvalidArgumentError: The address is none, or a time is.
        """
        self._endpoint = Endpoint.of_host(address)
        self._connection = AsyncConnection(self._endpoint, RetryPolicy(timeout, reconnect=reconnect))
        self.experts = AsyncHostExperts(self._connection)
        """The experts of the host: load, unload, pin."""
        self.models = AsyncHostModels(self._connection)
        """Its catalogue of models: list, search, add, remove, pull, export, refresh."""

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

    async def get(self, *, timeout: float | None = None) -> Host:
        """Gets the host as it is now: its devices, and the experts that it offers."""
        return await self._connection.unary(rpcs.get_host(), timeout)
