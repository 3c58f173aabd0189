"""How many calls a server has at once, and what those hear that are too many: on a real server and connection."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from orchestrion._net.transport import channel_options, error_of
from orchestrion.callers import acting_for, caller_metadata
from orchestrion.errors import OrchestrionError
from orchestrion_serving import callers
from orchestrion_serving.metrics import CallMetrics
from orchestrion_serving.process import GrpcServer


class Limited:
    """A server with a method that waits until it is released, and a connection to it."""

    def __init__(self, max_calls: int) -> None:
        self.released = asyncio.Event()
        self.callers: list[str] = []
        self.arrived = asyncio.Semaphore(0)
        self.server = GrpcServer(CallMetrics("test_server"), max_calls=max_calls)
        handlers: dict[str, Any] = {
            "wait": grpc.unary_unary_rpc_method_handler(self.wait),
            "echo": grpc.unary_unary_rpc_method_handler(self.echo),
        }
        self.server.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test", handlers),))
        self.channel: Any = None

    async def wait(self, request: bytes, _: object) -> bytes:
        self.callers.append(callers.current.get())
        self.arrived.release()
        await self.released.wait()
        return request

    async def echo(self, request: bytes, _: object) -> bytes:
        return request

    async def start(self) -> None:
        await self.server.start("127.0.0.1", 0, ["test"])
        target = f"127.0.0.1:{self.server.port}"
        self.channel = grpc.aio.insecure_channel(target, options=channel_options(target))

    async def call(self, method: str, caller: str = "") -> bytes:
        with acting_for(caller):
            metadata = caller_metadata()
        try:
            answer: bytes = await self.channel.unary_unary(f"/test/{method}")(b"hello", metadata=metadata)
        except grpc.aio.AioRpcError as failure:
            raise error_of(failure) from failure
        return answer

    async def stop(self) -> None:
        await self.channel.close()
        await self.server.stop(0)


@pytest.fixture
async def limited() -> AsyncIterator[Limited]:
    limited = Limited(4)
    await limited.start()
    yield limited
    await limited.stop()


async def test_calls_above_the_limit_are_told_when_to_come_back_and_others_still_find_room(limited: Limited) -> None:
    calls = [asyncio.create_task(limited.call("wait", "alice")) for _ in range(3)]
    for _ in calls:
        await limited.arrived.acquire()
    with pytest.raises(OrchestrionError, match="3 calls of yours are open, and there is room for 1 more") as caught:
        await limited.call("echo", "alice")
    assert (caught.value.reason, caught.value.retry_after_ms) == ("SERVER_BUSY", 1_000)
    assert caught.value.metadata == {"setting": "max_server_calls"}
    assert await limited.call("echo", "bob") == b"hello"
    calls.append(asyncio.create_task(limited.call("wait", "bob")))
    await limited.arrived.acquire()
    with pytest.raises(OrchestrionError, match="4 calls are open, as many as max_server_calls allows"):
        await limited.call("echo", "carol")
    health: Any = health_pb2_grpc.HealthStub(limited.channel)
    assert (await health.Check(health_pb2.HealthCheckRequest())).status == health_pb2.HealthCheckResponse.SERVING
    limited.released.set()
    assert await asyncio.gather(*calls) == [b"hello"] * 4
    assert limited.callers == ["ipv4:127.0.0.1/alice"] * 3 + ["ipv4:127.0.0.1/bob"]
    assert await limited.call("echo", "alice") == b"hello"


async def test_no_call_of_thousands_at_once_is_dropped_without_a_word(limited: Limited) -> None:
    """While the loop is busy, calls pile up within gRPC, which by default drops some of them beyond a thousand."""
    outcomes: Counter[str] = Counter()

    async def call() -> None:
        try:
            await limited.call("echo")
            outcomes["answered"] += 1
        except OrchestrionError as error:
            outcomes[error.reason] += 1

    calls = [asyncio.create_task(call()) for _ in range(1_500)]
    await asyncio.sleep(0)
    time.sleep(0.3)  # noqa: ASYNC251 -- the loop is to be busy while they arrive.
    await asyncio.gather(*calls)
    assert set(outcomes) <= {"answered", "SERVER_BUSY"}
    assert outcomes["answered"] > 0
