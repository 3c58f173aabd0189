"""Where a server is, and what its failures mean to a client: what the sync and the asyncio clients share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final, cast

import grpc

from orchestrion._net.transport import channel_options, error_of
from orchestrion.errors import OrchestrionError, Reason

ADDRESS_VARIABLE: Final = "ORCHESTRION_CONTROLLER"
"""The environment variable that names the controller where a program names none."""

DEFAULT_ADDRESS: Final = "127.0.0.1:50051"
"""Where `orchestrion up` serves."""

DEFAULT_HOST_ADDRESS: Final = "127.0.0.1:50061"
"""Where the host of `orchestrion up` serves."""

_CONNECT_FAILURES: Final = (
    "failed to connect",
    "connections to all backends",
    "DNS resolution failed",
    "empty address list",
)
_PHASE: Final = "connecting"
_BREAK_CODES: Final = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN})
# The last is what grpc.aio says of a message that was to be sent on a call which had just ended.
_BREAK_SIGNS: Final = (
    "RST_STREAM", "Stream removed", "Socket closed", "Connection reset", "GOAWAY", "Internal error from Core",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of a server, checked."""

    address: str
    """`host:port`, or any other target of gRPC, such as `unix:/run/orchestrion.sock`."""
    server: str = "controller"
    """What serves there: `controller` or `host`."""

    @classmethod
    def resolve(cls, address: str | None) -> Endpoint:
        """Takes the address of a controller; None for that of the environment, or else the default.

        Raises:
            InvalidArgumentError: The address has no port, or is a URL.
        """
        return cls._checked(address or os.environ.get(ADDRESS_VARIABLE) or DEFAULT_ADDRESS, "controller")

    @classmethod
    def of_host(cls, address: str | None) -> Endpoint:
        """Takes the address of a model host; None for the default.

        Raises:
            InvalidArgumentError: The address has no port, or is a URL.
        """
        return cls._checked(address or DEFAULT_HOST_ADDRESS, "host")

    @classmethod
    def _checked(cls, address: str, server: str) -> Endpoint:
        chosen = address.strip()
        if ":" not in chosen or chosen.startswith(("http:", "https:", "grpc:")):
            usual = DEFAULT_HOST_ADDRESS if server == "host" else DEFAULT_ADDRESS
            raise Reason.INVALID_FIELD.error(
                f"{chosen!r} is no address of a {server}; expected host:port, such as {usual}.", field="address"
            )
        return cls(chosen, server)

    def options(self) -> list[tuple[str, int]]:
        """Returns the options of a channel to it."""
        return channel_options(self.address)

    def error_of(self, failure: grpc.RpcError, path: str = "") -> OrchestrionError:
        """Turns what a call raised into the exception that the server meant.

        What broke the connection is SERVER_UNREACHABLE, whatever status gRPC or a proxy gave it; the message says the
        cure where there is no server.

        Args:
            failure: What gRPC raised.
            path: The service and method that were called, as `Rpc.path`.
        """
        error = error_of(failure, path)
        if error.reason != Reason.SERVER_UNREACHABLE.name and not _broke_off(failure):
            return error
        # gRPC's message is a chain of causes; the last one is what happened.
        cause = error.message.rsplit(": ", 1)[-1].rstrip(".")
        if not error.message.startswith(_CONNECT_FAILURES):
            return Reason.SERVER_UNREACHABLE.error(
                f"The connection to the {self.server} at {self.address} broke off ({cause}).", address=self.address
            )
        cure = (
            "`orchestrion hosts` shows which hosts there are."
            if self.server == "host"
            else f"Start one with `orchestrion up`, or set {ADDRESS_VARIABLE} to the address of one that runs."
        )
        return Reason.SERVER_UNREACHABLE.error(
            f"No {self.server} answers at {self.address} ({cause}). {cure}",
            address=self.address,
            phase=_PHASE,
        )

    def idle_error(self, idle_s: float) -> OrchestrionError:
        """Says that a transfer to or from it stood still for too long."""
        return Reason.DEADLINE_EXCEEDED.error(
            f"The {self.server} at {self.address} neither took nor sent a byte for {idle_s:g} s; idle_timeout sets how "
            "long it may.",
            address=self.address,
            field="idle_timeout",
        )


def closed_error() -> OrchestrionError:
    """Says that the client was closed."""
    return Reason.CANCELLED.error("The client was closed.")


def was_connecting(error: OrchestrionError) -> bool:
    """Whether a call failed before there was any connection."""
    return error.metadata.get("phase") == _PHASE


def _broke_off(failure: grpc.RpcError) -> bool:
    """Whether the other side of the connection ended the call without a status, as proxies and dying servers do."""
    call = cast(grpc.Call, failure)  # What gRPC raises is the call that failed, which the stubs do not say.
    details = call.details() or ""
    return call.code() in _BREAK_CODES and any(sign in details for sign in _BREAK_SIGNS)
