"""Statuses without details, as proxies and other servers send them: the reason is that of the call's own resource."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest

from orchestrion.errors import OrchestrionError
from orchestrion.plans import Plan
from tests.rpc.client.both import CLIENTS, HOST_CLIENTS

ARTIFACT = f"artifacts/{'0' * 64}"


class Bare(grpc.GenericRpcHandler):
    """Ends every call with a code and a few words, and nothing else."""

    code = grpc.StatusCode.NOT_FOUND

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        async def abort(requests: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[bytes]:
            await context.abort(self.code, "says another server")
            yield b""

        return grpc.stream_stream_rpc_method_handler(abort)


@pytest.fixture
async def server() -> AsyncIterator[tuple[Bare, str]]:
    handler = Bare()
    server = grpc.aio.server(handlers=[handler])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield handler, f"127.0.0.1:{port}"
    await server.stop(None)


async def reason_of(call: Any) -> str:
    """Returns the reason that a call fails with, whether it is awaited or yields."""
    with pytest.raises(OrchestrionError, match="says another server") as caught:
        await (anext(call) if hasattr(call, "__anext__") else call)
    return caught.value.reason


CALLS: list[tuple[Callable[[Any], Any], dict[str, str]]] = [
    (
        lambda client: client.runs.get("runs/a"),
        {"NOT_FOUND": "RUN_NOT_FOUND", "FAILED_PRECONDITION": "FAILED_PRECONDITION"},
    ),
    (
        lambda client: client.runs.delete("runs/a"),
        {"NOT_FOUND": "RUN_NOT_FOUND", "FAILED_PRECONDITION": "RUN_NOT_ENDED"},
    ),
    (
        lambda client: client.runs.approve("runs/a"),
        {"NOT_FOUND": "RUN_NOT_FOUND", "FAILED_PRECONDITION": "NOT_AWAITING_APPROVAL"},
    ),
    (
        lambda client: client.runs.watch("runs/a"),
        {"NOT_FOUND": "RUN_NOT_FOUND", "OUT_OF_RANGE": "SEQUENCE_OUT_OF_RANGE"},
    ),
    (
        lambda client: client.artifacts.get(ARTIFACT),
        {"NOT_FOUND": "ARTIFACT_NOT_FOUND", "FAILED_PRECONDITION": "FAILED_PRECONDITION"},
    ),
    (
        lambda client: client.artifacts.read(ARTIFACT),
        {"NOT_FOUND": "ARTIFACT_NOT_FOUND", "OUT_OF_RANGE": "OFFSET_OUT_OF_RANGE"},
    ),
    (lambda client: client.artifacts.delete(ARTIFACT), {"NOT_FOUND": "ARTIFACT_NOT_FOUND"}),
    # These name several things: a run that is continued, artifacts, experts. Nothing says which is meant.
    (
        lambda client: client.run("do it"),
        {"NOT_FOUND": "NOT_FOUND", "FAILED_PRECONDITION": "FAILED_PRECONDITION", "OUT_OF_RANGE": "OUT_OF_RANGE"},
    ),
    (lambda client: client.select(Plan()), {"NOT_FOUND": "NOT_FOUND", "ABORTED": "ABORTED"}),
    (lambda client: client.artifacts.upload(b"x"), {"NOT_FOUND": "NOT_FOUND", "ALREADY_EXISTS": "ABORTED"}),
    (lambda client: client.hosts.list(), {"NOT_FOUND": "NOT_FOUND", "FAILED_PRECONDITION": "FAILED_PRECONDITION"}),
    (
        lambda client: client.experts.list(),
        {
            "NOT_FOUND": "NOT_FOUND",
            "UNAUTHENTICATED": "UNAUTHENTICATED",
            "PERMISSION_DENIED": "PERMISSION_DENIED",
            "UNIMPLEMENTED": "NOT_SERVED_YET",
        },
    ),
]

HOST_CALLS: list[tuple[Callable[[Any], Any], dict[str, str]]] = [
    (lambda host: host.get(), {"NOT_FOUND": "HOST_NOT_FOUND", "FAILED_PRECONDITION": "FAILED_PRECONDITION"}),
    (
        lambda host: host.experts.load("a"),
        {"NOT_FOUND": "EXPERT_NOT_FOUND", "FAILED_PRECONDITION": "EXPERT_UNAVAILABLE"},
    ),
    (
        lambda host: host.experts.unload("a"),
        {"NOT_FOUND": "EXPERT_NOT_FOUND", "FAILED_PRECONDITION": "EXPERT_RESERVED"},
    ),
    (
        lambda host: host.models.add("a/b"),
        {"NOT_FOUND": "MODEL_NOT_FOUND", "FAILED_PRECONDITION": "FAILED_PRECONDITION"},
    ),
    (lambda host: host.models.pull("a"), {"NOT_FOUND": "MODEL_NOT_FOUND"}),
    (lambda host: host.models.export("a"), {"NOT_FOUND": "EXPERT_NOT_FOUND", "FAILED_PRECONDITION": "EXPORT_FAILED"}),
    (lambda host: host.models.search("a"), {"NOT_FOUND": "NOT_FOUND"}),
]


@pytest.mark.parametrize("kind", list(CLIENTS))
async def test_a_bare_status_of_a_controller_has_the_reason_of_the_call(kind: str, server: tuple[Bare, str]) -> None:
    handler, address = server
    async with CLIENTS[kind](address) as client:
        for call, expected in CALLS:
            for code, reason in expected.items():
                handler.code = grpc.StatusCode[code]
                assert await reason_of(call(client)) == reason


@pytest.mark.parametrize("kind", list(HOST_CLIENTS))
async def test_a_bare_status_of_a_host_has_the_reason_of_the_call(kind: str, server: tuple[Bare, str]) -> None:
    handler, address = server
    async with HOST_CLIENTS[kind](address) as host:
        for call, expected in HOST_CALLS:
            for code, reason in expected.items():
                handler.code = grpc.StatusCode[code]
                assert await reason_of(call(host)) == reason
