"""The client of a model host, for programs without an event loop: its experts, and its catalogue of models."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Self, Unpack

from orchestrion._net.endpoint import Endpoint
from orchestrion._net.resumption import ModelWork
from orchestrion._net.retries import RetryPolicy
from orchestrion._rpcs import model_hosts
from orchestrion._sync.connection import Connection
from orchestrion.experts import Expert, ExpertStatus, Host
from orchestrion.listings import Catalogue
from orchestrion.models import HubModel, ModelProgress
from orchestrion.settings import ModelSettings

LOAD_TIMEOUT_S = 600.0
"""How long the loading of an expert may take: large ones are read from slow disks."""


class HostClient:
    """Talks to one model host.

        with orchestrion.Client() as client, client.host() as host:
            expert = host.add_model("dslim/bert-base-NER")
            for progress in host.pull_model(expert.id):
                print(progress.message, progress.done_bytes, "of", progress.total_bytes)

    Threads may share one. It connects at the first call; calls that are safe to repeat are sent again when their
    connection broke. Every failure of a call is an `OrchestrionError`. A `timeout` is in seconds and counts all
    attempts.

    Calls that take long return an iterator of their progress. They start when its first item is asked for; closing it
    early, by leaving the loop or with `close()`, ends the work. A pull goes on from there the next time.
    """

    def __init__(self, address: str | None = None, *, timeout: float = 30.0, reconnect: float = 60.0) -> None:
        """Makes the client; nothing is sent yet. `Client.host` finds the address by the host's name.

        Args:
            address: The host, `host:port`; None for 127.0.0.1:50061.
            timeout: The deadline of every call that does not stream, unless the call gives its own.
            reconnect: How long the host may be away without a break before the error is raised; 0 for never trying
                again.

        Raises:
            InvalidArgumentError: The address is none, or a time is.
        """
        self._endpoint = Endpoint.of_host(address)
        self._connection = Connection(self._endpoint, RetryPolicy(timeout, reconnect=reconnect))

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

    def get_host(self, *, timeout: float | None = None) -> Host:
        """Gets the host as it is now: its devices, and the experts that it offers."""
        return self._connection.unary(model_hosts.get_host(), timeout)

    def load(self, expert: str, *, timeout: float = LOAD_TIMEOUT_S) -> ExpertStatus:
        """Loads an expert, and returns when it is loaded.

        Raises:
            NotFoundError: The host has no such expert.
            FailedPreconditionError: It cannot be loaded, and why.
            ResourceExhaustedError: Experts that may not be evicted leave no room.
        """
        return self._connection.unary(model_hosts.load_expert(expert), timeout)

    def unload(self, expert: str, *, timeout: float | None = None) -> ExpertStatus:
        """Unloads an expert after the requests that it is computing.

        Raises:
            NotFoundError: The host has no such expert.
            FailedPreconditionError: It has a hard reservation.
        """
        return self._connection.unary(model_hosts.unload_expert(expert), timeout)

    def pin(self, expert: str, *, pinned: bool = True, timeout: float = LOAD_TIMEOUT_S) -> ExpertStatus:
        """Loads an expert and keeps it loaded, also after a restart of the host; `pinned=False` ends that.

        Raises:
            OrchestrionError: As `load` raises it.
        """
        return self._connection.unary(model_hosts.pin_expert(expert, pinned), timeout)

    def list_models(self, task_type: str = "", *, profile: str = "", timeout: float | None = None) -> Catalogue:
        """Lists the whole catalogue of the host, also what it does not offer, and its profiles.

        Args:
            task_type: Only models that perform it.
            profile: Only models of this bundle.
            timeout: The deadline.

        Raises:
            InvalidArgumentError: There is no such profile.
        """
        return self._connection.unary(model_hosts.list_models(task_type, profile), timeout)

    def search_models(
        self, task_type: str, text: str = "", *, limit: int = 20, timeout: float | None = None
    ) -> tuple[HubModel, ...]:
        """Searches the Hub for models of a task type, those with the most downloads first.

        Args:
            task_type: What they must perform.
            text: Words that the id must contain.
            limit: How many at most, 1 to 100.
            timeout: The deadline.

        Raises:
            UnavailableError: The Hub does not answer.
        """
        return self._connection.unary(model_hosts.search_models(task_type, text, limit), timeout)

    def add_model(self, model: str, *, timeout: float | None = None, **settings: Unpack[ModelSettings]) -> Expert:
        """Adds a model to the catalogue; of one on the Hub only the configuration is fetched.

        Args:
            model: An id on the Hub, or the absolute path of a folder on the host.
            timeout: The deadline.
            settings: See `ModelSettings`.

        Raises:
            NotFoundError: There is no such model.
            InvalidArgumentError: What it performs cannot be found out, or no runtime does that.
            FailedPreconditionError: The id is taken, the weights are pickled, or the Hub wants a token.
        """
        return self._connection.unary(model_hosts.add_model(model, **settings), timeout)

    def remove_model(self, expert: str, *, timeout: float | None = None) -> None:
        """Removes a model: its files where no other expert uses them, and its entry where it was added.

        Raises:
            NotFoundError: The host has no such expert.
            FailedPreconditionError: It has a hard reservation.
        """
        self._connection.unary(model_hosts.remove_model(expert), timeout)

    def pull_model(self, expert: str, *, timeout: float | None = None) -> Generator[ModelProgress, None, None]:
        """Fetches and checks the files of a model; the last item brings the expert as it is registered then.

        Raises:
            NotFoundError: There is no such expert or model.
            FailedPreconditionError: The weights are pickled, or the Hub wants a token.
            ResourceExhaustedError: The disk is full, or the Hub asks to wait.
            UnavailableError: The Hub does not answer, or a file came with another content than announced.
        """
        return self._connection.stream(ModelWork(model_hosts.pull_model(expert)), timeout)

    def export_model(
        self, expert: str, task_type: str = "", *, timeout: float | None = None
    ) -> Generator[ModelProgress, None, None]:
        """Exports a PyTorch model to ONNX, checks and measures it; the last item brings the new expert.

        Args:
            expert: The expert whose model is exported.
            task_type: What the exported model performs; empty where the expert performs one only.
            timeout: The deadline.

        Raises:
            NotFoundError: The host has no such expert.
            InvalidArgumentError: Such a model cannot be exported.
            FailedPreconditionError: Its files are missing, or its outputs would differ.
        """
        return self._connection.stream(ModelWork(model_hosts.export_model(expert, task_type)), timeout)

    def refresh_models(
        self, experts: Sequence[str] = (), *, timeout: float | None = None
    ) -> Generator[ModelProgress, None, None]:
        """Brings downloads, likes, licences and sizes up to date from the Hub; no experts named means all.

        Raises:
            OrchestrionError: As `pull_model` raises it.
        """
        return self._connection.stream(ModelWork(model_hosts.refresh_models(experts)), timeout)
