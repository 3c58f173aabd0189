"""One trace of one request through real processes: client, gateway, controller, hosts and workers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from orchestrion import Client
from orchestrion._processes.supervision import Child
from orchestrion.events import TaskStarted
from orchestrion.plans import Plan, Task
from orchestrion.values import OutputRef
from tests.otlp_collector import Collector, Seen
from tests.rpc.controller.plans import payloads, results, wait
from tests.system.processes import Servers, eventually, kill, process_of, running, until_started

WORDS = "zebrawords"
CHAIN = Plan(
    (
        wait("first", text=WORDS, delay_ms=50),
        Task("second", "test-delay", {"text": OutputRef("first", "text"), "delay_ms": 60.0}),
        Task("third", "test-delay", {"text": OutputRef("second", "text"), "delay_ms": 40.0}),
    )
)
INFER = "orchestrion.v1.ModelHostService/Infer"
CLOCK_NS = 2_000_000
"""How far clocks may be apart that a span's two times are taken from."""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as collector, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        yield collector


@pytest.fixture(scope="module")
def controller(servers: Servers, collector: Collector) -> Child:
    return servers.controller("--otlp-endpoint", collector.endpoint, "--log-format", "json", "--log-level", "debug")


@pytest.fixture(scope="module")
def hosts(servers: Servers, controller: Child, collector: Collector) -> dict[str, Child]:
    """Two hosts with the same experts, by name."""
    del controller  # The hosts advertise themselves there.
    flags = ("--otlp-endpoint", collector.endpoint, "--log-format", "json", "--log-level", "debug")
    return {f"hosts/{name}": servers.host(*flags, name=name) for name in ("one", "two")}


@pytest.fixture
def client(controller: Child) -> Iterator[Client]:
    with Client(controller.grpc_address) as client:
        yield client


@pytest.fixture
def caller() -> Iterator[trace.Span]:
    """The open span of a program that uses OpenTelemetry itself."""
    with TracerProvider().get_tracer("test").start_as_current_span("caller") as span:
        yield span


def trace_of(span: trace.Span) -> str:
    return trace.format_trace_id(span.get_span_context().trace_id)


def named(spans: Sequence[Seen], name: str) -> list[Seen]:
    return [span for span in spans if span.name == name]


def has_ended(spans: Sequence[Seen]) -> bool:
    return any(span.name.endswith("/Run") for span in spans) and {"run", "stage execute"} <= {s.name for s in spans}


def whole(spans: Sequence[Seen], caller: trace.Span) -> bool:
    """Whether a run's call has ended, and of each span the parent is there."""
    span_ids = {span.span_id for span in spans} | {trace.format_span_id(caller.get_span_context().span_id)}
    infers = named(spans, INFER)
    return has_ended(spans) and bool(infers) and all(span.parent_id in span_ids for span in spans)


def lie_within(spans: Sequence[Seen]) -> None:
    """Checks that each span lies within its parent, but a load, which may outlive who asked for it."""
    by_id = {span.span_id: span for span in spans}
    for span in spans:
        parent = by_id.get(span.parent_id)
        if parent is not None and span.name != "load":
            assert parent.start - CLOCK_NS <= span.start <= span.end <= parent.end + CLOCK_NS, (span, parent)


def parent_of(span: Seen, spans: Sequence[Seen]) -> Seen:
    return next(other for other in spans if other.span_id == span.parent_id)


