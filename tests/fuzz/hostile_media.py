"""Files that are made to harm who decodes them: bombs, what is cut off, what is two things at once, extreme shapes."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
import soundfile
from PIL import Image

_BLOCK = bytes(1 << 20)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, channels: int = 3, *, whole: bool = True) -> bytes:
    """A black PNG, a thousandth of its pixels in size; without its pixels where it is not whole."""
    kind = {1: 0, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    content = b""
    if whole:
        size = height * (1 + width * channels)
        packer = zlib.compressobj(9)
        content = b"".join(packer.compress(_BLOCK) for _ in range(size >> 20))
        content += packer.compress(bytes(size & 0xFFFFF)) + packer.flush()
    parts = ((b"IHDR", header), (b"IDAT", content), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """An image as Pillow writes it."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def small(mode: str = "RGB") -> Image.Image:
    """An image that nothing is wrong with."""
    return Image.effect_mandelbrot((96, 64), (-2, -1, 1, 1), 20).convert(mode)


def jpeg_that_says(width: int, height: int) -> bytes:
    """A JPEG with the pixels of a small one, and another size in its header."""
    content = bytearray(saved(small(), "JPEG"))
    place = content.index(b"\xff\xc0") + 5
    content[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def gif_whose_frame_grows(width: int, height: int) -> bytes:
    """A GIF of few pixels whose second frame says that it is this large."""
    frames = [small("P"), small("P").transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    content = bytearray(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    place = content.rindex(b"\x2c\x00\x00\x00\x00") + 5
    content[place : place + 4] = struct.pack("<HH", width, height)
    return bytes(content)


def tiff_of(pages: int) -> bytes:
    """A TIFF with so many pages of one pixel, all of which share it."""
    entries = [(256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 1), (279, 1)]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", tag, 4, 1, n) for tag, n in entries)
    size, start = len(directory) + 4, 16
    content = bytearray(struct.pack("<2sHII", b"II", 42, start, 0).ljust(start, b"\0"))
    for number in range(pages):
        content += directory + struct.pack("<I", start + (number + 1) * size if number + 1 < pages else 0)
    return bytes(content)


def tiff_with_a_strip(width: int, height: int) -> bytes:
    """A TIFF that is packed in one strip of this many bytes of zeros."""
    return saved(Image.new("RGB", (width, height)), "TIFF", compression="tiff_deflate")


def flac(seconds: float, rate: int = 16_000) -> bytes:
    """Silence, in a few bytes a second."""
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", rate, 1, format="FLAC", subtype="PCM_16") as sound:
        block = np.zeros(rate * 60, np.int16)
        for _ in range(round(seconds / 60)):
            sound.write(block)
    return file.getvalue()


def wav_that_says(*, rate: int = 16_000, channels: int = 1, size: int = 32_000, samples: int = 32_000) -> bytes:
    """A WAV file with a header of one's own."""
    form = struct.pack("<HHIIHH", 1, channels, rate, (rate * channels * 2) & 0xFFFFFFFF, channels * 2 & 0xFFFF, 16)
    head = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVE" + b"fmt " + struct.pack("<I", 16) + form
    return head + b"data" + struct.pack("<I", size) + bytes(samples)


def video_of(image: bytes, path: Path, width: int, height: int) -> Path:
    """A video in QuickTime whose only image is a PNG file of one's own."""
    with av.open(str(path), "w", format="mov") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, "rgb24"
        packet = av.Packet(image)
        packet.stream, packet.pts, packet.dts, packet.time_base = stream, 0, 0, Fraction(1, 1)
        packet.is_keyframe = True
        container.mux(packet)
    return path


PICTURES: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "a bomb": (lambda: png(12_000, 12_000, 1), r"12,000 x 12,000 .* max_image_pixels"),
    "3.6 billion pixels": (lambda: png(60_000, 60_000, 1, whole=False), r"60,000 x 60,000 .* max_image_pixels"),
    "one row of 99 million pixels": (lambda: png(99_999_999, 1, 1), r"99,999,999 x 1 .* 65,535"),
    "one column of 100,000 pixels": (lambda: png(1, 100_000), r"1 x 100,000 .* 65,535"),
    "sides of 2^31": (lambda: png(2**31 - 1, 2**31 - 1, whole=False), "max_image_pixels"),
    "no width": (lambda: png(0, 100), "picture"),
    "a JPEG that says 65,500 x 65,500": (lambda: jpeg_that_says(65_500, 65_500), r"65,500 x 65,500"),
    "a frame that grows": (lambda: gif_whose_frame_grows(65_000, 65_000), ""),
    "3,000 pages": (lambda: tiff_of(3_000), "2,000 pages"),
    "a picture that is cut off": (lambda: saved(small(), "PNG")[:-40], "cannot be read as a picture"),
    "half a JPEG": (lambda: saved(small(), "JPEG")[:900], "cannot be read as a picture"),
    "PostScript": (lambda: saved(small(), "EPS"), "not a picture in a format"),
    "an icon": (lambda: saved(small().resize((32, 32)), "ICO"), "not a picture in a format"),
    "a PDF": (lambda: saved(small(), "PDF"), "PDF"),
    "SVG": (lambda: b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    "a page": (lambda: b"<!doctype html><title>x</title>", "not a picture in a format"),
    "zeros": (lambda: bytes(5_000), "not a picture in a format"),
    "one byte": (lambda: b"\xff", "not a picture in a format"),
    "a sound": (wav_that_says, "not a picture in a format"),
    "a signature alone": (lambda: b"\x89PNG\r\n\x1a\n", "picture"),
}
"""What is refused, and what the error says; an expert that looks at the first frame alone may take a GIF."""

SOUNDS: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "three hours of silence": (lambda: flac(3 * 3600), "max_audio_seconds"),
    "a rate of 4 GHz": (lambda: wav_that_says(rate=4_000_000_000), "rate|sound"),
    "1,000 channels": (lambda: wav_that_says(channels=1_000), "channels|sound"),
    "no channel": (lambda: wav_that_says(channels=0), "sound"),
    "no samples": (lambda: wav_that_says(size=0, samples=0), "no samples"),
    "a header that promises more": (lambda: wav_that_says(size=1 << 30), "cut off"),
    "half a FLAC": (lambda: flac(60)[:2_000], "cut off|sound"),
    "a picture": (lambda: saved(small(), "PNG"), "not a sound"),
    "a playlist": (lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "not a sound"),
    "zeros": (lambda: bytes(5_000), "not a sound"),
}
"""What is refused, and what the error says."""

PLAYLISTS: Final[dict[str, bytes]] = {
    "HLS": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n%s\n#EXT-X-ENDLIST\n",
    "concat": b"ffconcat version 1.0\nfile '%s'\nduration 1\n",
    "DASH": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>%s</BaseURL></MPD>',
    "SDP": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=%s\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    "an image sequence": b"%s\n",
}
"""Texts that have FFmpeg open other files or addresses: %s stands for one."""
