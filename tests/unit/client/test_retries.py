"""What is sent again, when, and for how long: decided without a clock or a server."""

from __future__ import annotations

import pytest

from orchestrion._net.retries import LIVED_S, SAFETY, TRIES_UNREACHED, Patience, Retries, Tries
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
FULL = Reason.TOO_MANY_RUNS.error("Full.", retry_after_ms=1_000)


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def tries(
    clock: Clock,
    method: str = "RunService/GetRun",
    timeout: float | None = None,
    *,
    reached: bool = True,
    **patience: object,
) -> Tries:
    retries = Retries(Patience(**patience), clock, lambda: 1.0)  # type: ignore[arg-type]
    retries.reached = reached
    attempts = retries.tries(f"/orchestrion.v1.{method}", timeout)
    attempts.start()
    return attempts


def test_the_table_has_every_call_of_the_clients() -> None:
    services = [service for file in FILES for service in file.DESCRIPTOR.services_by_name.values()]
    calls = {f"{service.name}/{method.name}" for service in services for method in service.methods}
    assert calls - NOT_OF_CLIENTS - NEVER_SENT_AGAIN == set(SAFETY)
    assert all(safety.why for safety in SAFETY.values())


@pytest.mark.parametrize("method", sorted(SAFETY))
def test_every_call_is_sent_again_when_the_connection_broke(method: str) -> None:
    assert tries(Clock(), method).after(BROKE) > 0


def test_a_call_that_the_table_does_not_know_is_never_sent_again() -> None:
    with pytest.raises(OrchestrionError):
        tries(Clock(), "ModelHostService/AddModel").after(BROKE)


@pytest.mark.parametrize(
    "reason", [reason for reason in Reason if reason.name not in {"SERVER_UNREACHABLE", "SERVER_STOPPING"}]
)
def test_what_the_server_says_is_raised(reason: Reason) -> None:
    error = reason.error("It is so.")
    with pytest.raises(type(error)) as caught:
        tries(Clock(), "RunService/Run").after(error)
    assert caught.value is error


def test_delays_double_to_a_limit_and_are_spread() -> None:
    clock = Clock()
    attempts = tries(clock)
    delays = []
    for _ in range(7):
        delays.append(attempts.after(BROKE))
        clock.now += delays[-1]
    assert delays == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0])
    hasty = Retries(Patience(), clock, lambda: 0.0).tries("RunService/GetRun", None)
    assert hasty.after(BROKE) == pytest.approx(0.05)


def test_a_server_may_ask_for_more_time() -> None:
    assert tries(Clock()).after(STOPPING) == pytest.approx(0.7)


def test_the_window_counts_failures_without_a_break() -> None:
    clock = Clock()
    attempts = tries(clock, "RunService/Run", reconnect=10.0)
    attempts.after(BROKE)
    clock.now += 9
    attempts.start()
    attempts.after(REFUSED)
    attempts.answered()
    clock.now += 9
    attempts.start()
    attempts.after(BROKE)
    clock.now += 11
    with pytest.raises(OrchestrionError) as caught:
        attempts.after(REFUSED)
    assert caught.value is REFUSED
    assert "RunService/Run was tried 2 times." in caught.value.__notes__


def test_a_connection_that_lived_for_a_while_was_no_failure() -> None:
    clock = Clock()
    attempts = tries(clock, "RunService/WatchRun", reconnect=60.0)
    for _ in range(100):  # A proxy that cuts what is silent, all day.
        attempts.start()
        clock.now += LIVED_S * 3
        assert attempts.after(BROKE) < 1


def test_a_controller_that_never_answered_is_given_up_soon() -> None:
    attempts = tries(Clock(), reached=False)
    for _ in range(TRIES_UNREACHED - 1):
        attempts.after(REFUSED)
    with pytest.raises(OrchestrionError):
        attempts.after(REFUSED)


def test_the_timeout_bounds_all_attempts() -> None:
    clock = Clock()
    attempts = tries(clock, timeout=1.0)
    assert attempts.start() == pytest.approx(1.0)
    attempts.after(BROKE)
    clock.now += 0.95
    assert attempts.start() == pytest.approx(0.05)
    with pytest.raises(OrchestrionError):
        attempts.after(BROKE)


def test_runs_wait_for_room_only_when_asked() -> None:
    clock = Clock()
    with pytest.raises(OrchestrionError):
        tries(clock, "RunService/Run").after(FULL)
    patient = tries(clock, "RunService/Run", timeout=3.0, wait_when_full=True)
    assert patient.after(FULL) == pytest.approx(1.5)
    clock.now += 2
    with pytest.raises(OrchestrionError):
        patient.after(FULL)


def test_what_cannot_be_sent_again_is_not() -> None:
    with pytest.raises(OrchestrionError):
        tries(Clock(), "ArtifactService/Upload").after(BROKE, again=False)


def test_a_deletion_is_done_when_an_earlier_attempt_may_have_done_it() -> None:
    gone = Reason.ARTIFACT_NOT_FOUND.error("There is none.")
    attempts = tries(Clock(), "ArtifactService/DeleteArtifact")
    assert not attempts.is_done(gone)
    attempts.after(REFUSED)  # It never arrived.
    assert not attempts.is_done(gone)
    attempts.after(BROKE)
    assert attempts.is_done(gone)
    reading = tries(Clock(), "ArtifactService/GetArtifact")
    reading.after(BROKE)
    assert not reading.is_done(gone)


@pytest.mark.parametrize("name", ["timeout", "idle_timeout", "reconnect"])
@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
def test_times_that_are_none_are_told(name: str, seconds: float) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        Patience(**{name: seconds})  # type: ignore[arg-type]
    assert caught.value.field == name
