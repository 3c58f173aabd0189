"""What the header of a GGUF file says: the model, its chat template, how many numbers there are; and if it is whole.

GGUF is the format of llama.cpp: one file with the weights, most of them in a few bits each, the tokenizer and the chat
template. Nothing in it is code. Workers read the weights with transformers, which makes numbers of the usual precision
of them; the header is read here, without any library of models.
"""

from __future__ import annotations

import math
import mmap
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

SUFFIX: Final = ".gguf"
ARCHITECTURES: Final[Mapping[str, str]] = {
    "llama": "LlamaForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
}
"""The architectures that are read, as the format names them, and the classes that read them."""

_Scalar: TypeAlias = str | int | float | bool
_VERSIONS: Final = (2, 3)
_ALIGNMENT: Final = 32
_MOST_DIMENSIONS: Final = 4
# The structure of each kind of value; 8 is a text, 9 a list.
_SCALARS: Final = dict(enumerate(["<B", "<b", "<H", "<h", "<I", "<i", "<f", "<?"])) | {10: "<Q", 11: "<q", 12: "<d"}
_TEXT, _LIST = 8, 9
# How numbers are stored, by the number of the kind: so many in a block, which takes so many bytes.
_STORAGE: Final = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 16: (256, 66), 17: (256, 74), 18: (256, 98),
    19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
_QUANTISATION: Final = re.compile(
    r"(?:^|[-._])((?:ud-)?(?:iq\d|q\d|tq\d|mxfp\d)(?:_[a-z0-9]+)*|bf16|f16|f32)$", re.IGNORECASE
)
_SHARD: Final = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)


class GgufError(ValueError):
    """A file that is no GGUF, is damaged, or has what is not read; the message is the rest of a sentence about it."""


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a file says of its model."""

    architecture: str
    """The architecture, such as `llama`."""
    context_token_count: int
    """How many tokens the model was made for; 0 where it does not say."""
    chat_template: str
    """The template of conversations; empty where it has none."""
    number_count: int
    """How many numbers the weights are."""


def read(path: Path) -> GgufHeader:
    """Reads the header of a file, and sees that the file is as long as its weights are.

    Raises:
        GgufError: It is none, is cut off, or has a model or numbers of a kind that is not read.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        try:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise GgufError("is empty") from error
        with content:
            try:
                return _Reader(content).header()
            except (struct.error, UnicodeDecodeError, OverflowError) as error:
                raise GgufError("is damaged: its header breaks off, or holds what it cannot hold") from error


def not_read(path: Path | str, architecture: str) -> str:
    """Returns the sentence that says that models of an architecture are not read."""
    return f"{path} {_problem_of(architecture)}."


def _problem_of(architecture: str) -> str:
    return f"has a model of the architecture {architecture[:80]!r}; of GGUF files, {', '.join(ARCHITECTURES)} are read"


def quantisation(name: str) -> str:
    """Returns how a file stores its numbers by the end of its name, such as `q4_k_m`; empty where that does not say."""
    match = _QUANTISATION.search(Path(name).name.removesuffix(SUFFIX))
    return match[1].lower() if match else ""


def is_part(name: str) -> bool:
    """Whether a file has only a part of the weights, by its name."""
    return bool(_SHARD.search(name))


class _Reader:
    """Reads values one after the other."""

    def __init__(self, content: mmap.mmap) -> None:
        self._content = content
        self._place = 0

    def header(self) -> GgufHeader:
        if self._content[:4] != b"GGUF":
            raise GgufError("is no GGUF file")
        self._place = 4
        version = self._number("<I")
        if version not in _VERSIONS:
            raise GgufError(f"is of version {version} of the format; {' and '.join(map(str, _VERSIONS))} are read")
        tensor_count, field_count = self._number("<Q"), self._number("<Q")
        fields: dict[str, _Scalar] = {}
        for _ in range(field_count):
            name = self._text()
            value = self._value(self._number("<I"))
            if value is not None:
                fields[name] = value
        number_count = self._weights(tensor_count, int(fields.get("general.alignment", _ALIGNMENT)) or _ALIGNMENT)
        architecture = str(fields.get("general.architecture", ""))
        if architecture not in ARCHITECTURES:
            raise GgufError(_problem_of(architecture))
        if int(fields.get(f"{architecture}.expert_count", 0)):
            raise GgufError("has a mixture of experts, which is not read")
        if (scaling := str(fields.get(f"{architecture}.rope.scaling.type", ""))) not in ("", "none"):
            raise GgufError(f"scales its positions in the way {scaling[:80]!r}, which is not read")
        return GgufHeader(
            architecture,
            int(fields.get(f"{architecture}.context_length", 0)),
            str(fields.get("tokenizer.chat_template", "")),
            number_count,
        )

    def _weights(self, count: int, alignment: int) -> int:
        """Returns how many numbers there are, having seen that there is room for all of them in the file."""
        numbers = end = 0
        for _ in range(count):
            name = self._text()
            dimension_count = self._number("<I")
            if dimension_count > _MOST_DIMENSIONS:
                raise GgufError(f"is damaged: {name[:80]!r} has {dimension_count} dimensions")
            size = math.prod(self._number("<Q") for _ in range(dimension_count))
            kind, offset = self._number("<I"), self._number("<Q")
            if kind not in _STORAGE:
                raise GgufError(f"has numbers stored in the way {kind}, which is not read")
            in_block, block_bytes = _STORAGE[kind]
            numbers += size
            end = max(end, offset + size // in_block * block_bytes)
        start = -(-self._place // alignment) * alignment
        if start + end > len(self._content):
            missing = start + end - len(self._content)
            raise GgufError(f"is cut off: {missing:,} of its {start + end:,} bytes are missing")
        return numbers

    def _value(self, kind: int) -> _Scalar | None:
        """Reads a value; lists, such as those of all tokens, are passed over."""
        if kind == _TEXT:
            return self._text()
        if kind == _LIST:
            inner, count = self._number("<I"), self._number("<Q")
            if inner in _SCALARS:
                self._skip(count * struct.calcsize(_SCALARS[inner]))
            elif inner == _TEXT:
                for _ in range(count):
                    self._skip(self._number("<Q"))
            else:
                raise GgufError(f"is damaged: it has a list of the kind {inner}")
            return None
        if kind not in _SCALARS:
            raise GgufError(f"is damaged: it has a value of the kind {kind}")
        return self._scalar(_SCALARS[kind])

    def _text(self) -> str:
        size = self._number("<Q")
        start = self._place
        self._skip(size)
        return self._content[start : self._place].decode("utf-8")

    def _number(self, form: str) -> int:
        return int(self._scalar(form))

    def _scalar(self, form: str) -> int | float | bool:
        (value,) = struct.unpack_from(form, self._content, self._place)
        self._place += struct.calcsize(form)
        scalar: int | float | bool = value
        return scalar

    def _skip(self, size: int) -> None:
        self._place += size
        if self._place > len(self._content):
            raise GgufError("is damaged: its header breaks off")
