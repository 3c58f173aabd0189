"""Videos: read as a few images spread over their length, and written as H.264 in MP4; by PyAV, with FFmpeg inside."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import av
import numpy as np
import numpy.typing as npt
from av.stream import Disposition
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import VideoFrame, VideoStream
from orchestrion_host.worker.media.video import video_timestamps

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.video.codeccontext import VideoCodecContext

Frame: TypeAlias = npt.NDArray[np.uint8]
"""An image of a video: red, green and blue from 0 to 255, of shape (height, width, 3)."""

READABLE: Final = "MP4, MOV, WebM, MKV, AVI, MPEG, OGV or GIF"
"""The formats that an error names as the cure."""

# FFmpeg's names of the containers that hold all of their content themselves: lists that make it open further files or
# addresses (HLS, DASH, concat) are not among them.
_CONTAINERS: Final = "mov,matroska,avi,mpeg,mpegts,ogg,gif"
# About the quality at which a difference begins to be seen.
_QUALITY: Final = "18"
_BT709_MATRIX: Final = 1
_CHECKED_FRAMES: Final = 16
_COUNTED_EDGES: Final = 128 * 2 * 65_536
_DECODER_BYTES: Final = 32
"""For each pixel of an image: those that others are made from, at most 16, and the one in colours."""


@dataclass(frozen=True, slots=True)
class Video:
    """What was read of a video."""

    frames: list[Frame]
    """The images, in order and upright; all of one size."""
    frames_per_second: float
    """How fast the whole video goes; more images than `frames` has."""
    seconds: float
    """How long the whole video is."""


def read(
    call: Call, name: str, max_seconds: float, max_pixels: int, count: int, *, shortest_side: int | None = None
) -> Video:
    """Reads a video input: the image in the middle of each of `count` equally long parts.

    A video that has fewer images gives some of them several times, as one and the same array.

    Args:
        call: The call that brings it.
        name: The name of the input.
        max_seconds: The longest video that is decoded.
        max_pixels: The most pixels of an image.
        count: How many images are wanted.
        shortest_side: A size in pixels that suffices; larger images are made as small as that.

    Raises:
        InvalidArgumentError: It is no video, a broken one, too long, or has too many pixels.
        RunCancelledError: Nobody waits for it any more.
    """
    with _opened(call, name, max_pixels) as (container, stream):
        _check_size(call, name, stream.codec_context, max_pixels)
        times = video_timestamps.of(call, name, container, stream, max_seconds)
        wanted = [times.start_s + (place + 0.5) * times.seconds / count for place in range(count)]
        frames: list[Frame] = []
        last: VideoFrame | None = None
        for frame in video_timestamps.frames_at(call, container, stream, times, wanted):
            # The same image may be wanted several times.
            if frame is not last:
                _check_size(call, name, frame, max_pixels)
                last, converted = frame, _upright(frame, shortest_side)
            frames.append(converted)
        if not frames or any(frame.shape != frames[0].shape for frame in frames):
            raise _damaged(call, name)
        return Video(frames, times.frames_per_second, times.seconds)


def write(call: Call, stem: str, frames: Iterable[Frame], frames_per_second: float) -> ipc.Plain:
    """Writes a video as H.264 in MP4, which every browser and player shows, and returns the value that stands for it.

    Args:
        call: The call; it is asked before each image whether to go on.
        stem: The file name without its ending.
        frames: The images, all of the size of the first; they may be made while they are written. Where a side is
            odd, which the format cannot have, the last row or column comes twice.
        frames_per_second: How fast they follow each other.

    Raises:
        RunCancelledError: Nobody waits for it any more; no file is left.
        ValueError: There are no images, or of several sizes.
    """

    def fill(path: Path) -> None:
        # The index goes to the front, so that players begin before they have everything.
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            _encode(call, container, _watched(call, path, frames), Fraction(frames_per_second).limit_denominator(1001))

    return call.spool.fill(fill, "video/mp4", f"{stem}.mp4")


def _watched(call: Call, path: Path, frames: Iterable[Frame]) -> Iterator[Frame]:
    """Sees between frames that the file does not become too large."""
    for number, frame in enumerate(frames):
        if number % _CHECKED_FRAMES == 0:
            call.spool.check_file(path)
        yield frame


def decoding_bytes(path: Path, max_pixels: int) -> int:
    """Returns what decoding a video takes at the most, by its header; 0 of what is refused, or no video."""
    try:
        with av.open(str(path), options=_options(max_pixels)) as container:
            sizes = [stream.width * stream.height for stream in container.streams.video[:1]]
            return _DECODER_BYTES * max((size for size in sizes if size <= max_pixels), default=0)
    except (av.error.FFmpegError, OSError, ValueError):
        return 0


def _options(max_pixels: int) -> dict[str, str]:
    # Decoders look at images while the file is opened: larger ones are refused before they have memory.
    return {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file", **_decoder_options(max_pixels)}


def _decoder_options(max_pixels: int) -> dict[str, str]:
    # FFmpeg counts 128 pixels more a side; exactly to the pixel it is looked at afterwards.
    return {"max_pixels": str(max_pixels + _COUNTED_EDGES)}


@contextlib.contextmanager
def _opened(call: Call, name: str, max_pixels: int) -> Iterator[tuple[InputContainer, VideoStream]]:
    path = call.file(name)
    try:
        container = av.open(str(path), options=_options(max_pixels))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        # FFmpeg cannot tell a video that lacks its end, where many have their index, from what is none.
        problem = f"cannot be read as a video: it is none ({READABLE}), or the file is damaged or cut off."
        raise call.bad_input(name, problem) from error
    with container:
        # The image on the cover of a recording is no video.
        streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
        if not streams:
            raise call.bad_input(name, "has no moving pictures.")
        # The container's options are not for the decoder that is opened later; some images have a header of their own.
        streams[0].codec_context.options = _decoder_options(max_pixels)
        try:
            yield container, streams[0]
        except av.error.FFmpegError as error:
            if isinstance(error, av.error.ArgumentError):
                limit = f"this host takes at most {max_pixels:,} pixels (its setting max_image_pixels)"
                problem = f"cannot be read as a video: its pictures are damaged or too large; {limit}."
                raise call.bad_input(name, problem, limit_pixel_count=max_pixels) from error
            raise _damaged(call, name) from error


def _check_size(call: Call, name: str, images: VideoFrame | VideoCodecContext, max_pixels: int) -> None:
    width, height = int(images.width), int(images.height)
    if width * height > max_pixels:
        raise call.bad_input(
            name,
            f"has pictures of {width} x {height} = {width * height:,} pixels; this host takes at most {max_pixels:,} "
            "(its setting max_image_pixels).",
            pixel_count=width * height,
            limit_pixel_count=max_pixels,
        )


def _upright(frame: VideoFrame, shortest_side: int | None) -> Frame:
    """Turns a decoded image into red, green and blue, smaller where that suffices, and as it was held."""
    factor = min(1.0, (shortest_side or 1 << 20) / min(frame.width, frame.height))
    width, height = (max(1, round(side * factor)) for side in (frame.width, frame.height))
    pixels: Frame = frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))


def _encode(call: Call, container: OutputContainer, frames: Iterable[Frame], rate: Fraction) -> None:
    stream: VideoStream | None = None
    shape: tuple[int, ...] = ()
    for frame in frames:
        call.raise_if_cancelled()
        if stream is None:
            shape = frame.shape
            stream = _stream(container, shape, rate)
        if frame.shape != shape:
            raise ValueError(f"A video of pictures of shape {shape} has one of {frame.shape}.")
        even = np.pad(frame, ((0, shape[0] % 2), (0, shape[1] % 2), (0, 0)), mode="edge")
        image = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
        container.mux(stream.encode(image.reformat(format="yuv420p", dst_colorspace="ITU709")))
    if stream is None:
        raise ValueError("A video has at least one picture.")
    container.mux(stream.encode(None))


def _stream(container: OutputContainer, shape: tuple[int, ...], rate: Fraction) -> VideoStream:
    stream = container.add_stream("libx264", rate=rate, options={"crf": _QUALITY, "preset": "medium"})
    stream.width, stream.height = shape[1] + shape[1] % 2, shape[0] + shape[0] % 2
    stream.pix_fmt = "yuv420p"
    # Said in the file, since players guess otherwise, and by the size.
    stream.codec_context.colorspace = _BT709_MATRIX
    stream.codec_context.color_range = ColorRange.MPEG
    stream.codec_context.color_primaries = ColorPrimaries.BT709
    stream.codec_context.color_trc = ColorTrc.BT709
    return stream


def _damaged(call: Call, name: str) -> Exception:
    return call.bad_input(name, "cannot be read as a video: the file is damaged or cut off. Send the whole file again.")
