"""Which calls may be sent again when they broke off, when, and for how long: one table and the rules. No I/O.

A call is sent again only when its connection broke or the server was stopping: both may be cured by waiting, and the
table says why a second copy does no harm; or when the server was too busy to begin it, and said when to come back. Any
other answer of a server goes to the caller.
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Final

from orchestrion._net.endpoint import was_connecting
from orchestrion.errors import OrchestrionError, Reason

_log = logging.getLogger(__name__)
# A program that sets up no logging must not find the client's warnings on its stderr.
logging.getLogger("orchestrion").addHandler(logging.NullHandler())

FIRST_DELAY_S: Final = 0.1
LARGEST_DELAY_S: Final = 2.0
ATTEMPTS_UNREACHED: Final = 3
"""How often a controller is tried that never answered this client: nobody waits a minute for a wrong address."""
HEALTHY_AFTER_S: Final = 10.0
"""A connection that lived so long was idle when it broke, not failing: proxies cut idle ones."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a client waits for what, and for how long it tries again."""

    timeout: float = 30.0
    """The deadline of a call that does not stream, all its attempts together, in seconds."""
    idle_timeout: float = 30.0
    """How long an upload or a download may go without a byte, in seconds."""
    reconnect: float = 60.0
    """How long a controller that answered before may be away without a break, in seconds; 0 never tries again."""
    wait_when_full: bool = False
    """Whether to wait, within the run's timeout, while the controller has as many runs as it may."""

    def __post_init__(self) -> None:
        """Checks the times.

        Raises:
            InvalidArgumentError: One is negative or no number, or a timeout is 0.
        """
        for field in fields(self):
            if field.name != "wait_when_full":
                check_seconds(getattr(self, field.name), field.name, zero=field.name == "reconnect")


@dataclass(frozen=True, slots=True)
class Safety:
    """Why a call may be sent again, and what else follows from that."""

    why: str
    """What makes a second copy harmless."""
    missing_is_done: bool = False
    """Whether NOT_FOUND, after an attempt that broke off, says that this attempt did the work."""
    starts_run: bool = False
    """Whether it may be refused because there are too many runs."""


_READ: Final = Safety("It changes nothing.")
_DELETION: Final = Safety("What is gone stays gone.", missing_is_done=True)
_KEYED: Final = Safety("All copies carry one request_id: the second joins the first one's run.", starts_run=True)

SAFETY: Final[Mapping[str, Safety]] = {
    "RunService/Run": _KEYED,
    "PlanService/Plan": _KEYED,
    "SelectService/Select": _KEYED,
    "ExecuteService/Execute": _KEYED,
    "RespondService/Respond": _KEYED,
    "RunService/WatchRun": Safety("It reads; the number of the last event seen says where to go on."),
    "RunService/GetRun": _READ,
    "RunService/ListRuns": _READ,
    "RunService/CancelRun": Safety("A run that has ended stays as it is."),
    "RunService/ApprovePlan": Safety("All copies carry one request_id: the first to arrive counts."),
    "RunService/DeleteRun": _DELETION,
    "ArtifactService/Upload": Safety("Content has its hash for a name; safe where the source can be read again."),
    "ArtifactService/Download": Safety("It reads; the offset says where to go on, and the hash whether it fits."),
    "ArtifactService/GetArtifact": _READ,
    "ArtifactService/ListArtifacts": _READ,
    "ArtifactService/DeleteArtifact": _DELETION,
    "RegistryService/ListHosts": _READ,
    "RegistryService/ListExperts": _READ,
    "RegistryService/ListTaskTypes": _READ,
    "RegistryService/Watch": _READ,
    "ModelHostService/GetHost": _READ,
    "ModelHostService/LoadExpert": Safety("What is loaded stays as it is."),
    "ModelHostService/UnloadExpert": Safety("What is unloaded stays as it is."),
    "ModelHostService/PullModel": Safety("What was fetched already is not fetched again."),
    "ModelHostService/RemoveModel": _DELETION,
    "ModelHostService/PinExpert": Safety("It says how the expert is to be, not what is to change."),
    "ModelHostService/RefreshModels": Safety("Facts that are up to date stay as they are."),
    "ModelHostService/ListModels": _READ,
    "ModelHostService/SearchModels": _READ,
}
"""Every call that the clients make, by service and method; a call that is not here is never sent again."""

_MISSING: Final = frozenset({Reason.RUN_NOT_FOUND.name, Reason.ARTIFACT_NOT_FOUND.name, Reason.EXPERT_NOT_FOUND.name})
_LOST: Final = frozenset({Reason.SERVER_UNREACHABLE.name, Reason.SERVER_STOPPING.name})


def is_lost(error: OrchestrionError) -> bool:
    """Whether a call failed for its connection or a server that stops, and not for what it says."""
    return error.reason in _LOST


def check_seconds(seconds: float | None, field: str, *, zero: bool = False) -> None:
    """Makes sure that a time can be waited for; None is none.

    Raises:
        InvalidArgumentError: It is negative or no number, or 0 where that is not allowed.
    """
    if seconds is not None and not (seconds > 0 or (zero and seconds == 0)):
        least = "0 or more" if zero else "more than 0"
        raise Reason.INVALID_FIELD.error(f"{field}: {seconds!r} is no time; give seconds, {least}.", field=field)


