"""What a client makes of a connection that is not there, or broke."""

from __future__ import annotations

import grpc
import pytest

from orchestrion._net.endpoint import Endpoint, was_connecting


class Broken(grpc.RpcError):
    """A call as gRPC tells it when the connection or a proxy ended it: no details of ours."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        self._code, self._details = code, details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details

    def trailing_metadata(self) -> tuple[()]:
        return ()


@pytest.mark.parametrize(
    ("code", "details", "reason", "connecting"),
    [
        (
            grpc.StatusCode.UNAVAILABLE,
            "failed to connect to all addresses; last error: refused",
            "SERVER_UNREACHABLE",
            True,
        ),
        (grpc.StatusCode.UNAVAILABLE, "Socket closed", "SERVER_UNREACHABLE", False),
        (grpc.StatusCode.UNAVAILABLE, "Received http2 header with status: 504", "SERVER_UNREACHABLE", False),
        (grpc.StatusCode.INTERNAL, "Received RST_STREAM with error code 2", "SERVER_UNREACHABLE", False),
        (grpc.StatusCode.CANCELLED, "Received RST_STREAM with error code 8", "SERVER_UNREACHABLE", False),
        (grpc.StatusCode.UNKNOWN, "Stream removed", "SERVER_UNREACHABLE", False),
        (grpc.StatusCode.INTERNAL, "Internal error from Core", "SERVER_UNREACHABLE", False),
        (grpc.StatusCode.INTERNAL, "Exception deserializing response!", "INTERNAL", False),
        (grpc.StatusCode.CANCELLED, "Channel closed!", "CANCELLED", False),
    ],
)
def test_a_broken_connection_is_told_whatever_status_it_got(
    code: grpc.StatusCode, details: str, reason: str, connecting: bool
) -> None:
    error = Endpoint("127.0.0.1:1").error_of(Broken(code, details))
    assert (error.reason, was_connecting(error)) == (reason, connecting)
