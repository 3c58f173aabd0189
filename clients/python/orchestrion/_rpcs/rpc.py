"""An RPC as data: where it goes, what it says, how its answers are read.

The sync and the asyncio client differ only in how they carry RPCs out. `methods` has the methods that protos/ defines,
so that the type checker compares what is sent, and what is read, with the API. Each kind of RPC has a type of its own,
so that a stream is not taken for a single answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
RequestT = TypeVar("RequestT", bound=Message)
AnswerT = TypeVar("AnswerT", bound=Message)


@dataclass(frozen=True, slots=True)
class Rpc(Generic[T_co]):
    """One RPC; `read` turns its answer, or each answer of its stream, into what the caller gets."""

    path: str
    """The service and the method, as `/orchestrion.v1.RunService/GetRun`."""
    request: Message
    """What is sent; the first message where the client streams."""
    answer: type[Message]
    """The type of the answer, or of each message of the stream that comes back."""
    read: Callable[[Any], T_co]  # Takes an `answer`, as the method that made the RPC has checked.
    """Turns an answer into what the caller gets."""


class StreamRpc(Rpc[T_co]):
    """One message, and a stream of answers."""

    __slots__ = ()


class UnaryRpc(StreamRpc[T_co]):
    """One message, and one answer, which is a stream of one."""

    __slots__ = ()


class UploadRpc(Rpc[T_co]):
    """A stream of messages, and one answer."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Method(Generic[RequestT, AnswerT]):
    """A method of a service."""

    path: str
    """The service and the method, as `/orchestrion.v1.RunService/GetRun`."""
    request: type[RequestT]
    """What the client sends."""
    answer: type[AnswerT]
    """What the server sends."""


class UnaryMethod(Method[RequestT, AnswerT]):
    """A method that takes one message and gives one answer."""

    __slots__ = ()

    def rpc(self, request: RequestT, read: Callable[[AnswerT], T]) -> UnaryRpc[T]:
        """Makes an RPC of a request and of what reads the answer."""
        return UnaryRpc(self.path, request, self.answer, read)


class StreamMethod(Method[RequestT, AnswerT]):
    """A method that takes one message and gives a stream of answers."""

    __slots__ = ()

    def rpc(self, request: RequestT, read: Callable[[AnswerT], T]) -> StreamRpc[T]:
        """Makes an RPC of a request and of what reads each answer."""
        return StreamRpc(self.path, request, self.answer, read)


class UploadMethod(Method[RequestT, AnswerT]):
    """A method that takes a stream of messages and gives one answer."""

    __slots__ = ()

    def rpc(self, first: RequestT, read: Callable[[AnswerT], T]) -> UploadRpc[T]:
        """Makes an RPC of the first message and of what reads the answer."""
        return UploadRpc(self.path, first, self.answer, read)
