"""How streams go on after their connection broke: what to send next, and what of it is new. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from orchestrion._net.retries import is_lost
from orchestrion._rpcs import artifacts, registry, runs
from orchestrion._rpcs.rpc import StreamRpc
from orchestrion.errors import REFUSALS, OrchestrionError
from orchestrion.events import Event, PlanFinished, RunFinished
from orchestrion.experts import Host
from orchestrion.listings import HostRemoved
from orchestrion.models import ModelProgress
from orchestrion.v1 import artifact_service_pb2

AnswerT = TypeVar("AnswerT")
T_co = TypeVar("T_co", covariant=True)
Retry = Callable[[OrchestrionError], float]
"""Says how long to wait before the next attempt, in seconds, or raises the error: `Attempts.delay_after`."""


class Resumption(Protocol[AnswerT, T_co]):
    """A stream that may take several RPCs."""

    @property
    def rpc(self) -> StreamRpc[AnswerT]:
        """The RPC that brings what is missing."""
        ...

    def take(self, message: AnswerT) -> Iterable[T_co]:
        """Takes what a call brought, and returns what of it is new."""
        ...

    def ended(self, error: OrchestrionError | None, retry: Retry) -> float | None:
        """Says what follows a call that ended, with an error or well.

        Returns:
            How long to wait before the next call, in seconds; None when the stream is over.

        Raises:
            OrchestrionError: The stream is over, and why.
        """
        ...


class RunEvents:
    """The events of a run, each numbered one exactly once."""

    def __init__(self, rpc: StreamRpc[Event], *, run: str = "", after_sequence: int = 0, raises: bool = True) -> None:
        """Starts with an RPC.

        Args:
            rpc: What starts the run, or watches it.
            run: The name of the run; empty until its first event, where the RPC starts it.
            after_sequence: The number of the last event already seen.
            raises: Whether the error of a run that failed is raised after its last event.
        """
        self._first, self._raises = rpc, raises
        self._run, self._seen = run, after_sequence
        self._planned: PlanFinished | None = None
        self._end: RunFinished | None = None

    @property
    def rpc(self) -> StreamRpc[Event]:
        """The RPC that starts, before the first event; then one that watches the run from there on."""
        return runs.watch(self._run, self._seen) if self._run else self._first

    def take(self, message: Event) -> Iterable[Event]:
        """Takes an event, and returns it if it is new."""
        self._run = message.run
        if message.sequence and message.sequence <= self._seen:
            return ()
        self._seen = max(self._seen, message.sequence)
        if isinstance(message.payload, PlanFinished):
            self._planned = message.payload
        elif isinstance(message.payload, RunFinished):
            self._end = message.payload
        return (message,)

    def ended(self, error: OrchestrionError | None, retry: Retry) -> float | None:
        """Goes on unless the run has ended, or watching it cannot go on; see `Resumption.ended`."""
        if self._end is None:
            return None if error is None else retry(error)
        # A watch ends well however the run ended, and a connection may break after the last event: that event counts.
        if self._raises and (error is None or is_lost(error)) and self._end.error is not None:
            raise self._of_the_plan(self._end.error.exception()) from error
        if self._raises and error is not None and not is_lost(error):
            raise self._of_the_plan(error)
        return None

    def _of_the_plan(self, error: OrchestrionError) -> OrchestrionError:
        """Adds what the planner does not do to the error, which travels without it."""
        if self._planned is not None and error.reason in REFUSALS:
            error.not_done, error.questions = self._planned.not_done, self._planned.questions
        return error


class HostChanges:
    """The hosts of a registry as they change; those that left during a break are reported as removed."""

    def __init__(self) -> None:
        """Starts without any host."""
        self._hosts: dict[str, Host] = {}
        self._catching_up = False

    @property
    def rpc(self) -> StreamRpc[Host | HostRemoved | tuple[Host, ...]]:
        """The RPC that watches, or lists them once after a break."""
        return registry.list_hosts() if self._catching_up else registry.watch_hosts()

    def take(self, message: Host | HostRemoved | tuple[Host, ...]) -> Iterable[Host | HostRemoved]:
        """Takes a change, or the list of all."""
        if isinstance(message, tuple):
            present = {host.name for host in message}
            changes: list[Host | HostRemoved] = [HostRemoved(name) for name in self._hosts if name not in present]
            return [event for change in (*changes, *message) for event in self.take(change)]
        if isinstance(message, HostRemoved):
            self._hosts.pop(message.name, None)
        elif self._hosts.get(message.name) == message:
            return ()
        else:
            self._hosts[message.name] = message
        return (message,)

    def ended(self, error: OrchestrionError | None, retry: Retry) -> float | None:
        """Goes on while the controller comes back; see `Resumption.ended`."""
        if error is not None:
            delay = retry(error)
            self._catching_up = bool(self._hosts)
            return delay
        was_catching_up, self._catching_up = self._catching_up, False
        return 0.0 if was_catching_up else None


class ModelWork:
    """The progress of work on models; a call that is sent again goes on from what is done, and reports it anew."""

    def __init__(self, rpc: StreamRpc[ModelProgress]) -> None:
        """Starts with an RPC."""
        self._rpc = rpc

    @property
    def rpc(self) -> StreamRpc[ModelProgress]:
        """The RPC, the same each time."""
        return self._rpc

    def take(self, message: ModelProgress) -> Iterable[ModelProgress]:
        """Takes what came, and returns it."""
        return (message,)

    def ended(self, error: OrchestrionError | None, retry: Retry) -> float | None:
        """Goes on after a break, where the call may be sent again; see `Resumption.ended`."""
        return None if error is None else retry(error)


class ArtifactBytes:
    """The content of an artifact, each byte once."""

    def __init__(self, name: str, offset_bytes: int = 0) -> None:
        """Starts at a byte, counted from 0."""
        self._name = name
        self._offset_bytes = offset_bytes
        self._described = False

    @property
    def rpc(self) -> StreamRpc[artifact_service_pb2.DownloadResponse]:
        """The RPC that brings the rest."""
        return artifacts.download(self._name, self._offset_bytes)

    def take(self, message: artifact_service_pb2.DownloadResponse) -> Iterable[artifact_service_pb2.DownloadResponse]:
        """Takes a message, and returns it unless it describes the artifact again."""
        if message.HasField("artifact"):
            if self._described:
                return ()
            self._described = True
        self._offset_bytes += len(message.chunk)
        return (message,)

    def ended(self, error: OrchestrionError | None, retry: Retry) -> float | None:
        """Goes on after a break; see `Resumption.ended`."""
        return None if error is None else retry(error)
