"""Calls of methods that a server does not have: an error with a reason, where gRPC alone sends a bare status."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, TypeAlias

import grpc
from google.protobuf.message import Message

from orchestrion._net.transport import status_of
from orchestrion.errors import OrchestrionError, Reason

_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # Any: it takes and sends bytes of every kind.


class UnservedInterceptor(grpc.aio.ServerInterceptor):
    """Answers calls of unknown methods with NOT_SERVED_YET.

    It is to be the outermost: the others keep what they know of a method by its name, and these names are the callers'.
    """

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler | None:
        """Returns the method's handler, or the one for all that there are not."""
        return await continuation(handler_call_details) or _UNSERVED


def not_served(method: str) -> OrchestrionError:
    """Returns the error for a method that is not served."""
    text = f"{method[:200]}: this server does not have the method; use a newer one, or look at what reflection lists."
    return Reason.NOT_SERVED_YET.error(text)


async def _refuse(
    requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext[Message, Message]
) -> AsyncIterator[bytes]:
    await context.abort_with_status(status_of(not_served("The call")))
    yield b""  # Never: what makes this a generator.


# Streams in both directions take calls of any shape.
_UNSERVED: Final[_Handler] = grpc.stream_stream_rpc_method_handler(_refuse)
