"""gRPC at both ends: exceptions to statuses and back, and the channel options that client and servers share."""

from __future__ import annotations

from typing import Final, cast

import grpc
from google.protobuf import duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from orchestrion import errors
from orchestrion._net import bare_statuses
from orchestrion._net.loopback import is_loopback_target
from orchestrion.errors import DOMAIN, OrchestrionError, Reason

CHUNK_BYTES: Final = 1 << 20
"""The size of an artifact's chunks. Above 1 MiB glibc's allocator page-faults and halves the speed."""

MAX_MESSAGE_BYTES: Final = 8 << 20
"""The largest message taken by either side: room for long texts; media travel in chunks."""

MAX_ERROR_BYTES: Final = 768
"""How much of an error's message travels: clients drop a status above 8 KiB, and the text is in it three times."""

_METADATA_BYTES: Final = 256

_CONNECTION_STREAMS: Final = 16_384
_PENDING_CALLS: Final = 1 << 17
"""How many calls may wait until the server's loop looks at them: those of eight full connections."""

_PENDING_S: Final = 600
"""How long one may wait for that, in seconds."""

_CODES: Final[dict[type[OrchestrionError], grpc.StatusCode]] = {
    errors.InvalidArgumentError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.NotFoundError: grpc.StatusCode.NOT_FOUND,
    errors.OutOfRangeError: grpc.StatusCode.OUT_OF_RANGE,
    errors.FailedPreconditionError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.AbortedError: grpc.StatusCode.ABORTED,
    errors.ResourceExhaustedError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.UnavailableError: grpc.StatusCode.UNAVAILABLE,
    errors.DeadlineExceededError: grpc.StatusCode.DEADLINE_EXCEEDED,
    errors.RunCancelledError: grpc.StatusCode.CANCELLED,
    errors.UnimplementedError: grpc.StatusCode.UNIMPLEMENTED,
    errors.PermissionDeniedError: grpc.StatusCode.PERMISSION_DENIED,
    errors.UnauthenticatedError: grpc.StatusCode.UNAUTHENTICATED,
    errors.InternalError: grpc.StatusCode.INTERNAL,
}


def channel_options(target: str = "") -> list[tuple[str, int]]:
    """Returns the options of a channel: message sizes, keepalive that notices a dead peer, quick reconnects.

    Args:
        target: Where it goes, as gRPC names it: a proxy set for the web cannot reach this machine's own ports. Empty
            leaves the environment its say.
    """
    past_proxies = [("grpc.enable_http_proxy", 0)] if is_loopback_target(target) else []
    return [
        *past_proxies,
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.keepalive_time_ms", 20_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        # By default gRPC stops after two pings without data: a link that dies while a call computes is never noticed.
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.initial_reconnect_backoff_ms", 100),
        # In truth how long an attempt to connect may take; refused ones follow each other by the backoff alone.
        ("grpc.min_reconnect_backoff_ms", 5_000),
        ("grpc.max_reconnect_backoff_ms", 5_000),
    ]


def server_options(max_message_bytes: int = MAX_MESSAGE_BYTES) -> list[tuple[str, int]]:
    """Returns the options of a server, which match `channel_options`.

    Args:
        max_message_bytes: The largest message that it takes and sends, for a server that clients of others call, too.
    """
    return [
        ("grpc.max_send_message_length", max_message_bytes),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.keepalive_time_ms", 20_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
        # Two servers on one port would share its calls at random; the second must fail to start.
        ("grpc.so_reuseport", 0),
        # By default gRPC drops calls at random once a thousand wait to be looked at, and all that waited half a minute:
        # they end as CANCELLED, without a word. A server's own limits answer, with a reason and when to come back.
        ("grpc.server.max_pending_requests", _PENDING_CALLS),
        ("grpc.server.max_pending_requests_hard_limit", _PENDING_CALLS),
        ("grpc.server_max_unrequested_time_in_server", _PENDING_S),
        # What one connection may have open; a client's further calls wait on its side.
        ("grpc.max_concurrent_streams", _CONNECTION_STREAMS),
    ]


def status_code(error: OrchestrionError) -> grpc.StatusCode:
    """Returns the status code that a client acts on."""
    return next((_CODES[base] for base in type(error).__mro__ if base in _CODES), grpc.StatusCode.INTERNAL)


def status_of(error: OrchestrionError) -> grpc.Status:
    """Turns an exception into a status with ErrorInfo, and BadRequest or RetryInfo where they belong.

    A message of more than `MAX_ERROR_BYTES` is cut, and so is metadata of more than 256 bytes.
    """
    code = status_code(error)
    message = _cut(error.message, MAX_ERROR_BYTES)
    metadata = {name: _cut(value, _METADATA_BYTES) for name, value in error.metadata.items()}
    status = status_pb2.Status(code=code.value[0], message=message)
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata))
    if code is grpc.StatusCode.INVALID_ARGUMENT and "field" in metadata:
        violation = error_details_pb2.BadRequest.FieldViolation(field=metadata["field"], description=message)
        status.details.add().Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    if error.retry_after_ms is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(error.retry_after_ms)
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return rpc_status.to_status(status)


def error_of(failure: grpc.RpcError, path: str = "") -> OrchestrionError:
    """Turns what a gRPC call raised into the exception that the server meant.

    Args:
        failure: What gRPC raised.
        path: The service and the method that were called, as `/orchestrion.v1.RunService/GetRun`: they say what a
            status without details is about. Empty where they are not at hand.
    """
    call = cast(grpc.Call, failure)  # What gRPC raises is the call that failed, which the stubs do not say.
    own_code: grpc.StatusCode | None = call.code()
    code = own_code or grpc.StatusCode.UNKNOWN
    message = call.details() or code.name
    try:
        status = rpc_status.from_call(call)
    except ValueError:  # Details that contradict the status: a proxy rewrote one of them.
        status = None
    reason, metadata, retry_after_ms = "", {}, None
    for detail in status.details if status is not None else ():
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo()
            detail.Unpack(info)
            reason, metadata = info.reason, dict(info.metadata)
        elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            retry = error_details_pb2.RetryInfo()
            detail.Unpack(retry)
            retry_after_ms = retry.retry_delay.ToMilliseconds()
    if not reason:
        return bare_statuses.reason_of(code, path).error(message, retry_after_ms=retry_after_ms)
    error = Reason.rebuild(reason, message, metadata)
    if status is not None and type(error) is errors.InternalError and status.code != code_pb2.INTERNAL:
        # A reason of a newer server: its code still says what to do.
        error = next((kind for kind, own_code in _CODES.items() if own_code is code), errors.InternalError)(
            message, reason=reason, metadata=metadata
        )
    error.retry_after_ms = retry_after_ms
    return error


def _cut(text: str, size: int) -> str:
    """Cuts a text to so many bytes of UTF-8, and replaces lone surrogates, which no header can carry."""
    content = text.encode("utf-8", "replace")
    if len(content) <= size:
        return content.decode()
    return content[: size - 3].decode("utf-8", "ignore") + "…"
