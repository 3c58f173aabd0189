"""Bytes that are no message, sent to every method of a real controller."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor

from orchestrion._net.transport import error_of
from orchestrion.v1 import (  # noqa: F401  # Their descriptors are looked up by name.
    artifact_service_pb2,
    execute_service_pb2,
    plan_service_pb2,
    registry_service_pb2,
    respond_service_pb2,
    run_service_pb2,
    select_service_pb2,
)

SERVICES = ("Artifact", "Execute", "Plan", "Registry", "Respond", "Run", "Select")


def methods() -> Iterator[MethodDescriptor]:
    for service in SERVICES:
        name = f"orchestrion.v1.{service}Service"
        yield from descriptor_pool.Default().FindServiceByName(name).methods


def as_it_is(content: bytes) -> bytes:
    return content


async def call(channel: grpc.aio.Channel, method: MethodDescriptor, content: bytes) -> None:
    path = f"/{method.containing_service.full_name}/{method.name}"
    shape = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
    call = getattr(channel, shape)(path, as_it_is, as_it_is)(iter([content]) if method.client_streaming else content)
    if method.server_streaming:
        async for _ in call:
            pass
    else:
        await call


@pytest.mark.parametrize("content", [b"\xff", b"\x0a\x05ab"], ids=["no field", "broken off"])
async def test_bytes_that_are_no_message_are_an_invalid_argument_and_one_line_in_the_log(
    address: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        for method in methods():
            caplog.clear()
            with caplog.at_level(logging.WARNING), pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(channel, method, content)

            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT, method.full_name
            assert error_of(caught.value).reason == "INVALID_MESSAGE", method.full_name
            assert method.name in (caught.value.details() or "")
            assert len(caplog.records) == 1, [record.getMessage() for record in caplog.records]
