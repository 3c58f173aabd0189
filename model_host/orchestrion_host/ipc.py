"""What a host and its workers say to each other: small messages as msgpack frames over a socket.

A frame is its length, 4 bytes with the highest first, and the array `[number of the type, field, field, …]`. Values of
tasks travel as msgpack's own kinds; structured data, media and tensors, which have no kind there, travel as maps with
the one key `json`, `media` or `tensor`. Media themselves stay in files; a message carries their paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import JsonObject
from orchestrion_host.tensor_signatures import TensorSignature
from orchestrion_host.tensors import Tensor

Plain: TypeAlias = Any  # What a model gives is checked against its task type later, by the host.
"""A value as msgpack carries it: str, float, bool, list, or a map with the key `json`, `media` or `tensor`."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """An image, sound, video or document in a file that both sides can read."""

    path: str
    media_type: str
    file_name: str = ""
    size_bytes: int = 0
    sha256: str = ""


class Load(msgspec.Struct, frozen=True, array_like=True, tag=0):
    """Host to worker: load an expert and warm it up."""

    expert_id: str
    runtime: str
    model: str
    folder: str
    sha256: Mapping[str, str]
    task_types: Sequence[str]
    options: JsonObject
    device: str
    instances: int
    max_image_pixels: int
    max_audio_seconds: float
    max_video_seconds: float = 600.0
    parts: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The folders of further checkpoints that it is made of, by what they are to it."""
    trusted: Sequence[str] = ()
    """What the operator allows it: `pickled-weights`, `remote-code`."""
    gguf: str = ""
    """The file in the folder that has weights, tokenizer and configuration, where they are in the format GGUF."""

    def refused(self, problem: str) -> OrchestrionError:
        """Builds the error that says why the expert cannot be loaded."""
        return Reason.EXPERT_LOAD_FAILED.error(f"{self.expert_id}: {problem}", expert=self.expert_id)


