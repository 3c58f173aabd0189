# Made from _async/host_client.py by tools/unasync.py (`make unasync`): change that file, never this one.
"""The client of a model host: its experts, and its catalogue of models."""

from __future__ import annotations

from typing import Final, Self

from orchestrion._net.endpoint import Endpoint
from orchestrion._net.retries import RetryPolicy
from orchestrion._rpcs import model_hosts as rpcs
from orchestrion._sync.connection import Connection
from orchestrion._sync.host_models import HostModels
from orchestrion.experts import ExpertStatus, Host

LOAD_TIMEOUT_S: Final = 600.0
"""How long the loading of an expert may take: large ones are read from slow disks."""


class HostExperts:
    """Loads and unloads the experts of a host."""

    def __init__(self, connection: Connection) -> None:
        """Shares the connection of the client."""
        self._connection = connection

    def load(self, expert: str, *, timeout: float = LOAD_TIMEOUT_S) -> ExpertStatus:
        """Loads an expert, and returns when it is loaded.

        Raises:
            NotFoundError: The host has no such expert.
            FailedPreconditionError: It cannot be loaded, and why.
            ResourceExhaustedError: Experts that may not be evicted leave no room.
        """
        return self._connection.unary(rpcs.load_expert(expert), timeout)

    def unload(self, expert: str, *, timeout: float | None = None) -> ExpertStatus:
        """Unloads an expert after the requests that it is computing.

        Raises:
            NotFoundError: The host has no such expert.
            FailedPreconditionError: It has a hard reservation.
        """
        return self._connection.unary(rpcs.unload_expert(expert), timeout)

    def pin(self, expert: str, *, pinned: bool = True, timeout: float = LOAD_TIMEOUT_S) -> ExpertStatus:
        """Loads an expert and keeps it loaded, also after a restart of the host; `pinned=False` ends that.

        Raises:
            OrchestrionError: As `load` raises it.
        """
        return self._connection.unary(rpcs.pin_expert(expert, pinned), timeout)


class HostClient:
    """Talks to one model host.

        with orchestrion.Client() as client, client.hosts.connect() as host:
            expert = host.models.add("dslim/bert-base-NER")
            for progress in host.models.pull(expert.id):
                print(progress.message, progress.done_bytes, "of", progress.total_bytes)

    Threads may share one. It connects at the first call; calls that are safe to repeat are sent again
    when their connection broke. Every failure of a call is an `OrchestrionError`. A `timeout` is in seconds and counts
    all attempts.

    Calls that take long return an iterator of their progress. They start when its first item is asked for.
    Leaving its loop early, or `close()`, ends the work. The next pull goes on from there.
    """

    def __init__(self, address: str | None = None, *, timeout: float = 30.0, reconnect: float = 60.0) -> None:
        """Makes the client; nothing is sent yet. `Client.hosts.connect` finds the address by the host's name.

        Args:
            address: The host, `host:port`; None for 127.0.0.1:50061.
            timeout: The deadline of every call that does not stream, unless the call has its own.
            reconnect: How long the host may be away without a break before the error is raised; 0 for never trying
                again.

        Raises:
            InvalidArgumentError: The address is none, or a time is.
        """
        self._endpoint = Endpoint.of_host(address)
        self._connection = Connection(self._endpoint, RetryPolicy(timeout, reconnect=reconnect))
        self.experts = HostExperts(self._connection)
        """The experts of the host: load, unload, pin."""
        self.models = HostModels(self._connection)
        """Its catalogue of models: list, search, add, remove, pull, export, refresh."""

    @property
    def address(self) -> str:
        """Returns the address of the host."""
        return self._endpoint.address

    def close(self) -> None:
        """Closes the connection and ends the calls that go on."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Returns the client; leaving closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, *, timeout: float | None = None) -> Host:
        """Gets the host as it is now: its devices, and the experts that it offers."""
        return self._connection.unary(rpcs.get_host(), timeout)
