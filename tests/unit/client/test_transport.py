"""Errors over a real connection: what a server raises is what a client catches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import grpc
import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from orchestrion import errors
from orchestrion._net.transport import channel_options, error_of, server_options, status_code, status_of
from orchestrion.errors import DOMAIN, OrchestrionError, Reason, is_retryable
from orchestrion.plans import Error

CODES = {
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
"""What the documentation promises, written down a second time on purpose."""


class Failing(grpc.GenericRpcHandler):
    """Answers every method by ending the call with the status that the test put here."""

    status: Any = None

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        async def fail(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
            await context.abort_with_status(self.status)

        async def fail_late(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[bytes]:
            yield b"first"
            await context.abort_with_status(self.status)

        if handler_call_details.method.endswith("Stream"):
            return grpc.unary_stream_rpc_method_handler(fail_late)
        return grpc.unary_unary_rpc_method_handler(fail)


Send = Callable[[Any], Awaitable[grpc.RpcError]]


def connect(port: int) -> Any:
    """Opens a channel to this machine, past a proxy that may be set for the web."""
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=[*channel_options(), ("grpc.enable_http_proxy", 0)])


@pytest.fixture
async def failing() -> AsyncIterator[tuple[Failing, Any]]:
    handler = Failing()
    server = grpc.aio.server(handlers=[handler], options=server_options())
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with connect(port) as channel:
        yield handler, channel
    await server.stop(0)


@pytest.fixture
def send(failing: tuple[Failing, Any]) -> Send:
    """Sends a status over the wire, and returns what the client's gRPC raises."""
    handler, channel = failing

    async def send(status: Any) -> grpc.RpcError:
        handler.status = status
        with pytest.raises(grpc.RpcError) as caught:
            await channel.unary_unary("/any/Unary")(b"")
        return caught.value

    return send


def details(failure: grpc.RpcError) -> Iterator[Any]:
    """Yields the details of a status, as another client would unpack them."""
    status: Any = rpc_status.from_call(failure)  # type: ignore[arg-type]  # An error is the call.
    kinds = (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.RetryInfo)
    for packed in status.details:
        kind = next(kind for kind in kinds if packed.Is(kind.DESCRIPTOR))
        detail = kind()
        packed.Unpack(detail)
        yield detail


def test_every_class_has_a_code_and_every_reason_a_class() -> None:
    assert set(OrchestrionError.__subclasses__()) == set(CODES)
    assert {reason.error_type for reason in Reason} == set(CODES)
    for reason in Reason:
        assert status_code(reason.error("any")) is CODES[reason.error_type]
        assert reason.meaning.endswith(".")
        assert reason.name == reason.name.upper()


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
async def test_every_reason_there_and_back(send: Send, reason: Reason) -> None:
    sent = reason.error("What went wrong, and the cure: 直す 🎺\nnext line", {"task_id": "a"}, field="messages[0].text")
    failure: Any = await send(status_of(sent))
    assert failure.code() is CODES[reason.error_type]
    received = error_of(failure)
    assert type(received) is type(sent) is reason.error_type
    assert (received.message, received.reason) == (sent.message, reason.name)
    assert received.metadata == {"task_id": "a", "field": "messages[0].text"}
    assert (received.field, received.retry_after_ms) == ("messages[0].text", None)
    assert str(received) == sent.message
    assert is_retryable(received) is is_retryable(sent)


async def test_details_are_those_of_google_rpc(send: Send) -> None:
    error = Reason.ILL_TYPED_INPUT.error("speed is no number.", field="tasks[0].inputs.speed", retry_after_ms=1_500)
    info, bad_request, retry = details(await send(status_of(error)))
    assert (info.reason, info.domain) == ("ILL_TYPED_INPUT", DOMAIN)
    assert info.metadata == {"field": "tasks[0].inputs.speed"}
    (violation,) = bad_request.field_violations
    assert (violation.field, violation.description) == ("tasks[0].inputs.speed", "speed is no number.")
    assert retry.retry_delay.ToMilliseconds() == 1_500


async def test_only_a_bad_request_names_a_field_violation(send: Send) -> None:
    for error in (Reason.RUN_NOT_FOUND.error("No run.", field="name"), Reason.PLAN_INVALID.error("No field.")):
        assert len(list(details(await send(status_of(error))))) == 1


@pytest.mark.parametrize("retry_after_ms", [0, 1, 999, 86_400_000])
async def test_retry_after(send: Send, retry_after_ms: int) -> None:
    error = Reason.QUEUE_FULL.error("The queue is full.", retry_after_ms=retry_after_ms)
    received = error_of(await send(status_of(error)))
    assert type(received) is errors.ResourceExhaustedError
    assert received.retry_after_ms == retry_after_ms


async def test_a_stream_fails_after_its_answers(failing: tuple[Failing, Any]) -> None:
    handler, channel = failing
    handler.status = status_of(Reason.WORKER_CRASHED.error("The worker died."))
    call = channel.unary_stream("/any/Stream")(b"")
    assert await call.read() == b"first"
    with pytest.raises(grpc.RpcError) as caught:
        await call.read()
    assert error_of(caught.value).reason == "WORKER_CRASHED"


