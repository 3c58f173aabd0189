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
class Api:
    """The package's messages and enums, by name."""

    messages: Mapping[str, Commented]
    enums: Mapping[str, Commented]


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
    for file in described.file:
        if file.package == PACKAGE:
            comments = _comments(file)
            module = stub_module(file.name)
            for index, message in enumerate(file.message_type):
                messages[message.name] = _message(module, message, comments, index)
            for index, enum in enumerate(file.enum_type):
                enums[enum.name] = _enum(module, enum, comments, index)
    return Api(messages, enums)


def stub_module(file: str) -> str:
    """Returns the module that protoc makes of a file: `plans_pb2` of `orchestrion/v1/plans.proto`."""
    return f"{Path(file).stem}_pb2"


def _message(module: str, message: DescriptorProto, comments: Mapping[Sequence[int], str], index: int) -> Commented:
    names = {_FIELD: [field.name for field in message.field], _ONEOF: [oneof.name for oneof in message.oneof_decl]}
    found = {
        name: comments.get((_MESSAGE, index, kind, number), "")
        for kind, members in names.items()
        for number, name in enumerate(members)
    }
    single = [field for field in message.field if field.label != field.LABEL_REPEATED]
    present = {field.name for field in single if field.proto3_optional or field.type == field.TYPE_MESSAGE}
    return Commented(module, found, frozenset(present))


def _enum(module: str, enum: EnumDescriptorProto, comments: Mapping[Sequence[int], str], index: int) -> Commented:
    return Commented(
        module,
        {value.name: comments.get((_ENUM, index, _VALUE, number), "") for number, value in enumerate(enum.value)},
    )


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
