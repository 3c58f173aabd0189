"""What every call passes through, on a real server and over a real connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from orchestrion import errors
from orchestrion._net.transport import channel_options, error_of
from orchestrion.errors import Reason
from orchestrion_serving.metrics import CallMetrics
from orchestrion_serving.process import GrpcServer

Context = grpc.aio.ServicerContext[Any, Any]
SECRET = "password=hush"


class Service:
    """One method for everything that can happen to a call."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.released = asyncio.Event()
        self.left = asyncio.Event()
        self.received: list[bytes] = []

    async def echo(self, request: bytes, context: Context) -> bytes:
        return request

    async def wrong(self, request: bytes, context: Context) -> bytes:
        raise Reason.INVALID_FIELD.error("It is wrong.", field="text")

    async def broken(self, request: bytes, context: Context) -> bytes:
        raise ValueError(SECRET)

    async def aborted(self, request: bytes, context: Context) -> bytes:
        await context.abort(grpc.StatusCode.ALREADY_EXISTS, "It is there.")

    async def unwritten(self, request: bytes, context: Context) -> bytes:
        # As gRPC's generated servicers do it.
        context.set_code(grpc.StatusCode.UNIMPLEMENTED)
        raise NotImplementedError

    async def wait(self, request: bytes, context: Context) -> bytes:
        self.arrived.set()
        try:
            await self.released.wait()
        finally:
            self.left.set()
        return request

    async def count(self, request: bytes, context: Context) -> AsyncIterator[bytes]:
        for number in range(3):
            yield str(number).encode()

    async def wrong_late(self, request: bytes, context: Context) -> AsyncIterator[bytes]:
        yield b"first"
        raise Reason.WORKER_CRASHED.error("The worker died.", retry_after_ms=5)

    async def broken_late(self, request: bytes, context: Context) -> AsyncIterator[bytes]:
        yield b"first"
        raise ValueError(SECRET)

    async def watch(self, request: bytes, context: Context) -> AsyncIterator[bytes]:
        try:
            yield b"first"
            await self.released.wait()
            yield b"second"
        finally:
            self.left.set()

    async def collect(self, requests: AsyncIterator[bytes], context: Context) -> bytes:
        async for request in requests:
            self.received.append(request)
            self.arrived.set()
        return b"".join(self.received)

    async def mirror(self, requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        async for request in requests:
            yield request

    def handlers(self) -> grpc.GenericRpcHandler:
        kinds: dict[Any, tuple[Any, ...]] = {
            grpc.unary_unary_rpc_method_handler: (
                self.echo,
                self.wrong,
                self.broken,
                self.aborted,
                self.unwritten,
                self.wait,
            ),
            grpc.unary_stream_rpc_method_handler: (self.count, self.wrong_late, self.broken_late, self.watch),
            grpc.stream_unary_rpc_method_handler: (self.collect,),
            grpc.stream_stream_rpc_method_handler: (self.mirror,),
        }
        methods = {method.__name__: make(method) for make, methods in kinds.items() for method in methods}
        return grpc.method_handlers_generic_handler("test", methods)


class Served:
    """A server with that service, and a connection to it."""

    def __init__(self, unary_timeout_s: float) -> None:
        self.metrics = CallMetrics("test_server")
        self.service = Service()
        self.server = GrpcServer(self.metrics, unary_timeout_s=unary_timeout_s)
        self.server.server.add_generic_rpc_handlers((self.service.handlers(),))
        self.channel: Any = None

    async def start(self) -> None:
        await self.server.start("127.0.0.1", 0, ["test"])
        options = [*channel_options(), ("grpc.enable_http_proxy", 0)]
        self.channel = grpc.aio.insecure_channel(f"127.0.0.1:{self.server.port}", options=options)

    async def stop(self) -> None:
        await self.channel.close()
        await self.server.stop(0)

    def unary(self, method: str, **options: Any) -> Any:
        return self.channel.unary_unary(f"/test/{method}")(b"hello", **options)

    def stream(self, method: str) -> Any:
        return self.channel.unary_stream(f"/test/{method}")(b"hello")

    def counted(self) -> dict[tuple[str, str], float]:
        """Returns how many calls ended, by method and code."""
        (family,) = self.metrics.calls.collect()
        return {
            (sample.labels["method"].removeprefix("/test/"), sample.labels["code"]): sample.value
            for sample in family.samples
            if sample.name.endswith("_total")
        }

    def value(self, name: str, method: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"test_server_{name}", {"method": f"/test/{method}"})

    async def until_counted(self, method: str, code: str) -> None:
        """Gives the server its turns until it has counted a call that the client may have left already."""
        while (method, code) not in self.counted():  # noqa: ASYNC110 -- the server tells nobody that it counted.
            await asyncio.sleep(0)


StartServed = Callable[[float], Awaitable[Served]]


@pytest.fixture
async def start_served() -> AsyncIterator[StartServed]:
    started: list[Served] = []

    async def start(unary_timeout_s: float) -> Served:
        served = Served(unary_timeout_s)
        await served.start()
        started.append(served)
        return served

    yield start
    for served in started:
        await served.stop()


@pytest.fixture
async def served(start_served: StartServed) -> Served:
    return await start_served(60.0)


async def error_from(awaitable: Awaitable[Any]) -> errors.OrchestrionError:
    with pytest.raises(grpc.RpcError) as caught:
        await awaitable
    return error_of(caught.value)


async def test_calls_of_every_shape_are_counted_and_timed(served: Served) -> None:
    assert await served.unary("echo") == b"hello"
    assert await served.unary("echo") == b"hello"
    assert [item async for item in served.stream("count")] == [b"0", b"1", b"2"]
    assert await served.channel.stream_unary("/test/collect")(iter([b"a", b"b"])) == b"ab"
    mirrored = served.channel.stream_stream("/test/mirror")(iter([b"a", b"b"]))
    assert [item async for item in mirrored] == [b"a", b"b"]
    for method, count in (("echo", 2), ("count", 1), ("collect", 1), ("mirror", 1)):
        await served.until_counted(method, "OK")
        assert served.counted()[method, "OK"] == count
        assert served.value("grpc_call_seconds_count", method) == count
        assert served.value("grpc_calls_open", method) == 0


async def test_a_domain_error_arrives_whole_and_is_counted_under_its_code(served: Served) -> None:
    error = await error_from(served.unary("wrong"))
    assert type(error) is errors.InvalidArgumentError
    assert (error.reason, error.message, error.field) == ("INVALID_FIELD", "It is wrong.", "text")
    await served.until_counted("wrong", "INVALID_ARGUMENT")
    assert served.counted() == {("wrong", "INVALID_ARGUMENT"): 1}


async def test_a_stream_fails_after_what_it_gave(served: Served) -> None:
    call = served.stream("wrong_late")
    assert await call.read() == b"first"
    error = await error_from(call.read())
    assert (error.reason, error.retry_after_ms) == ("WORKER_CRASHED", 5)
    await served.until_counted("wrong_late", "UNAVAILABLE")
    assert served.counted() == {("wrong_late", "UNAVAILABLE"): 1}


async def test_a_fault_is_logged_and_tells_the_client_nothing(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        with pytest.raises(grpc.RpcError) as caught:
            await served.unary("broken")
        call = served.stream("broken_late")
        assert await call.read() == b"first"
        late = await error_from(call.read())
    failure: Any = caught.value
    early = error_of(failure)
    for error in (early, late):
        assert (type(error), error.reason) == (errors.InternalError, "INTERNAL")
        assert error.message == "The server met a fault of its own; its log has the details."
    everything = [failure.details(), failure.debug_error_string(), *map(str, failure.trailing_metadata())]
    assert SECRET not in " ".join(everything)
    assert "ValueError" not in " ".join(everything)
    assert caplog.text.count(f"ValueError: {SECRET}") == 2
    assert "/test/broken failed" in caplog.text
    await served.until_counted("broken_late", "INTERNAL")
    assert served.counted() == {("broken", "INTERNAL"): 1, ("broken_late", "INTERNAL"): 1}
    assert await served.unary("echo") == b"hello"


async def test_what_a_method_aborts_itself_stays_so(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await served.unary("aborted")
    failure: Any = caught.value
    assert (failure.code(), failure.details()) == (grpc.StatusCode.ALREADY_EXISTS, "It is there.")
    await served.until_counted("aborted", "ALREADY_EXISTS")
    assert "failed" not in caplog.text


async def test_a_client_that_leaves_ends_the_work(served: Served) -> None:
    call = served.stream("watch")
    assert await call.read() == b"first"
    assert served.value("grpc_calls_open", "watch") == 1
    call.cancel()
    await served.service.left.wait()
    await served.until_counted("watch", "CANCELLED")
    assert served.counted() == {("watch", "CANCELLED"): 1}
    assert served.value("grpc_calls_open", "watch") == 0


async def test_a_client_that_leaves_ends_a_unary_call(served: Served) -> None:
    call = served.unary("wait")
    await served.service.arrived.wait()
    call.cancel()
    await served.service.left.wait()
    await served.until_counted("wait", "CANCELLED")


async def test_a_call_counts_as_open_while_it_goes_on(served: Served) -> None:
    call = asyncio.ensure_future(served.unary("wait"))
    await served.service.arrived.wait()
    assert served.value("grpc_calls_open", "wait") == 1
    assert served.counted() == {}
    served.service.released.set()
    assert await call == b"hello"


async def test_a_unary_call_without_a_deadline_is_ended(start_served: StartServed) -> None:
    served = await start_served(0.05)
    error = await error_from(served.unary("wait"))
    assert (type(error), error.reason) == (errors.DeadlineExceededError, "DEADLINE_EXCEEDED")
    assert error.message == "/test/wait took longer than 0.05 s; set a deadline to allow more."
    assert served.service.left.is_set()
    await served.until_counted("wait", "DEADLINE_EXCEEDED")


async def test_what_has_a_deadline_or_is_a_stream_is_left_alone(start_served: StartServed) -> None:
    served = await start_served(0.05)
    watched = served.stream("watch")
    assert await watched.read() == b"first"
    collected = served.channel.stream_unary("/test/collect")()
    await collected.write(b"a")
    await served.service.arrived.wait()
    patient = asyncio.ensure_future(served.unary("wait", timeout=60))
    # One call that runs into the time limit shows that the limit has passed for those before it.
    assert (await error_from(served.unary("wait"))).reason == "DEADLINE_EXCEEDED"
    served.service.released.set()
    assert await patient == b"hello"
    assert await watched.read() == b"second"
    await collected.write(b"b")
    await collected.done_writing()
    assert await collected == b"ab"


async def test_unknown_methods_have_a_reason_and_make_no_metrics(served: Served) -> None:
    for call in (served.unary("nothing"), served.stream("nothing").read()):
        error = await error_from(call)
        assert (type(error), error.reason) == (errors.UnimplementedError, "NOT_SERVED_YET")
        assert "reflection" in error.message
    assert served.counted() == {}
    assert served.value("grpc_call_seconds_count", "nothing") is None


async def test_a_method_that_nobody_wrote_is_told_as_such(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    error = await error_from(served.unary("unwritten"))
    assert (type(error), error.reason) == (errors.UnimplementedError, "NOT_SERVED_YET")
    assert "/test/unwritten" in error.message
    assert "failed" not in caplog.text


async def test_health_passes_through(served: Served) -> None:
    def method(name: str, make: Any) -> Any:
        return make(
            f"/grpc.health.v1.Health/{name}",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )

    serving = health_pb2.HealthCheckResponse.SERVING
    check = method("Check", served.channel.unary_unary)
    for service in ("", "test"):
        assert (await check(health_pb2.HealthCheckRequest(service=service))).status == serving
    missing = await error_from(check(health_pb2.HealthCheckRequest(service="none")))
    assert (type(missing), missing.reason, missing.field) == (errors.NotFoundError, "NOT_FOUND", "service")
    messages: Any = health_pb2  # The stubs have none of List yet.
    listed = served.channel.unary_unary(
        "/grpc.health.v1.Health/List",
        request_serializer=messages.HealthListRequest.SerializeToString,
        response_deserializer=messages.HealthListResponse.FromString,
    )
    statuses = (await listed(messages.HealthListRequest())).statuses
    assert {service: status.status for service, status in statuses.items()} == dict.fromkeys(
        ("", "test", "readiness"), serving
    )
    watched = method("Watch", served.channel.unary_stream)(health_pb2.HealthCheckRequest(service="test"))
    assert (await watched.read()).status == serving
    watched.cancel()
    await served.until_counted("/grpc.health.v1.Health/Watch", "CANCELLED")
    assert served.counted()["/grpc.health.v1.Health/Check", "OK"] == 2
    assert served.counted()["/grpc.health.v1.Health/Check", "NOT_FOUND"] == 1


async def test_a_port_that_is_taken_is_told(served: Served) -> None:
    second = GrpcServer(CallMetrics("test_server"))
    with pytest.raises(OSError, match=rf"^cannot listen on 127\.0\.0\.1:{served.server.port}: "):
        await second.start("127.0.0.1", served.server.port, [])
    await second.stop(0)
