"""Every method of a server, called with raw bytes, and what is wrong with how a call ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_status import rpc_status

from orchestrion.errors import DOMAIN, Reason
from orchestrion.v1 import (
    artifact_service_pb2,
    execute_service_pb2,
    model_host_service_pb2,
    plan_service_pb2,
    registry_service_pb2,
    respond_service_pb2,
    run_service_pb2,
    select_service_pb2,
)

_CONTROLLER: Final = (
    artifact_service_pb2,
    execute_service_pb2,
    plan_service_pb2,
    registry_service_pb2,
    respond_service_pb2,
    run_service_pb2,
    select_service_pb2,
)
_EVERYWHERE: Final = (health_pb2, reflection_pb2)

_MOST_ANSWERS: Final = 300
"""How much of a stream is read before the client hangs up; those of the registry and of health have no end."""

_FAULTS: Final = frozenset({grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS})
_STILL_WRITING: Final = "Internal error from Core"
"""What an asyncio client makes of a call that ends while it still sends (github.com/grpc/grpc/issues/36066)."""
_BARE: Final = frozenset({grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED})
"""What gRPC itself makes: this side's deadline, and hanging up."""


def controller_methods() -> list[MethodDescriptor]:
    """Returns the methods of a controller."""
    return list(_methods((*_CONTROLLER, *_EVERYWHERE)))


def host_methods() -> list[MethodDescriptor]:
    """Returns the methods of a host."""
    return list(_methods((model_host_service_pb2, *_EVERYWHERE)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended."""

    code: grpc.StatusCode
    """The status."""
    reason: str = ""
    """The reason of an error, of the status or else of the run that the stream tells of; empty for none."""
    trouble: str = ""
    """What no server should do, in words; empty where all is well."""


async def call(
    channel: grpc.aio.Channel, method: MethodDescriptor, contents: Sequence[bytes], timeout_s: float
) -> Outcome:
    """Calls a method.

    Args:
        channel: Where to.
        method: Which.
        contents: The request, or the requests of a stream.
        timeout_s: How long it may take; then this side hangs up.
    """
    service = method.containing_service
    shape = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
    stub = getattr(channel, shape)(f"/{service.full_name}/{method.name}", bytes, bytes)
    reasons: list[str] = []
    try:
        # A stream of requests stays open for a moment, as that of a client that has more to say.
        request = _stream(contents) if method.client_streaming else contents[0]
        started = stub(request, timeout=timeout_s)
        if method.server_streaming:
            count = 0
            with contextlib.closing(_Cancelling(started)):
                async for answer in started:
                    reasons += _failures(_read(method.output_type, answer))
                    if (count := count + 1) >= _MOST_ANSWERS:
                        break
        else:
            _read(method.output_type, await started)
    except DecodeError as error:
        return Outcome(grpc.StatusCode.OK, trouble=f"the answer is no {method.output_type.name}: {error}")
    except asyncio.CancelledError:
        # An asyncio client's way to say that its deadline passed while it sent.
        if (own := asyncio.current_task()) is not None and own.cancelling():
            raise
        return Outcome(grpc.StatusCode.CANCELLED)
    except grpc.aio.AioRpcError as error:
        return _outcome(error, standard=not service.full_name.startswith("orchestrion."))
    wrong = [reason for reason in reasons if reason == Reason.INTERNAL.name or reason not in Reason.__members__]
    wrongs = f"an event says {', '.join(sorted(set(wrong)))}" if wrong else ""
    return Outcome(grpc.StatusCode.OK, reasons[-1] if reasons else "", wrongs)


class _Cancelling:
    def __init__(self, call: Any) -> None:
        self._call = call

    def close(self) -> None:
        self._call.cancel()


async def _stream(contents: Sequence[bytes]) -> AsyncIterator[bytes]:
    for content in contents:
        yield content
    await asyncio.sleep(0.01)


def _methods(modules: Sequence[Any]) -> Iterator[MethodDescriptor]:
    for module in modules:
        for service in module.DESCRIPTOR.services_by_name.values():
            yield from service.methods


def _read(descriptor: Descriptor, content: bytes) -> Message:
    message: Message = GetMessageClass(descriptor)()
    message.ParseFromString(content)
    return message


def _failures(answer: Any) -> Iterator[str]:
    """Yields the reasons of what an event says that failed."""
    if answer.DESCRIPTOR.full_name == "orchestrion.v1.Event":
        payload = answer.WhichOneof("payload")
        if payload in ("run_finished", "attempt_failed", "plan_rejected") and getattr(answer, payload).HasField(
            "error"
        ):
            yield getattr(answer, payload).error.reason


def _outcome(error: grpc.aio.AioRpcError, *, standard: bool) -> Outcome:
    code = error.code()
    if code is grpc.StatusCode.INTERNAL and error.details() == _STILL_WRITING:
        return Outcome(grpc.StatusCode.CANCELLED)
    if code in _BARE:  # What the status may carry besides is of the error that it came before.
        return Outcome(code)
    details = rpc_status.from_call(error)  # type: ignore[arg-type]  # An AioRpcError has what it reads of a call.
    infos = [
        detail
        for detail in (details.details if details is not None else ())
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR)
    ]
    info = error_details_pb2.ErrorInfo()
    if infos:
        infos[0].Unpack(info)
    if code in _FAULTS:
        return Outcome(code, info.reason, f"{code.name}: {error.details()}")
    if not infos and not standard:
        return Outcome(code, "", f"{code.name} without a reason: {error.details()}")
    if infos and (info.reason not in Reason.__members__ or info.domain != DOMAIN):
        return Outcome(code, info.reason, f"{info.reason!r} of {info.domain!r} is no reason of the table")
    return Outcome(code, info.reason)
