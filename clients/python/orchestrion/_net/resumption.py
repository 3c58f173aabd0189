"""How streams go on after their connection broke: what to send next, and what of it is new. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from orchestrion._net import calls
from orchestrion._net.calls import Call, HostRemoved
from orchestrion._net.retries import is_lost
from orchestrion.errors import OrchestrionError
from orchestrion.events import Event, RunFinished
from orchestrion.experts import Host
from orchestrion.models import ModelProgress
from orchestrion.v1 import artifact_service_pb2

T_co = TypeVar("T_co", covariant=True)
Retry = Callable[[OrchestrionError], float]
"""Says how long to wait before the next attempt, in seconds, or raises the error: `Tries.after`."""


class Resumption(Protocol[T_co]):
    """A stream that may take several calls."""

    @property
    def call(self) -> Call[Any]:
        """The call that brings what is missing."""
        ...

    def take(self, message: Any) -> Iterable[T_co]:
        """Takes what a call brought, and returns what of it is news."""
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

    def __init__(self, call: Call[Event], *, run: str = "", after_sequence: int = 0, raises: bool = True) -> None:
        """Starts with a call.

        Args:
            call: What starts the run, or watches it.
            run: The run, where it is known before its first event.
            after_sequence: The number of the last event already seen.
            raises: Whether the error of a run that failed is raised after its last event.
        """
        self._first, self._raises = call, raises
        self._run, self._seen = run, after_sequence
        self._end: RunFinished | None = None

    @property
    def call(self) -> Call[Event]:
        """The call of the start, before the first event; then one that watches the run from there on."""
        return calls.watch_run(self._run, self._seen) if self._run else self._first

    def take(self, message: Event) -> Iterable[Event]:
        """Takes an event, and returns it if it is new."""
        self._run = message.run
        if message.sequence and message.sequence <= self._seen:
            return ()
        self._seen = max(self._seen, message.sequence)
        if isinstance(message.payload, RunFinished):
            self._end = message.payload
        return (message,)

    def ended(self, error: OrchestrionError | None, retry: Retry) -> float | None:
        """Goes on unless the run has ended, or watching it cannot go on; see `Resumption.ended`."""
        if self._end is None:
            return None if error is None else retry(error)
        # A stream that is watched ends well, and a connection may break after the last event: the log knows better.
        if self._raises and (error is None or is_lost(error)) and self._end.error is not None:
            raise self._end.error.exception() from error
        if self._raises and error is not None and not is_lost(error):
            raise error
        return None


class HostChanges:
    """The hosts of a registry as they change; who left while the connection was broken is told as removed."""

    def __init__(self) -> None:
        """Starts with no host known."""
        self._known: dict[str, Host] = {}
        self._catching_up = False

    @property
    def call(self) -> Call[Any]:
        """The call that watches, or lists them once after a break."""
        return calls.list_hosts() if self._catching_up else calls.watch_hosts()

    def take(self, message: Host | HostRemoved | tuple[Host, ...]) -> Iterable[Host | HostRemoved]:
        """Takes a change, or the list of all."""
        if isinstance(message, tuple):
            present = {host.name for host in message}
            changes: list[Host | HostRemoved] = [HostRemoved(name) for name in self._known if name not in present]
            return [news for change in (*changes, *message) for news in self.take(change)]
        if isinstance(message, HostRemoved):
            self._known.pop(message.name, None)
        elif self._known.get(message.name) == message:
            return ()
        else:
            self._known[message.name] = message
        return (message,)

    def ended(self, error: OrchestrionError | None, retry: Retry) -> float | None:
        """Goes on while the controller comes back; see `Resumption.ended`."""
        if error is not None:
            delay = retry(error)
            self._catching_up = bool(self._known)
            return delay
        was_catching_up, self._catching_up = self._catching_up, False
        return 0.0 if was_catching_up else None


class ModelWork:
    """The progress of work on models; a call that is sent again goes on from what is done, and tells it anew."""

    def __init__(self, call: Call[ModelProgress]) -> None:
        """Starts with a call."""
        self._call = call

    @property
    def call(self) -> Call[ModelProgress]:
        """The call, the same each time."""
        return self._call

    def take(self, message: ModelProgress) -> Iterable[ModelProgress]:
        """Takes what came, and returns it."""
        return (message,)

    def ended(self, error: OrchestrionError | None, retry: Retry) -> float | None:
        """Goes on after a break, where the call may be sent again; see `Resumption.ended`."""
        return None if error is None else retry(error)


class ArtifactBytes:
    """The content of an artifact, each byte once."""

    def __init__(self, name: str) -> None:
        """Starts at its first byte."""
        self._name = name
        self._offset_bytes = 0
        self._described = False

    @property
    def call(self) -> Call[artifact_service_pb2.DownloadResponse]:
        """The call that brings the rest."""
        return calls.download(self._name, self._offset_bytes)

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
