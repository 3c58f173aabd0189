"""An RPC as data: where it goes, what it says, how its answers are read.

The sync and the asyncio client differ only in how they carry RPCs out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rpc(Generic[T]):
    """One RPC; `read` turns its answer, or each answer of its stream, into what the caller gets."""

    path: str
    """The service and the method, as `/orchestrion.v1.RunService/GetRun`."""
    request: Message
    """What is sent; the first message where the client streams."""
    answer: type[Message]
    """The type of the answer, or of each message of the stream that comes back."""
    read: Callable[[Any], T]
    """Turns an answer into what the caller gets."""


def rpc_of(file: FileDescriptor, method: str, request: Message, read: Callable[[Any], T]) -> Rpc[T]:
    """Describes an RPC of the one service that a file of the API defines."""
    (service,) = file.services_by_name.values()
    described = service.methods_by_name[method]
    return Rpc(f"/{service.full_name}/{method}", request, GetMessageClass(described.output_type), read)
