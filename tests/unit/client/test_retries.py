"""What is sent again, when, and for how long: decided without a clock or a server."""

from __future__ import annotations

import pytest

from orchestrion._net.retries import ATTEMPTS_UNREACHED, HEALTHY_AFTER_S, SAFETY, Attempts, Retrier, RetryPolicy
from orchestrion.errors import InvalidArgumentError, OrchestrionError, Reason
from orchestrion.v1 import (
    artifact_service_pb2,
    execute_service_pb2,
    model_host_service_pb2,
    plan_service_pb2,
    registry_service_pb2,
    respond_service_pb2,
    run_service_pb2,
    select_service_pb2,
)

FILES = (
    artifact_service_pb2,
    execute_service_pb2,
    model_host_service_pb2,
    plan_service_pb2,
    registry_service_pb2,
    respond_service_pb2,
    run_service_pb2,
    select_service_pb2,
)
NOT_OF_CLIENTS = {
    "ModelHostService/Infer",
    "ModelHostService/Release",
    "ModelHostService/Reserve",
    "RegistryService/Advertise",
}
# A second copy would find what the first one made in its way, or do long work twice.
NEVER_SENT_AGAIN = {"ModelHostService/AddModel", "ModelHostService/ExportModel"}

BROKE = Reason.SERVER_UNREACHABLE.error("The connection broke off.")
REFUSED = Reason.SERVER_UNREACHABLE.error("No controller answers.", phase="connecting")
STOPPING = Reason.SERVER_STOPPING.error("The server is shutting down.", retry_after_ms=700)
BUSY = Reason.SERVER_BUSY.error("Busy.", retry_after_ms=1_000)
FULL = Reason.TOO_MANY_RUNS.error("Full.", retry_after_ms=1_000)


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def attempts_at(
    clock: Clock,
    method: str = "RunService/GetRun",
    timeout: float | None = None,
    *,
    reached: bool = True,
    **policy: object,
) -> Attempts:
    retrier = Retrier(RetryPolicy(**policy), clock, lambda: 1.0)  # type: ignore[arg-type]  # By name.
    retrier.reached = reached
    attempts = retrier.attempts(f"/orchestrion.v1.{method}", timeout)
    attempts.start()
    return attempts


def test_the_table_has_every_call_of_the_clients() -> None:
    services = [service for file in FILES for service in file.DESCRIPTOR.services_by_name.values()]
    calls = {f"{service.name}/{method.name}" for service in services for method in service.methods}
    assert calls - NOT_OF_CLIENTS - NEVER_SENT_AGAIN == set(SAFETY)
    assert all(safety.why for safety in SAFETY.values())


@pytest.mark.parametrize("method", sorted(SAFETY))
def test_every_call_is_sent_again_when_the_connection_broke(method: str) -> None:
    assert attempts_at(Clock(), method).delay_after(BROKE) > 0


def test_a_call_that_is_not_in_the_table_is_never_sent_again() -> None:
    with pytest.raises(OrchestrionError):
        attempts_at(Clock(), "ModelHostService/AddModel").delay_after(BROKE)


@pytest.mark.parametrize(
    "reason", sorted(set(Reason) - {Reason.SERVER_UNREACHABLE, Reason.SERVER_STOPPING, Reason.SERVER_BUSY}, key=str)
)
def test_what_the_server_says_is_raised(reason: Reason) -> None:
    error = reason.error("It is so.")
    with pytest.raises(type(error)) as caught:
        attempts_at(Clock(), "RunService/Run").delay_after(error)
    assert caught.value is error


def test_delays_double_to_a_limit_and_are_spread() -> None:
    clock = Clock()
    attempts = attempts_at(clock)
    delays = []
    for _ in range(7):
        delays.append(attempts.delay_after(BROKE))
        clock.now += delays[-1]
    assert delays == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0])
    hasty = Retrier(RetryPolicy(), clock, lambda: 0.0).attempts("RunService/GetRun", None)
    assert hasty.delay_after(BROKE) == pytest.approx(0.05)


def test_a_server_may_ask_for_more_time() -> None:
    assert attempts_at(Clock()).delay_after(STOPPING) == pytest.approx(0.7)


