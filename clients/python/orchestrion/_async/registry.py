"""What the registry of a controller lists: `orchestrion.AsyncClient.hosts`, `.experts` and `.task_types`."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from orchestrion._async.connection import AsyncConnection
from orchestrion._async.host_client import AsyncHostClient
from orchestrion._net.resumption import HostChanges
from orchestrion._rpcs import registry as rpcs
from orchestrion.experts import Host, ListedExpert, ListedTaskType
from orchestrion.listings import HostRemoved


class AsyncHosts:
    """The model hosts that report to the controller."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Shares the connection of the client."""
        self._connection = connection

    async def list(self, *, timeout: float | None = None) -> tuple[Host, ...]:
        """Lists the model hosts, by name."""
        return await self._connection.unary(rpcs.list_hosts(), timeout)

    def watch(self, *, timeout: float | None = None) -> AsyncGenerator[Host | HostRemoved, None]:
        """Yields every host that is listed, then each as it changes; ends only by `timeout`, or when it is closed.

        Raises:
            DeadlineExceededError: The timeout, in seconds, is over.
        """
        return self._connection.stream(HostChanges(), timeout)

    async def connect(self, name: str | None = None, *, timeout: float | None = None) -> AsyncHostClient:
        """Makes a client of one model host, to load experts there and to look after its catalogue of models.

        It has a connection of its own, to be closed by itself.

        Args:
            name: The host's name; it may be left out where there is one host only.
            timeout: The deadline of the question where the host is, in seconds.

        Raises:
            NotFoundError: No such host is listed.
            InvalidArgumentError: There are several, and none was named.
        """
        host = rpcs.choose_host(await self.list(timeout=timeout), name)
        policy = self._connection.policy
        return AsyncHostClient(host.address, timeout=policy.timeout, reconnect=policy.reconnect)


class AsyncExperts:
    """The experts that those hosts offer."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Shares the connection of the client."""
        self._connection = connection

    async def list(self, task_type: str | None = None, *, timeout: float | None = None) -> tuple[ListedExpert, ...]:
        """Lists the experts, by id; those that perform one task type where it is named."""
        return await self._connection.unary(rpcs.list_experts(task_type or ""), timeout)


class AsyncTaskTypes:
    """The task types that those experts perform."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Shares the connection of the client."""
        self._connection = connection

    async def list(self, *, timeout: float | None = None) -> tuple[ListedTaskType, ...]:
        """Lists the task types on offer, by name: who performs each, and how soon a task of it can be carried out."""
        return await self._connection.unary(rpcs.list_task_types(), timeout)
