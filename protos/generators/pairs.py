"""The overloads of the codec: which message belongs to which dataclass, and which enum to which."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from protos.generators import domain
from protos.generators.api import Api, Commented

PATH: Final = domain.PACKAGE / "_codec" / "pairs.py"

_HEAD: Final = '''\
"""Which message belongs to which dataclass, for the type checker. Made from protos/ by `make protos`: do not edit."""

from __future__ import annotations

from typing import Protocol, TypeAlias, overload

'''


def generate(api: Api) -> dict[Path, str]:
    """Returns the file's text, by its path."""
    pairs = sorted(_pairs(api.messages, domain.is_dataclass))
    enums = sorted(_pairs(api.enums, domain.is_enum))
    return {PATH: "\n".join(_lines(pairs, enums)) + "\n"}


def _pairs(protos: Mapping[str, Commented], wanted: Callable[[ast.ClassDef], bool]) -> Iterator[tuple[str, str]]:
    for module in domain.ENCODED:
        for node in domain.classes(domain.path(module).read_text("utf-8")):
            if wanted(node) and node.name in protos:
                yield f"{module}.{node.name}", f"{protos[node.name].module}.{node.name}"


def _lines(pairs: list[tuple[str, str]], enums: list[tuple[str, str]]) -> Iterator[str]:
    yield _HEAD + f"from orchestrion import {', '.join(domain.ENCODED)}"
    stubs = sorted({message.partition(".")[0] for _, message in (*pairs, *enums)})
    yield f"from orchestrion.v1 import {', '.join(stubs)}\n"
    yield f"Encodable: TypeAlias = ({' | '.join(python_type for python_type, _ in pairs)})"
    yield '"""The dataclasses that have a message."""\n'
    yield '\nclass Encode(Protocol):\n    """The type of `codec.encode`."""'
    for python_type, message in pairs:
        yield f"\n    @overload\n    def __call__(self, item: {python_type}, /) -> {message}: ..."
    yield '\n\nclass EncodeEnum(Protocol):\n    """The type of `codec.encode_enum`."""'
    for python_type, enum in enums:
        yield f"\n    @overload\n    def __call__(self, member: {python_type}, /) -> {enum}.ValueType: ..."
    yield '\n\nclass Decode(Protocol):\n    """The type of `codec.decode`."""'
    for python_type, message in pairs:
        signature = f"self, message: {message}, target: type[{python_type}], /"
        yield f"\n    @overload\n    def __call__({signature}) -> {python_type}: ..."