def test_the_window_counts_failures_without_a_break() -> None:
    clock = Clock()
    attempts = attempts_at(clock, "RunService/Run", reconnect=10.0)
    attempts.delay_after(BROKE)
    clock.now += 9
    attempts.start()
    attempts.delay_after(REFUSED)
    attempts.succeeded()
    clock.now += 9
    attempts.start()
    attempts.delay_after(BROKE)
    clock.now += 11
    with pytest.raises(OrchestrionError) as caught:
        attempts.delay_after(REFUSED)
    assert caught.value is REFUSED
    assert "RunService/Run was tried 2 times." in caught.value.__notes__


def test_a_connection_that_lived_for_a_while_was_no_failure() -> None:
    clock = Clock()
    attempts = attempts_at(clock, "RunService/WatchRun", reconnect=60.0)
    for _ in range(100):  # A proxy that cuts what is silent, all day.
        attempts.start()
        clock.now += HEALTHY_AFTER_S * 3
        assert attempts.delay_after(BROKE) < 1


def test_a_controller_that_never_answered_is_given_up_soon() -> None:
    attempts = attempts_at(Clock(), reached=False)
    for _ in range(ATTEMPTS_UNREACHED - 1):
        attempts.delay_after(REFUSED)
    with pytest.raises(OrchestrionError):
        attempts.delay_after(REFUSED)


def test_the_timeout_bounds_all_attempts() -> None:
    clock = Clock()
    attempts = attempts_at(clock, timeout=1.0)
    assert attempts.start() == pytest.approx(1.0)
    attempts.delay_after(BROKE)
    clock.now += 0.95
    assert attempts.start() == pytest.approx(0.05)
    with pytest.raises(OrchestrionError):
        attempts.delay_after(BROKE)


def test_runs_wait_for_room_only_when_asked() -> None:
    clock = Clock()
    with pytest.raises(OrchestrionError):
        attempts_at(clock, "RunService/Run").delay_after(FULL)
    patient = attempts_at(clock, "RunService/Run", timeout=3.0, wait_when_full=True)
    assert patient.delay_after(FULL) == pytest.approx(1.5)
    clock.now += 2
    with pytest.raises(OrchestrionError):
        patient.delay_after(FULL)


@pytest.mark.parametrize("method", ["RunService/GetRun", "ModelHostService/AddModel", "RunService/WatchRun"])
def test_every_call_waits_as_a_busy_server_advises_since_nothing_was_begun(method: str) -> None:
    clock = Clock()
    attempts = attempts_at(clock, method, reconnect=4.0)
    for _ in range(2):
        assert attempts.delay_after(BUSY) == pytest.approx(1.5)
        clock.now += 1.5
    with pytest.raises(OrchestrionError):
        attempts.delay_after(BUSY)
    short = attempts_at(clock, method, timeout=1.0)
    with pytest.raises(OrchestrionError):
        short.delay_after(BUSY)
    with pytest.raises(OrchestrionError):
        attempts_at(clock, "RunService/Run").delay_after(BUSY)
    assert attempts_at(clock, "RunService/Run", wait_when_full=True).delay_after(BUSY) == pytest.approx(1.5)


def test_what_cannot_be_sent_again_is_not() -> None:
    with pytest.raises(OrchestrionError):
        attempts_at(Clock(), "ArtifactService/Upload").delay_after(BROKE, resendable=False)


def test_a_deletion_is_done_when_an_earlier_attempt_may_have_done_it() -> None:
    gone = Reason.ARTIFACT_NOT_FOUND.error("There is none.")
    attempts = attempts_at(Clock(), "ArtifactService/DeleteArtifact")
    assert not attempts.is_done(gone)
    attempts.delay_after(REFUSED)  # It never arrived.
    assert not attempts.is_done(gone)
    attempts.delay_after(BROKE)
    assert attempts.is_done(gone)
    reading = attempts_at(Clock(), "ArtifactService/GetArtifact")
    reading.delay_after(BROKE)
    assert not reading.is_done(gone)


@pytest.mark.parametrize("name", ["timeout", "idle_timeout", "reconnect"])
@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
def test_times_that_are_none_are_refused(name: str, seconds: float) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        RetryPolicy(**{name: seconds})  # type: ignore[arg-type]  # By name.
    assert caught.value.field == name
