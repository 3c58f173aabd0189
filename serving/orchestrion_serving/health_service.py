"""gRPC's health service: what the library's own leaves out, and errors with a reason like everybody's."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

import grpc
from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as health_aio

from orchestrion.errors import Reason

_MESSAGES: Final[Any] = health_pb2
"""The same messages; the stubs of types have none of List yet."""


class HealthService(health_aio.HealthServicer):
    """Serves Check, Watch and List."""

    _server_status: MutableMapping[str, Any]
    """The library's own, by the name of the service; the stubs have no type for the enum."""

    async def Check(
        self,
        request: health_pb2.HealthCheckRequest,
        context: grpc.aio.ServicerContext[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse],
    ) -> health_pb2.HealthCheckResponse:
        """Tells how a service is.

        Raises:
            NotFoundError: There is no service of the name.
        """
        status = self._server_status.get(request.service)
        if status is None:
            there_are = ", ".join(filter(None, self._server_status))
            text = f"There is no service {request.service[:80]!r} here; there is {there_are}."
            raise Reason.NOT_FOUND.error(text, field="service")
        return health_pb2.HealthCheckResponse(status=status)

    async def List(self, request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        """Tells how every service is, by its name; the empty one is the whole server."""
        statuses = {
            service: health_pb2.HealthCheckResponse(status=status) for service, status in self._server_status.items()
        }
        return _MESSAGES.HealthListResponse(statuses=statuses)