@pytest.mark.usefixtures("hosts")
def test_a_chain_of_three_is_one_trace_from_the_caller_to_the_worker(
    client: Client, collector: Collector, caller: trace.Span
) -> None:
    events = list(client.run(f"please {WORDS}", plan=CHAIN))
    assert all(result.succeeded for result in results(events).values())
    # Three calls were computed, and each span's parent has come.
    spans = collector.wait(trace_of(caller), lambda seen: len(named(seen, "worker")) == 3 and whole(seen, caller))

    (call,) = named(spans, "orchestrion.v1.RunService/Run")
    assert (call.kind, call.service) == ("server", "orchestrion-controller")
    assert call.parent_id == trace.format_span_id(caller.get_span_context().span_id)
    (run,) = named(spans, "run")
    assert run.parent_id == call.span_id
    stages = [span for span in spans if span.name.startswith("stage ")]
    assert {span.name for span in stages} == {"stage plan", "stage select", "stage execute", "stage respond"}
    assert {span.parent_id for span in stages} == {run.span_id}
    (execute,) = named(spans, "stage execute")
    tasks = named(spans, "task")
    assert [span["task"] for span in tasks] == ["first", "second", "third"]
    assert {span.parent_id for span in tasks} == {execute.span_id}
    for earlier, later in pairwise(tasks):
        assert earlier.end <= later.start + CLOCK_NS
    # Down to the worker, each by one parent alone.
    for name, above in {
        "attempt": "task",
        INFER: "attempt",
        "queue": INFER,
        "compute": INFER,
        "batch": "compute",
        "worker": "batch",
    }.items():
        layer = named(spans, name)
        assert [parent_of(span, spans).name for span in layer] == [above] * 3, name
    for batch in named(spans, "batch"):
        assert batch.links == {parent_of(parent_of(batch, spans), spans).span_id}
        assert batch["batch.size"] == 1
    lie_within(spans)
    # What the worker was asked to wait is in the worker's part, and all parts of the chain are in the whole.
    for worker, delay_ms in zip(named(spans, "worker"), (50, 60, 40), strict=True):
        assert worker.end - worker.start >= delay_ms * 1_000_000 - CLOCK_NS
    assert sum(span.end - span.start for span in tasks) <= execute.end - execute.start + CLOCK_NS
    assert not any(span.failed for span in spans)
    assert WORDS not in repr(spans)


@pytest.mark.usefixtures("hosts")
def test_logs_name_run_task_and_trace_and_nothing_that_was_asked(
    servers: Servers, client: Client, collector: Collector, caller: trace.Span
) -> None:
    failing = wait("failing", text=WORDS, delay_ms=-1)
    list_of = [CHAIN, Plan((failing,))]
    for plan in list_of:
        try:
            list(client.run(f"please {WORDS}", plan=plan))
        except Exception as error:  # Whether it fails is not the matter here; that it is logged is.
            del error
    collector.wait(trace_of(caller), lambda seen: whole(seen, caller))

    log = (servers.home / "servers.log").read_text()
    lines = [line.split(": ", 1)[1] for line in log.splitlines()]
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    assert entries
    assert WORDS not in log
    ended = [entry for entry in entries if entry["logger"].endswith("live_run") and "ended" in entry["message"]]
    assert ended
    assert all(entry["run"].startswith("runs/") for entry in ended)
    assert trace_of(caller) in {entry.get("trace_id") for entry in ended}


def test_a_retry_on_another_host_is_a_second_attempt_of_one_task(
    collector: Collector, hosts: dict[str, Child], client: Client, caller: trace.Span
) -> None:
    events = client.run("do it", plan=Plan((wait("task", delay_ms=800),)))
    seen = until_started(events)
    chosen = payloads(seen, TaskStarted)[0].host
    eventually(lambda: running(hosts[chosen]) == 1)
    kill(process_of(hosts[chosen]))
    seen += events
    assert results(seen)["task"].succeeded

    # What the host that died had exported before, such as a wait in its queue, is without its call.
    spans = collector.wait(
        trace_of(caller),
        lambda come: (
            len(named(come, "attempt")) == 2
            and has_ended(come)
            and bool(named(come, "worker"))
            and bool(named(come, INFER))
        ),
    )
    (task,) = named(spans, "task")
    first, second = named(spans, "attempt")
    assert first.parent_id == second.parent_id == task.span_id
    assert (first["attempt"], second["attempt"]) == (1, 2)
    assert first["host"] == chosen != second["host"]
    assert (first.failed, first.attributes["error.type"], second.failed) == (True, "HOST_UNREACHABLE", False)
    assert first.end <= second.start + CLOCK_NS
    # The host that died took its own spans with it.
    (infer,) = named(spans, INFER)
    assert infer.parent_id == second.span_id
    assert not task.failed
    lie_within(spans)
