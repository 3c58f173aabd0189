"""A bare grpc.aio server that returns what it gets: what gRPC alone costs in Python. Run by `overhead.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import grpc
import uvloop

from orchestrion._net.transport import server_options

UNARY: Final = "/echo.Echo/Unary"
STREAM: Final = "/echo.Echo/Stream"
COUNT: Final = "count"
"""The metadata that says how many messages the stream has."""


async def unary(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    """Returns the request."""
    del context
    return request


async def stream(request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> AsyncIterator[bytes]:
    """Returns the request as often as it says."""
    metadata: Any = context.invocation_metadata()
    for _ in range(int(dict(metadata)[COUNT])):
        yield request


async def serve() -> None:
    """Serves on a free port until it is killed."""
    server = grpc.aio.server(options=server_options())
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Stream": grpc.unary_stream_rpc_method_handler(stream),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo.Echo", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"ready grpc 127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve())
