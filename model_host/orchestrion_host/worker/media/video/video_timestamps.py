"""Timestamps of the frames of a video: read from its packets, since headers may be wrong or empty; and seeking."""

from __future__ import annotations

import bisect
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import av

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import VideoFrame, VideoStream

if TYPE_CHECKING:
    from av.container import InputContainer

# For containers that tell neither times nor a rate.
_USUAL_RATE: Final = 25.0
# Ends are told roughly; what is missing beyond this is a file that was cut off.
_TOLERANCE: Final = 0.1
_TOLERANCE_SECONDS: Final = 0.5
# Formats in which a jump to an image that needs no other lands on it.
_SEEKABLE: Final = ("mov", "matroska")


@dataclass(frozen=True, slots=True)
class Times:
    """The times of a video stream, in seconds."""

    start_s: float
    """When the first image is shown, on the clock of the file."""
    seconds: float
    """How long all of them last."""
    frames_per_second: float
    """How many there are a second, on average."""
    whole: Sequence[float]
    """The times of the images that need no other to be decoded, in order; empty where jumping there is not safe."""


def of(call: Call, name: str, container: InputContainer, stream: VideoStream, max_seconds: float) -> Times:
    """Reads the packets of a file, without decoding them.

    Args:
        call: The call that brings the video.
        name: The name of the input.
        container: The file, as PyAV opened it; it is at its beginning again afterwards.
        stream: The images in it.
        max_seconds: The longest video that is taken.

    Raises:
        InvalidArgumentError: It is too long, cut off, or without images.
        RunCancelledError: Nobody waits for it any more.
    """
    count, start, end, furthest = 0, float("inf"), 0.0, 0.0
    whole: list[float] = []
    rate = float(stream.average_rate or stream.guessed_rate or _USUAL_RATE)
    for packet in container.demux():
        call.raise_if_cancelled()
        # The last packet of each stream is empty and stands for its end.
        if not packet.size:
            continue
        ticks = packet.pts if packet.pts is not None else packet.dts
        if packet.stream is not stream:
            if ticks is not None:
                furthest = max(furthest, float((ticks + (packet.duration or 0)) * packet.time_base))
            continue
        time = count / rate if ticks is None else float(ticks * packet.time_base)
        count += 1
        start = min(start, time)
        end = max(end, time + (float(packet.duration * packet.time_base) if packet.duration else 1 / rate))
        if packet.is_keyframe:
            whole.append(time)
        _check_length(call, name, end - start, max_seconds)
    if not count:
        raise call.bad_input(name, "has no pictures: the file is damaged or cut off. Send the whole file again.")
    _check_end(call, name, container, stream, (start, end, max(end, furthest)))
    container.seek(0)
    seekable = any(form in container.format.name for form in _SEEKABLE)
    return Times(start, end - start, count / (end - start), sorted(whole) if seekable else ())


def frames_at(
    call: Call, container: InputContainer, stream: VideoStream, times: Times, wanted: Sequence[float]
) -> Iterator[VideoFrame]:
    """Decodes a video, image by image, and jumps where none is wanted for long.

    Args:
        call: The call that brings it.
        container: The file, at its beginning.
        stream: The images in it.
        times: Its times.
        wanted: Times in ascending order, in seconds on the clock of the file.

    Yields:
        For each time the image that is shown then, as PyAV has it; nothing where none can be decoded.

    Raises:
        RunCancelledError: Nobody waits for it any more.
    """
    shown: VideoFrame | None = None
    place = 0
    sought = float("-inf")
    while place < len(wanted):
        # Each jump goes further than the one before, so this ends.
        target = _whole_before(times.whole, wanted[place])
        if target > sought and target > times.start_s:
            sought = target
            # A file that cannot be jumped in is decoded on and on.
            with contextlib.suppress(av.error.FFmpegError):
                container.seek(int(target / stream.time_base), stream=stream)
        jumped = False
        for frame, time in _decoded(call, container, stream, times):
            while place < len(wanted) and shown is not None and time > wanted[place]:
                yield shown
                place += 1
            shown = frame
            if place == len(wanted):
                return
            following = _whole_before(times.whole, wanted[place])
            if following > max(time, sought):
                jumped = True
                break
        if not jumped:
            break
    for _ in wanted[place:]:
        if shown is not None:
            yield shown


def _decoded(
    call: Call, container: InputContainer, stream: VideoStream, times: Times
) -> Iterator[tuple[VideoFrame, float]]:
    time = times.start_s - 1 / times.frames_per_second
    frame: VideoFrame
    for frame in container.decode(stream):
        call.raise_if_cancelled()
        time = time + 1 / times.frames_per_second if frame.pts is None else float(frame.pts * frame.time_base)
        yield frame, time


def _whole_before(whole: Sequence[float], time: float) -> float:
    index = bisect.bisect_right(whole, time)
    return whole[index - 1] if index else float("-inf")


def _check_length(call: Call, name: str, seconds: float, max_seconds: float) -> None:
    if seconds > max_seconds:
        raise call.bad_input(
            name,
            f"lasts {seconds:,.0f} seconds or more; this host takes at most {max_seconds:,.0f} "
            "(its setting max_video_seconds).",
            seconds=round(seconds),
            limit_seconds=round(max_seconds),
        )


def _check_end(
    call: Call, name: str, container: InputContainer, stream: VideoStream, times: tuple[float, float, float]
) -> None:
    """Compares where the packets end with what the file says of the images, else of all of its streams."""
    start, end, furthest = times
    declared, length = 0.0, end - start
    if stream.duration is not None:
        declared = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        declared, length = container.duration / 1e6, furthest - start
    if length < declared - _TOLERANCE * declared - _TOLERANCE_SECONDS:
        raise call.bad_input(
            name, "cannot be read as a video to its end: the file is damaged or cut off. Send the whole file again."
        )