@pytest.mark.parametrize("error_type", CODES, ids=lambda error_type: error_type.__name__)
async def test_a_reason_of_a_newer_server_keeps_its_class(send: Send, error_type: type[OrchestrionError]) -> None:
    sent = error_type("Too new.", reason="NOT_KNOWN_YET", metadata={"a": "b"}, retry_after_ms=7)
    received = error_of(await send(status_of(sent)))
    assert type(received) is error_type
    assert (received.reason, received.metadata, received.retry_after_ms) == ("NOT_KNOWN_YET", {"a": "b"}, 7)


async def test_an_error_without_a_class_is_internal(send: Send) -> None:
    received = error_of(await send(status_of(OrchestrionError("Just wrong.", reason="NOT_KNOWN_YET"))))
    assert type(received) is errors.InternalError


async def test_an_unknown_reason_with_a_code_that_no_class_has(send: Send) -> None:
    status = status_pb2.Status(code=code_pb2.DATA_LOSS, message="Gone.")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="NOT_KNOWN_YET", domain=DOMAIN))
    received = error_of(await send(rpc_status.to_status(status)))
    assert (type(received), received.reason) == (errors.InternalError, "NOT_KNOWN_YET")


@pytest.mark.parametrize(
    "code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK], ids=lambda code: code.name
)
async def test_a_status_without_details_has_the_class_of_its_code(send: Send, code: grpc.StatusCode) -> None:
    status: Any = rpc_status.to_status(status_pb2.Status(code=code.value[0], message="From a proxy."))
    received = error_of(await send(status._replace(trailing_metadata=())))
    expected = next((error_type for error_type, its_code in CODES.items() if its_code is code), None)
    if code is grpc.StatusCode.ALREADY_EXISTS:
        expected = errors.AbortedError
    assert type(received) is (expected or errors.InternalError)
    assert received.message == "From a proxy."
    assert received.reason in Reason.__members__


async def test_details_that_contradict_the_status_are_not_believed(send: Send) -> None:
    status: Any = status_of(Reason.RUN_NOT_FOUND.error("No run."))
    received = error_of(await send(status._replace(code=grpc.StatusCode.UNAVAILABLE)))
    assert type(received) is errors.UnavailableError


async def test_details_that_nobody_knows_are_skipped(send: Send) -> None:
    status = status_pb2.Status(code=code_pb2.NOT_FOUND, message="No run.")
    status.details.add().Pack(error_details_pb2.DebugInfo(detail="a stack"))
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="RUN_NOT_FOUND", domain=DOMAIN))
    received = error_of(await send(rpc_status.to_status(status)))
    assert (type(received), received.reason) == (errors.NotFoundError, "RUN_NOT_FOUND")


@pytest.mark.parametrize("letter", ["x", "é", "語", "🎺", "%", "\n"], ids=ascii)
async def test_a_long_message_is_cut_and_keeps_its_details(send: Send, letter: str) -> None:
    where = {f"key_{number}": letter * 5_000 for number in range(5)}
    sent = Reason.PLAN_INVALID.error(letter * 50_000, where, field="plan")
    received = error_of(await send(status_of(sent)))
    assert (type(received), received.reason, received.field) == (errors.InvalidArgumentError, "PLAN_INVALID", "plan")
    assert received.message.endswith("…")
    assert set(received.message) == {letter, "…"}
    assert received.metadata.keys() == sent.metadata.keys()


async def test_a_lone_surrogate_in_a_message_is_replaced(send: Send) -> None:
    received = error_of(await send(status_of(Reason.INVALID_INPUT.error("no file a\udcff.png", field="\ud800"))))
    assert (received.reason, received.message, received.field) == ("INVALID_INPUT", "no file a?.png", "?")


async def test_a_server_that_is_not_there() -> None:
    async with connect(1) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            await channel.unary_unary("/any/Unary")(b"")
    received = error_of(caught.value)
    assert (type(received), received.reason) == (errors.UnavailableError, "SERVER_UNREACHABLE")
    assert is_retryable(received)


async def test_what_grpc_itself_says() -> None:
    async def abort(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "as gRPC does it")

    server = grpc.aio.server()
    handler = grpc.method_handlers_generic_handler("any", {"Unary": grpc.unary_unary_rpc_method_handler(abort)})
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with connect(port) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            await channel.unary_unary("/any/Unary")(b"")
        assert error_of(caught.value).reason == "DEADLINE_EXCEEDED"
        with pytest.raises(grpc.RpcError) as caught:
            await channel.unary_unary("/any/Missing")(b"")
        assert type(error_of(caught.value)) is errors.UnimplementedError
    await server.stop(0)


def test_an_error_in_an_event_is_the_same_error() -> None:
    sent = Reason.EXPERT_NOT_LOADED.error("Evicted.", host="hosts/a")
    received = Error.of(sent).exception()
    assert (type(received), received.reason, received.message) == (type(sent), sent.reason, "Evicted.")
    assert received.metadata == {"host": "hosts/a"}
    assert type(Error("NOT_KNOWN_YET", "Too new.").exception()) is errors.InternalError


def test_what_another_expert_can_cure() -> None:
    assert is_retryable(Reason.WORKER_CRASHED.error("any"))
    assert is_retryable(Reason.QUEUE_FULL.error("any"))
    assert is_retryable(Reason.EXPERT_FAILED.error("any"))
    for reason in (Reason.INVALID_INPUT, Reason.NO_EXPERT, Reason.CANCELLED, Reason.DEADLINE_EXCEEDED, Reason.INTERNAL):
        assert not is_retryable(reason.error("any"))
