"""What every call passes through: errors become statuses, calls are counted and timed, and have a deadline."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias

import grpc
from google.protobuf.message import DecodeError, Message

from orchestrion._net.transport import status_of
from orchestrion.errors import OrchestrionError, Reason
from orchestrion_serving import tracing
from orchestrion_serving.metrics import CallMetrics, exemplar
from orchestrion_serving.request_bounds import RequestBounds
from orchestrion_serving.unserved import not_served

_log = logging.getLogger(__name__)

Context: TypeAlias = grpc.aio.ServicerContext[Message, Message]
"""gRPC's context of a call: metadata, deadline and status."""

# Any, since an interceptor sees every method: requests and answers of any type, coroutines and async generators alike.
_Behaviour: TypeAlias = Callable[[Any, Context], Any]
_Decoder: TypeAlias = Callable[[bytes], object]
_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

_UNTRACED: Final = frozenset({"/orchestrion.v1.RegistryService/Advertise", "/orchestrion.v1.RegistryService/Watch"})

_LARGE_BYTES: Final = 1 << 16

_CODE_NAMES: Final = {code.value[0]: code.name for code in grpc.StatusCode}


class _Around(grpc.aio.ServerInterceptor):
    """Wraps a method of any of gRPC's four shapes; subclasses say what happens around either kind of answer."""

    def __init__(self) -> None:
        """Starts with no method wrapped; each is wrapped once, at its first call."""
        self._wrapped: dict[str, _Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler | None:
        """Wraps the handler that gRPC found; None, for an unknown method, stays None."""
        method = handler_call_details.method
        if method not in self._wrapped:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None
            self._wrapped[method] = self._wrap(method, handler)
        return self._wrapped[method]

    def _wrap(self, method: str, handler: _Handler) -> _Handler:
        answer = "stream" if handler.response_streaming else "unary"
        kind = f"{'stream' if handler.request_streaming else 'unary'}_{answer}"
        behaviour = getattr(handler, kind)
        # A handler may also write its stream through the context, as the health service does.
        around = self.around_stream if inspect.isasyncgenfunction(behaviour) else self.around_unary
        make = getattr(grpc, f"{kind}_rpc_method_handler")
        decode = self.decoder(method, handler.request_deserializer)
        wrapped: _Handler = make(around(method, behaviour), decode, handler.response_serializer)
        return wrapped

    def decoder(self, method: str, decode: _Decoder | None) -> _Decoder | None:
        """Wraps what makes requests of bytes; None where requests stay bytes."""
        del method
        return decode

    @abstractmethod
    def around_unary(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        """Wraps a coroutine function."""

    @abstractmethod
    def around_stream(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        """Wraps an async generator function."""


class WithinContext(_Around):
    """Runs every call within an async context manager, whichever kind of answer it has."""

    @abstractmethod
    def around(self, method: str, context: Context) -> AbstractAsyncContextManager[None]:
        """Makes the context manager of a call."""

    def around_unary(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        """Wraps a coroutine function."""

        async def call(request: object, context: Context) -> object:
            async with self.around(method, context):
                return await behaviour(request, context)

        return call

    def around_stream(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        """Wraps an async generator function."""

        async def call(request: object, context: Context) -> AsyncGenerator[object, None]:
            # Without `aclosing` a cancelled call would leave the generator to the garbage collector.
            async with self.around(method, context), aclosing(behaviour(request, context)) as answers:
                async for answer in answers:
                    yield answer

        return call


class ErrorInterceptor(WithinContext):
    """Turns domain errors into statuses with details; any other exception is logged, and sent as INTERNAL."""

    @asynccontextmanager
    async def around(self, method: str, context: Context) -> AsyncIterator[None]:
        """Aborts the call with the status of what it raises."""
        try:
            yield
        except Exception as error:
            await _abort(method, context, error)


class TracingInterceptor(WithinContext):
    """Opens a span around every call, as a part of the caller's; belongs there only where tracing is on."""

    @asynccontextmanager
    async def around(self, method: str, context: Context) -> AsyncIterator[None]:
        """Opens the span of the call; streams that last as long as their client, and the health, have none."""
        if method in _UNTRACED or method.startswith("/grpc."):
            yield
            return
        service, _, name = method.removeprefix("/").rpartition("/")
        about = {"rpc.system.name": "grpc", "rpc.service": service, "rpc.method": name}
        parent = tracing.remote_parent(context.invocation_metadata())
        with tracing.span(method.removeprefix("/"), about, kind=tracing.SpanKind.SERVER, parent=parent) as span:
            try:
                yield
            except grpc.aio.BaseError:
                span.fail(_code_name(context))
                raise
            finally:
                span.set({"rpc.response.status_code": _code_name(context)})


class MetricsInterceptor(WithinContext):
    """Counts and times every call by method and status code."""

    def __init__(self, metrics: CallMetrics) -> None:
        """Keeps the metrics to write to."""
        super().__init__()
        self._metrics = metrics

    @asynccontextmanager
    async def around(self, method: str, context: Context) -> AsyncIterator[None]:
        """Counts and times the call."""
        started = time.perf_counter()
        going = self._metrics.open.labels(method)
        going.inc()
        left = False
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            left = True  # The client left or its deadline passed; the context has the code only later.
            raise
        finally:
            going.dec()
            self._metrics.seconds.labels(method).observe(time.perf_counter() - started, exemplar())
            self._metrics.calls.labels(method, "CANCELLED" if left else _code_name(context)).inc()


class DeadlineInterceptor(_Around):
    """Limits unary calls whose client set no deadline to a fixed time, so that none is held for ever."""

    def __init__(self, unary_timeout_s: float) -> None:
        """`unary_timeout_s` is the limit of a unary call without a deadline, in seconds."""
        super().__init__()
        self._unary_timeout_s = unary_timeout_s

    def around_unary(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        """Wraps a coroutine function."""

        async def call(request: object, context: Context) -> object:
            if context.time_remaining() is not None or hasattr(request, "__aiter__"):
                return await behaviour(request, context)
            try:
                async with asyncio.timeout(self._unary_timeout_s):
                    return await behaviour(request, context)
            except TimeoutError as error:
                text = f"{method} took longer than {self._unary_timeout_s:g} s; set a deadline to allow more."
                raise Reason.DEADLINE_EXCEEDED.error(text) from error

        return call

    def around_stream(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        """Leaves streams alone: they may be watched for days."""
        return behaviour


class MessageInterceptor(_Around):
    """Has requests that are no message, or too large a one, end their call with an error that says so.

    gRPC decodes requests outside every interceptor, and answers UNKNOWN where it cannot; so the decoder hands on what
    is wrong, and the call raises where the request is first used. It is to be the innermost: those around it see the
    error.
    """

    def __init__(self, bounds: RequestBounds) -> None:
        """Keeps how large requests may be."""
        super().__init__()
        self._bounds = bounds

    def decoder(self, method: str, decode: _Decoder | None) -> _Decoder | None:
        """Has what is too large, or cannot be decoded, replaced by the error of it."""
        if decode is None:
            return None

        def decode_or_refuse(content: bytes) -> object:
            try:
                self._bounds.check_bytes(method, len(content))
                return decode(content)
            except DecodeError as error:
                return _Refused(_undecodable(method, len(content), str(error)))
            except OrchestrionError as error:
                return _Refused(error)

        return decode_or_refuse

    def around_unary(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        """Wraps a coroutine function."""

        async def call(request: object, context: Context) -> object:
            return await behaviour(await self._checked(method, request), context)

        return call

    def around_stream(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        """Wraps an async generator function."""

        async def call(request: object, context: Context) -> AsyncGenerator[object, None]:
            async with aclosing(behaviour(await self._checked(method, request), context)) as answers:
                async for answer in answers:
                    yield answer

        return call

    async def _checked(self, method: str, request: object) -> object:
        """Returns a request, or the iterator over a stream of them, that raises at what is refused."""
        if isinstance(request, AsyncIterable):
            return self._checked_stream(method, request)
        if isinstance(request, _Refused):
            raise request.error
        if isinstance(request, Message):
            self._bounds.check_parts(method, request)
            if request.ByteSize() > _LARGE_BYTES:
                # What it took to decode and count is enough for one callback; what is made of it comes in the next.
                await asyncio.sleep(0)
        return request

    async def _checked_stream(self, method: str, requests: AsyncIterable[object]) -> AsyncGenerator[object, None]:
        async for request in requests:
            yield await self._checked(method, request)


@dataclass(frozen=True, slots=True)
class _Refused:
    """Stands for a request that was not decoded, or may not be."""

    error: OrchestrionError


def _undecodable(method: str, size_bytes: int, trouble: str) -> OrchestrionError:
    _log.warning("%s: the client sent %d bytes that are no message: %s", method, size_bytes, trouble)
    text = f"{method}: the {size_bytes} bytes sent are no message of this method; send what its .proto says."
    return Reason.INVALID_MESSAGE.error(text)


async def _abort(method: str, context: Context, error: Exception) -> NoReturn:
    if isinstance(error, grpc.aio.BaseError):  # gRPC's own: the call was aborted already, or the server has stopped.
        raise error
    if isinstance(error, NotImplementedError) and _code_name(context) == grpc.StatusCode.UNIMPLEMENTED.name:
        error = not_served(method)  # What gRPC's own servicers raise for a method that is not written.
    if not isinstance(error, OrchestrionError):
        _log.exception("%s failed", method, exc_info=error)
        error = Reason.INTERNAL.error("The server met a fault of its own; its log has the details.")
    await context.abort_with_status(status_of(error))


def _code_name(context: Context) -> str:
    code: object = context.code()  # None where the method set none; an integer where it was set as an integer.
    if isinstance(code, grpc.StatusCode):
        return code.name
    return _CODE_NAMES.get(code, "OK") if isinstance(code, int) else "OK"
