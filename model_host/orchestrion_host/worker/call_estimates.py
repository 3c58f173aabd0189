"""What memory a call is going to take, by the headers of its media and what its expert says that it does with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call

if TYPE_CHECKING:
    from orchestrion_host.worker.media.image.image_headers import ImageHeader

USUAL_WORK_BYTES: Final = 24
"""For each pixel, where an expert does not say: a copy on white, an array of bytes, one of floats, what is drawn over
it. Networks look at a reduced copy, and what they take is measured when they are loaded."""
_VIDEO: Final = "video"
"""What inputs are called that are videos."""


@runtime_checkable
class DeclaresWork(Protocol):
    """An expert that says what it takes for images."""

    def work_bytes(self, call: Call, pixel_count: int) -> int:
        """Returns what computing a call takes at its peak beside the decoded image.

        Args:
            call: The call; only its inputs other than media are looked at.
            pixel_count: The pixels of the image.
        """


def check_and_estimate(call: Call, expert: object, max_pixels: int, limit_bytes: int) -> int:
    """Returns what a call takes at its peak, in bytes: of its images together; sounds are read in short pieces.

    Args:
        call: The call.
        expert: What computes it.
        max_pixels: The most pixels of an image; what has more is refused when it is read.
        limit_bytes: What there is at all.

    Raises:
        InvalidArgumentError: It never fits.
    """
    needed = 0
    largest: tuple[int, str, ImageHeader] | None = None
    for name, path in _files(call):
        # Whoever gets no media needs no library for images.
        from orchestrion_host.worker.media.image import image_headers

        header = image_headers.read(path, max_pixels)
        if header is None:
            needed += _of_video(path, max_pixels) if name == _VIDEO else 0
            continue
        count = header.pixel_count
        work = expert.work_bytes(call, count) if isinstance(expert, DeclaresWork) else USUAL_WORK_BYTES * count
        own = max(header.decoding_bytes, header.decoded_bytes + work)
        needed += own
        largest = max(largest, (own, name, header), key=lambda item: item[0]) if largest else (own, name, header)
    if needed > limit_bytes:
        _, name, header = largest or (0, _VIDEO, None)
        size = f"has {header.width:,} x {header.height:,} pixels" if header else "has large pictures"
        problem = (
            f"{size}; this call takes some {needed / 1e6:,.0f} MB of memory with it, and calls here may take "
            f"{limit_bytes / 1e6:,.0f} MB (the host's setting call_memory_bytes). Send it smaller."
        )
        raise call.bad_input(name, problem, needed_bytes=needed, limit_bytes=limit_bytes)
    return needed


def _of_video(path: Path, max_pixels: int) -> int:
    # Workers without an expert for videos need no library for them.
    from orchestrion_host.worker.media.video import video_files

    return video_files.decoding_bytes(path, max_pixels)


def _files(call: Call) -> Iterator[tuple[str, Path]]:
    for name, value in call.inputs.items():
        for item in value if isinstance(value, list | tuple) else (value,):
            media = ipc.media_of(item)
            if media is not None:
                yield name, Path(media.path)