class Loaded(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """Worker to host: an expert answers from now on, and takes this much of its device."""

    expert_id: str
    memory_bytes: int
    """What it takes: what it keeps, and what its warm-up took beyond that at its peak."""
    spare_bytes: int = 0
    """The second of the two."""
    exact: bool = True
    """Whether no other expert computed meanwhile, whose memory may have been counted."""
    worker_bytes: int = 0
    """What the worker takes of main memory by itself: the interpreter and the libraries."""
    signature: TensorSignature | None = None
    """The tensors that it takes and returns; None for an expert that takes values."""


class LoadFailed(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """Worker to host: an expert could not be loaded; nothing of it is left."""

    expert_id: str
    reason: str
    message: str


class Unload(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """Host to worker: let go of an expert, which computes nothing any more."""

    expert_id: str


class Unloaded(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """Worker to host: an expert is gone and its memory given back."""

    expert_id: str


class Compute(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """Host to worker: run one batch of calls of one task type; `inputs` holds one map of values for each call."""

    batch_id: int
    expert_id: str
    task_type: str
    call_ids: Sequence[int]
    inputs: Sequence[Mapping[str, Plain]]


class Computed(msgspec.Struct, frozen=True, array_like=True, tag=6):
    """Worker to host: a batch is done; for each call its outputs, or a `Failure` as a list."""

    batch_id: int
    compute_ms: float
    results: Sequence[Plain]
    generated_token_count: int = 0
    """How many tokens its calls generated together."""


class Cancel(msgspec.Struct, frozen=True, array_like=True, tag=7):
    """Host to worker: nobody waits for this call any more."""

    call_id: int


class CallProgress(msgspec.Struct, frozen=True, array_like=True, tag=8):
    """Worker to host: how far a call is, 0 to 1, or None when not known."""

    call_id: int
    fraction: float | None
    message: str


class TextPiece(msgspec.Struct, frozen=True, array_like=True, tag=9):
    """Worker to host: a piece of a text output of a call, in order."""

    call_id: int
    output: str
    text: str


class Preview(msgspec.Struct, frozen=True, array_like=True, tag=10):
    """Worker to host: a first look at an output of a call, at most 64 KiB."""

    call_id: int
    media_type: str
    content: bytes


class Ping(msgspec.Struct, frozen=True, array_like=True, tag=11):
    """Host to worker: answer, if you still live."""

    number: int


class Pong(msgspec.Struct, frozen=True, array_like=True, tag=12):
    """Worker to host: the answer to the ping of this number."""

    number: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one call of a batch failed: the fields of an `OrchestrionError`. Part of `Computed`, not a frame."""

    reason: str
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    retry_after_ms: int | None = None


def _plain_kind(value: object) -> float | str:
    """Takes the numbers and texts of NumPy that are Python's own as well."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"a message cannot carry {type(value).__name__}")


ToWorker: TypeAlias = Load | Unload | Compute | Cancel | Ping
FromWorker: TypeAlias = Loaded | LoadFailed | Unloaded | Computed | CallProgress | TextPiece | Preview | Pong

MessageT = TypeVar("MessageT")

_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=_plain_kind)
TO_WORKER: Final[msgspec.msgpack.Decoder[ToWorker]] = msgspec.msgpack.Decoder(ToWorker)
"""Reads what the host writes."""
FROM_WORKER: Final[msgspec.msgpack.Decoder[FromWorker]] = msgspec.msgpack.Decoder(FromWorker)
"""Reads what a worker writes."""
_LENGTH_BYTES: Final = 4
# A little less than `orchestrion._net.transport.MAX_MESSAGE_BYTES`; workers do not import what that needs.
MAX_RESULT_BYTES: Final = (8 << 20) - (64 << 10)
"""The most bytes of texts and data that a call may end with: they go to the caller in one message."""
MAX_TENSORS_BYTES: Final = 1000 << 20
"""The most bytes of tensors that the calls of a batch may end with together: they are in one frame."""
# The largest frame is one batch of texts or tensors; the limit only has to stop a stream that went wrong.
_LARGEST_BYTES: Final = 1 << 30


def pack(message: ToWorker | FromWorker) -> bytes:
    """Writes one message as a frame.

    Raises:
        TypeError, ValueError, OverflowError: It holds what a frame cannot carry.
    """
    try:
        content = _ENCODER.encode(message)
    except RecursionError as error:
        raise ValueError(f"its data is nested too deep: {error}") from error
    if len(content) > _LARGEST_BYTES:
        raise ValueError(f"it takes {len(content)} bytes, more than a frame can have")
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content


def size_of(result: Plain) -> int:
    """Returns how many bytes a result takes in a frame.

    Raises:
        TypeError, ValueError, OverflowError: It holds what a frame cannot carry.
    """
    try:
        return len(_ENCODER.encode(result))
    except RecursionError as error:
        raise ValueError(f"its data is nested too deep: {error}") from error


class Unpacker(Generic[MessageT]):
    """Cuts a stream of bytes into messages."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[MessageT]) -> None:
        """Starts with nothing read; the decoder is `TO_WORKER` or `FROM_WORKER`."""
        self._decoder = decoder
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[MessageT]:
        """Takes in what arrived and yields every message that is complete.

        Raises:
            ValueError: The stream holds what is no message of this direction.
        """
        whole: bytes | bytearray = data
        if self._buffer:
            self._buffer += data
            whole = self._buffer
        start = 0
        with memoryview(whole) as view:
            while (content := start + _LENGTH_BYTES) <= len(view):
                size = int.from_bytes(view[start:content], "big")
                if size > _LARGEST_BYTES:
                    raise ValueError(f"a frame of {size} bytes")
                if content + size > len(view):
                    break
                start = content + size
                yield self._decoder.decode(view[content:start])
        if whole is data:
            self._buffer += data[start:]
        else:
            del self._buffer[:start]


def plain_media(media: MediaFile) -> Plain:
    """Puts a media file into the form that frames carry."""
    return {"media": (media.path, media.media_type, media.file_name, media.size_bytes, media.sha256)}


def media_of(value: Plain) -> MediaFile | None:
    """Reads a media file back; None where the value is something else."""
    if isinstance(value, dict) and "media" in value:
        return MediaFile(*value["media"])
    return None


def plain_tensor(tensor: Tensor) -> Plain:
    """Puts a tensor into the form that frames carry."""
    return {"tensor": (tensor.datatype, tensor.shape, tensor.content)}


def tensor_of(value: Plain) -> Tensor | None:
    """Reads a tensor back; None where the value is something else."""
    if isinstance(value, dict) and "tensor" in value:
        datatype, shape, content = value["tensor"]
        return Tensor(datatype, tuple(shape), content)
    return None


def plain_failure(failure: Failure) -> Plain:
    """Puts a failure into the form that `Computed.results` carries, which no outputs have."""
    return (failure.reason, failure.message, dict(failure.metadata), failure.retry_after_ms)


def failure_of(result: Plain) -> Failure | None:
    """Reads a failure back; None where the result is outputs."""
    return Failure(*result) if isinstance(result, list | tuple) else None
