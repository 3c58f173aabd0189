"""Pictures and sounds that are values of a program, as PNG and WAV and back, without a library for either.

NumPy arrays are read by the buffer protocol and PIL images by their own methods: neither package is imported here,
unless a caller asks for one of its values.
"""

from __future__ import annotations

import array
import importlib
import io
import math
import operator
import struct
import sys
import wave
import zlib
from collections.abc import Sequence
from types import ModuleType
from typing import Final, TypeGuard

from orchestrion.content import PilImage, PillowImage, Samples, Sound
from orchestrion.errors import OrchestrionError, Reason

_PNG_KINDS: Final = {1: 0, 3: 2, 4: 6}  # Channels to PNG's colour types: grey, RGB, RGBA.
_ORIENTATION: Final = 0x0112
_FULL_SCALE: Final = 32767
_SAMPLES: Final = frozenset("hefd")  # int16 and floats of three sizes, as `struct` calls them.
_MAX_CHANNELS: Final = 32
_MAX_RATE: Final = 1_000_000


def is_image(value: object) -> TypeGuard[PilImage]:
    """Whether a value is a PIL image."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def png_of_image(image: PilImage, field: str) -> bytes:
    """Writes a PIL image as PNG, with its orientation.

    Raises:
        InvalidArgumentError: PNG has no such mode.
    """
    target = io.BytesIO()
    turned = {"exif": exif} if _ORIENTATION in (exif := image.getexif()) else {}
    try:
        image.save(target, "PNG", compress_level=1, **turned)
    except OSError as error:
        text = f"{field}: PNG takes no PIL image of mode {image.mode}; convert it first, with .convert('RGB')."
        raise Reason.INVALID_FIELD.error(text, field=field) from error
    return target.getvalue()


def png_of_array(view: memoryview, field: str) -> bytes:
    """Writes an array of uint8 as PNG: (height, width) is grey, (height, width, 3) RGB, (height, width, 4) RGBA.

    Raises:
        InvalidArgumentError: It has another type or shape.
    """
    height, width, channels = (*(view.shape or ()), 1)[:3] if view.ndim in {2, 3} else (0, 0, 0)
    if view.format != "B" or channels not in _PNG_KINDS or not (height and width):
        raise _no_array("a picture is an array of uint8, (height, width) or (height, width, 3 or 4)", view, field)
    content, row_bytes = view.tobytes(), width * channels
    # Each row says how it is filtered: 0, not at all. The rest is left to zlib, at its fastest.
    rows = b"".join(b"\0" + content[start : start + row_bytes] for start in range(0, len(content), row_bytes))
    header = struct.pack(">IIBBBBB", width, height, 8, _PNG_KINDS[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def wav_of_sound(sound: Sound, field: str) -> bytes:
    """Writes a sound as WAV of 16 bits.

    Raises:
        InvalidArgumentError: The samples are of another type or shape, or the rate is none.
    """
    try:
        rate = operator.index(sound.sample_rate)  # NumPy's whole numbers are no `int`.
    except TypeError:
        rate = 0
    if not 0 < rate <= _MAX_RATE:
        text = f"{field}: {sound.sample_rate!r} is no sample rate; give whole Hz, such as 16000."
        raise Reason.INVALID_FIELD.error(text, field=field)
    samples = sound.samples
    if isinstance(samples, Sequence) and not isinstance(samples, str | bytes | array.array | memoryview):
        samples = _floats(samples, field)
    try:
        view = memoryview(samples)
    except TypeError as error:
        text = f"{field}: {type(samples).__name__} is no array of samples; give a NumPy array or a list of floats."
        raise Reason.INVALID_FIELD.error(text, field=field) from error
    shape = view.shape or ()
    if view.format not in _SAMPLES or view.ndim not in (1, 2) or not all(shape) or (*shape, 1)[1] > _MAX_CHANNELS:
        raise _no_array("samples are int16 or floats from -1 to 1, (n,) or (n, up to 32 channels)", view, field)
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(shape[1] if view.ndim == 2 else 1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(view.tobytes() if view.format == "h" else _pcm(samples, view, field))
    return target.getvalue()


def image_of(content: bytes, name: str) -> PillowImage:
    """Reads an image as a PIL image, fully loaded.

    Raises:
        InvalidArgumentError: It is none that PIL can read.
        FailedPreconditionError: Pillow is not installed.
    """
    pil = _needed("PIL.Image", "pillow", "client.artifacts.image")
    try:
        image = pil.open(io.BytesIO(content))
        image.load()
    except (OSError, SyntaxError, ValueError, pil.DecompressionBombError) as error:
        raise Reason.INVALID_INPUT.error(f"{name} is no picture that PIL can read: {error}", name=name) from error
    return image


def sound_of(content: bytes, name: str) -> Sound:
    """Reads a WAV file of whole numbers as int16 samples: (n,), or (n, channels).

    Raises:
        InvalidArgumentError: It is no such file.
        FailedPreconditionError: NumPy is not installed.
    """
    numpy = _needed("numpy", "numpy", "client.artifacts.sound")
    try:
        with wave.open(io.BytesIO(content)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        cure = "client.artifacts.read gives its bytes to a library that reads it."
        text = f"{name} is no WAV file of whole numbers ({error}); {cure}"
        raise Reason.INVALID_INPUT.error(text, name=name) from error
    raw = numpy.frombuffer(frames[: len(frames) // width * width], numpy.uint8).reshape(-1, width)
    if width == 1:
        samples = (raw[:, 0].astype(numpy.int16) - 128) * 256
    else:
        # The two highest bytes of each sample, little-endian.
        samples = numpy.ascontiguousarray(raw[:, width - 2 :]).view("<i2")[:, 0].astype(numpy.int16)
    if channels > 1:
        samples = samples[: len(samples) // channels * channels].reshape(-1, channels)
    return Sound(samples, rate)


def _floats(samples: Sequence[float], field: str) -> array.array[float]:
    try:
        return array.array("d", samples)
    except TypeError as error:
        text = f"{field}: samples are numbers from -1 to 1, in one list; for channels give an array (n, channels)."
        raise Reason.INVALID_FIELD.error(text, field=field) from error


def _pcm(samples: Samples, view: memoryview, field: str) -> bytes:
    """Turns floats into whole numbers of 16 bits, by the array's own methods where it has them."""
    if hasattr(samples, "astype"):
        if not bool(abs(samples).max() < math.inf):
            raise _not_finite(field)
        content: bytes = (samples.astype("float32").clip(-1, 1) * _FULL_SCALE).round().astype("int16").tobytes()
        return content
    values = array.array("d", struct.unpack(f"{view.nbytes // view.itemsize}{view.format}", view.tobytes()))
    if not all(map(math.isfinite, values)):
        raise _not_finite(field)
    return array.array("h", (round(max(-1.0, min(1.0, value)) * _FULL_SCALE) for value in values)).tobytes()


def _not_finite(field: str) -> OrchestrionError:
    return Reason.INVALID_FIELD.error(f"{field}: some samples are no finite numbers.", field=field)


def _no_array(expected: str, view: memoryview, field: str) -> OrchestrionError:
    return Reason.INVALID_FIELD.error(
        f"{field}: {expected}; this one has the shape {view.shape} and the buffer format {view.format!r}.", field=field
    )


def _needed(module: str, package: str, caller: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        text = f"{caller} needs a package that is not installed here; install it with: pip install {package}"
        raise Reason.NOT_CONFIGURED.error(text, package=package) from error