class Retrier:
    """Decides on the attempts of one client, by its policy and by whether its controller has ever answered."""

    def __init__(
        self,
        policy: RetryPolicy,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Starts unreached; `jitter` returns 0 to 1 and spreads the attempts of many clients."""
        self.policy = policy
        self.reached = False
        """Whether the controller ever answered."""
        self.clock, self.jitter = clock, jitter

    def attempts(self, path: str, timeout_s: float | None) -> Attempts:
        """Begins the attempts at one call, which may take so many seconds together; None for no deadline.

        Raises:
            InvalidArgumentError: The timeout is none.
        """
        check_seconds(timeout_s, "timeout")
        return Attempts(self, path.rsplit(".", 1)[-1], timeout_s)


class Attempts:
    """The attempts at one call."""

    def __init__(self, retrier: Retrier, method: str, timeout_s: float | None) -> None:
        """Starts the first; see `Retrier.attempts`."""
        self._retrier, self._method = retrier, method
        self._safety = SAFETY.get(method)
        self._deadline = math.inf if timeout_s is None else retrier.clock() + timeout_s
        self._failures = 0
        self._may_be_done = False
        self._failing_since = 0.0
        self._sent_at = 0.0

    def start(self) -> float | None:
        """Notes that an attempt starts; returns how long it may take, in seconds."""
        self._sent_at = self._retrier.clock()
        return None if self._deadline == math.inf else max(0.0, self._deadline - self._sent_at)

    def succeeded(self) -> None:
        """Notes that the controller answered."""
        self._retrier.reached = True
        if self._failures:
            _log.info("%s goes on after %d attempts", self._method, self._failures)
            self._failures = 0

    def is_done(self, error: OrchestrionError) -> bool:
        """Whether an error says that an attempt that broke off did its work."""
        missing = error.reason in _MISSING
        return missing and self._may_be_done and self._safety is not None and self._safety.missing_is_done

    def delay_after(self, error: OrchestrionError, *, resendable: bool = True) -> float:
        """Returns how long to wait before the next attempt, in seconds, where there is one.

        Args:
            error: What the attempt failed with.
            resendable: Whether what was sent can be sent again.

        Raises:
            OrchestrionError: The error, which no further attempt would cure in time.
        """
        if not resendable:
            raise error
        starts_run = self._safety is not None and self._safety.starts_run
        if starts_run and error.reason in (Reason.TOO_MANY_RUNS.name, Reason.SERVER_BUSY.name):
            return self._after_refusal(error)
        if error.reason == Reason.SERVER_BUSY.name:
            return self._after_turning_away(error)
        if self._safety is None:
            raise error
        if not is_lost(error):
            self._retrier.reached = True
            raise error
        return self._after_loss(error)

    def _after_refusal(self, error: OrchestrionError) -> float:
        self._retrier.reached = True
        delay = (error.retry_after_ms or 1_000) / 1000 * (1 + self._retrier.jitter() / 2)
        if not self._retrier.policy.wait_when_full or self._retrier.clock() + delay >= self._deadline:
            raise error
        _log.info("The controller is full; %s is sent again in %.1f s", self._method, delay)
        return delay

    def _after_turning_away(self, error: OrchestrionError) -> float:
        """As the server advises, in all no longer than a controller may be away: no call was begun, whichever it is."""
        retrier = self._retrier
        now, retrier.reached = retrier.clock(), True
        if not self._failures:
            self._failing_since = now
        self._failures += 1
        delay = (error.retry_after_ms or 1_000) / 1000 * (1 + retrier.jitter() / 2)
        if now + delay - self._failing_since > retrier.policy.reconnect or now + delay >= self._deadline:
            raise error
        _log.info("The server is busy; %s is sent again in %.1f s", self._method, delay)
        return delay

    def _after_loss(self, error: OrchestrionError) -> float:
        now, policy = self._retrier.clock(), self._retrier.policy
        connecting = was_connecting(error)
        if not connecting:
            self._retrier.reached = self._may_be_done = True
        was_healthy = not connecting and now - self._sent_at >= HEALTHY_AFTER_S
        if not self._failures or was_healthy:
            self._failures, self._failing_since = 0, now
        self._failures += 1
        delay = min(LARGEST_DELAY_S, math.ldexp(FIRST_DELAY_S, min(self._failures - 1, 10)))
        delay = max(delay * (1 + self._retrier.jitter()) / 2, (error.retry_after_ms or 0) / 1000)
        too_long = now + delay - self._failing_since > policy.reconnect or now + delay >= self._deadline
        if too_long or (not self._retrier.reached and self._failures >= ATTEMPTS_UNREACHED):
            if self._failures > 1:
                error.add_note(f"{self._method} was tried {self._failures} times.")
            raise error
        level = logging.WARNING if self._failures == 1 else logging.INFO
        _log.log(level, "%s: %s Attempt %d follows in %.1f s", self._method, error, self._failures + 1, delay)
        return delay
