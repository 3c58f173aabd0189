"""Image outputs: JPEG where the input was one, otherwise PNG, named after the input."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.output_files import OutputFile

_JPEG_QUALITY: Final = 92
# JPEG has 16 bits for each side; Pillow's encoder stops a little before that.
_LONGEST_JPEG_SIDE: Final = 65_500
# Photographs hardly become smaller beyond this level, and take several times as long.
_PNG_COMPRESSION: Final = 3
_LONGEST_STEM: Final = 60


def write(call: Call, name: str, image: Image.Image, what: str, *, file_format: str | None = None) -> ipc.Plain:
    """Writes an image made from an image input and returns the value that stands for it.

    Args:
        call: The call.
        name: The image input.
        image: L, RGB or RGBA. A colour profile in its `info` goes with it.
        what: What was done, for the file name: `blurred` makes `<name of the input>-blurred.jpg`.
        file_format: Pillow's name of the input's format: a JPEG stays one, unless the result is transparent.

    Raises:
        RunCancelledError: Nobody waits for it any more.
    """
    call.raise_if_cancelled()
    profile = image.info.get("icc_profile")
    jpeg = file_format in ("JPEG", "MPO") and image.mode != "RGBA" and max(image.size) <= _LONGEST_JPEG_SIDE

    def save(file: OutputFile) -> None:
        if jpeg:
            image.save(file, "JPEG", quality=_JPEG_QUALITY, icc_profile=profile)  # type: ignore[arg-type]
        else:
            image.save(file, "PNG", compress_level=_PNG_COMPRESSION, icc_profile=profile)  # type: ignore[arg-type]

    media_type, ending = ("image/jpeg", "jpg") if jpeg else ("image/png", "png")
    return call.spool.save(save, media_type, f"{_stem(call, name)}-{what}.{ending}")


def _stem(call: Call, name: str) -> str:
    media = ipc.media_of(call.inputs.get(name))
    # Also the names that other systems send.
    stem = PurePath((media.file_name if media else "").replace("\\", "/")).stem
    return stem[:_LONGEST_STEM] or "picture"
