"""What protos/ defines, with the comment on everything, as `buf build` describes it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet

PACKAGE: Final = "orchestrion.v1"
_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Commented:
    """A message, or an enum."""

    module: str
    """The module of its stub, such as `plans_pb2`."""
    comments: Mapping[str, str]
    """The comment on each field and each oneof, or on each value, by its name."""
    with_presence: frozenset[str] = frozenset()
    """The fields of a message that can be unset, which are None in Python."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a service."""

    service: str
    """The name of its service, such as `RunService`."""
    name: str
    """Its own name, such as `GetRun`."""
    request: str
    """The full name of what the client sends, such as `orchestrion.v1.GetRunRequest`."""
    answer: str
    """The full name of what the server sends."""
    client_streams: bool
    """Whether the client may send several messages."""
    server_streams: bool
    """Whether the server may send several messages."""


@dataclass(frozen=True, slots=True)
class Api:
    """What the package defines."""

    messages: Mapping[str, Commented]
    """The messages by name."""
    enums: Mapping[str, Commented]
    """The enums by name."""
    methods: Sequence[Method]
    """The methods of all services, in the order of the files."""
    files: Mapping[str, str]
    """The file of each message, also of those imported from elsewhere, by its full name."""


def read() -> Api:
    """Reads the API from protos/."""
    described = FileDescriptorSet.FromString(
        subprocess.run(
            [Path(sys.executable).with_name("buf"), "build", "--output", "-"],
            cwd=_ROOT,
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
    )
    messages: dict[str, Commented] = {}
    enums: dict[str, Commented] = {}
    methods: list[Method] = []
    for file in described.file:
        if file.package == PACKAGE:
            comments = _comments(file)
            module = stub_module(file.name)
            for index, message in enumerate(file.message_type):
                messages[message.name] = _message(module, message, comments, index)
            for index, enum in enumerate(file.enum_type):
                enums[enum.name] = _enum(module, enum, comments, index)
            methods += _methods(file)
    files = {f"{file.package}.{message.name}": file.name for file in described.file for message in file.message_type}
    return Api(messages, enums, methods, files)


def stub_module(file: str) -> str:
    """Returns the module that protoc makes of a file: `plans_pb2` of `orchestrion/v1/plans.proto`."""
    return f"{Path(file).stem}_pb2"


def _message(module: str, message: DescriptorProto, comments: Mapping[Sequence[int], str], index: int) -> Commented:
    names = {_FIELD: [field.name for field in message.field], _ONEOF: [oneof.name for oneof in message.oneof_decl]}
    documented = {
        name: comments.get((_MESSAGE, index, kind, number), "")
        for kind, members in names.items()
        for number, name in enumerate(members)
    }
    single = [field for field in message.field if field.label != field.LABEL_REPEATED]
    present = {field.name for field in single if field.proto3_optional or field.type == field.TYPE_MESSAGE}
    return Commented(module, documented, frozenset(present))


def _enum(module: str, enum: EnumDescriptorProto, comments: Mapping[Sequence[int], str], index: int) -> Commented:
    return Commented(
        module,
        {value.name: comments.get((_ENUM, index, _VALUE, number), "") for number, value in enumerate(enum.value)},
    )


def _methods(file: FileDescriptorProto) -> Iterator[Method]:
    for service in file.service:
        for method in service.method:
            types = method.input_type.removeprefix("."), method.output_type.removeprefix(".")
            yield Method(service.name, method.name, *types, method.client_streaming, method.server_streaming)


# Field numbers of the descriptors, of which a location's path is made.
_MESSAGE: Final = FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER
_ENUM: Final = FileDescriptorProto.ENUM_TYPE_FIELD_NUMBER
_FIELD: Final = DescriptorProto.FIELD_FIELD_NUMBER
_ONEOF: Final = DescriptorProto.ONEOF_DECL_FIELD_NUMBER
_VALUE: Final = EnumDescriptorProto.VALUE_FIELD_NUMBER


def _comments(file: FileDescriptorProto) -> Mapping[Sequence[int], str]:
    """Returns the comment above each element, on one line, by the element's path."""

    def each() -> Iterator[tuple[Sequence[int], str]]:
        for location in file.source_code_info.location:
            yield tuple(location.path), " ".join(location.leading_comments.split())

    return dict(each())
