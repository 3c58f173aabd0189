"""What a host and its workers say to each other: small dataclasses as msgpack frames over a socket.

A frame is the array `[number of the type, field, field, …]`. Values of tasks travel as msgpack's own kinds; structured
data and media, which have no kind there, travel as maps with the one key `json` or `media`. Media themselves stay in
files; a message carries their paths.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, TypeAlias

import msgpack

Plain: TypeAlias = Any
"""A value in the form that msgpack carries: str, float, bool, list, or a map with the key `json` or `media`."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """An image, sound, video or document in a file that both sides can read."""

    path: str
    media_type: str
    file_name: str = ""
    size_bytes: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """Host to worker: load an expert and warm it up."""

    expert_id: str
    runtime: str
    model: str
    folder: str
    sha256: Mapping[str, str]
    task_types: Sequence[str]
    options: Mapping[str, Any]
    device: str
    instances: int
    max_image_pixels: int
    max_audio_seconds: float
    max_video_seconds: float = 600.0
    parts: Mapping[str, str] = field(default_factory=dict)
    """The folders of further checkpoints that it is made of, by what they are to it."""
    trusted: Sequence[str] = ()
    """What the operator allows it: `pickled-weights`, `remote-code`."""


@dataclass(frozen=True, slots=True)
class Loaded:
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


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """Worker to host: an expert could not be loaded; nothing of it is left."""

    expert_id: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Unload:
    """Host to worker: let go of an expert, which computes nothing any more."""

    expert_id: str


@dataclass(frozen=True, slots=True)
class Unloaded:
    """Worker to host: an expert is gone and its memory given back."""

    expert_id: str


@dataclass(frozen=True, slots=True)
class Compute:
    """Host to worker: run one batch of calls of one task type; `inputs` holds one map of values for each call."""

    batch_id: int
    expert_id: str
    task_type: str
    call_ids: Sequence[int]
    inputs: Sequence[Mapping[str, Plain]]


@dataclass(frozen=True, slots=True)
class Computed:
    """Worker to host: a batch is done; for each call its outputs, or a `Failure` as a list."""

    batch_id: int
    compute_ms: float
    results: Sequence[Plain]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Host to worker: nobody waits for this call any more."""

    call_id: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Worker to host: how far a call is, 0 to 1, or None when not known."""

    call_id: int
    fraction: float | None
    message: str


@dataclass(frozen=True, slots=True)
class TextPiece:
    """Worker to host: a piece of a text output of a call, in order."""

    call_id: int
    output: str
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Worker to host: a first look at an output of a call, at most 64 KiB."""

    call_id: int
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """Host to worker: answer, if you still live."""

    number: int


@dataclass(frozen=True, slots=True)
class Pong:
    """Worker to host: the answer to the ping of this number."""

    number: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one call of a batch failed: the fields of an `OrchestrionError`. Part of `Computed`, not a frame."""

    reason: str
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    retry_after_ms: int | None = None


ToWorker: TypeAlias = Load | Unload | Compute | Cancel | Ping
FromWorker: TypeAlias = Loaded | LoadFailed | Unloaded | Computed | Progress | TextPiece | Preview | Pong

_TYPES: Final[tuple[type, ...]] = (
    Load,
    Loaded,
    LoadFailed,
    Unload,
    Unloaded,
    Compute,
    Computed,
    Cancel,
    Progress,
    TextPiece,
    Preview,
    Ping,
    Pong,
)


def _reader_of_fields(message_type: type) -> Callable[[Any], tuple[Any, ...]]:
    names = [item.name for item in dataclasses.fields(message_type)]
    get = attrgetter(*names)
    return (lambda message: (get(message),)) if len(names) == 1 else get


_NUMBERS: Final = {message_type: number for number, message_type in enumerate(_TYPES)}
_FIELDS: Final = {message_type: _reader_of_fields(message_type) for message_type in _TYPES}


def pack(message: ToWorker | FromWorker) -> bytes:
    """Writes one message as a frame.

    Raises:
        TypeError, ValueError: It holds what msgpack cannot carry.
    """
    kind = type(message)
    frame: bytes = msgpack.packb((_NUMBERS[kind], *_FIELDS[kind](message)))
    return frame


class Unpacker:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        """Starts with nothing read."""
        # The largest frame is one batch of texts; the limit only has to stop a stream that went wrong.
        self._unpacker = msgpack.Unpacker(max_buffer_size=1 << 30, strict_map_key=False)

    def feed(self, data: bytes) -> Iterator[Any]:
        """Takes in what arrived and yields every message that is complete."""
        self._unpacker.feed(data)
        for number, *fields in self._unpacker:
            yield _TYPES[number](*fields)


def plain_media(media: MediaFile) -> Plain:
    """Puts a media file into the form that frames carry."""
    return {"media": (media.path, media.media_type, media.file_name, media.size_bytes, media.sha256)}


def media_of(value: Plain) -> MediaFile | None:
    """Reads a media file back; None where the value is something else."""
    if isinstance(value, dict) and "media" in value:
        return MediaFile(*value["media"])
    return None


def plain_failure(failure: Failure) -> Plain:
    """Puts a failure into the form that `Computed.results` carries, which no outputs have."""
    return (failure.reason, failure.message, dict(failure.metadata), failure.retry_after_ms)


def failure_of(result: Plain) -> Failure | None:
    """Reads a failure back; None where the result is outputs."""
    return Failure(*result) if isinstance(result, list | tuple) else None
