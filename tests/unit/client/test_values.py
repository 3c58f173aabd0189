"""Files and values given to a client, and values returned: what libraries make of them is what was meant."""

from __future__ import annotations

import array
import io
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from orchestrion import AsyncClient, Client, Sound
from orchestrion.errors import FailedPreconditionError, InvalidArgumentError
from tests.unit.client.scripted import Script

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (5, 7), np.uint8)
RGB = RANDOM.integers(0, 256, (5, 7, 3), np.uint8)
RGBA = RANDOM.integers(0, 256, (5, 7, 4), np.uint8)
TONE = np.sin(np.arange(800) / 10).astype(np.float32)


def stored(client: Client, script: Script, value: Any) -> tuple[bytes, str]:
    artifact = client.artifacts.upload(value)
    return script.content[artifact.name], script.artifacts[artifact.name].media_type


@pytest.mark.parametrize(
    "pixels",
    [GREY, RGB, RGBA, GREY[..., None], RGB[::2, ::-1], np.asfortranarray(RGBA), GREY.T],
    ids=["grey", "rgb", "rgba", "one channel", "a view", "fortran order", "turned"],
)
def test_pixels_are_sent_as_png(client: Client, script: Script, pixels: Any) -> None:
    content, media_type = stored(client, script, pixels)
    assert media_type == "image/png"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content))), pixels.squeeze())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pil_images_are_sent_as_png(client: Client, script: Script, mode: str) -> None:
    image = Image.new(mode, (7, 5), 1 if mode in {"1", "P", "I;16"} else None)
    content, media_type = stored(client, script, image)
    read = Image.open(io.BytesIO(content))
    assert (read.format, read.size, read.mode, media_type) == ("PNG", (7, 5), mode, "image/png")


def test_a_turned_photograph_stays_turned(client: Client, script: Script) -> None:
    photograph = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RGB).save(photograph, "JPEG", exif=exif)
    content, _ = stored(client, script, Image.open(photograph))
    assert Image.open(io.BytesIO(content)).getexif()[0x0112] == 6


@pytest.mark.parametrize(
    ("samples", "channels"),
    [
        (TONE, 1),
        (TONE.astype(np.float64), 1),
        (TONE.astype(np.float16), 1),
        ((TONE * 32767).astype(np.int16), 1),
        (np.stack([TONE, -TONE], axis=1), 2),
        (TONE.tolist(), 1),
        (array.array("f", TONE.tolist()), 1),
    ],
    ids=["float32", "float64", "float16", "int16", "stereo", "list", "array"],
)
def test_sounds_are_sent_as_wav(client: Client, script: Script, samples: Any, channels: int) -> None:
    content, media_type = stored(client, script, Sound(samples, 8_000))
    read, rate = soundfile.read(io.BytesIO(content), always_2d=True)
    assert (rate, read.shape, media_type) == (8_000, (800, channels), "audio/wav")
    np.testing.assert_allclose(read[:, 0], TONE, atol=2e-3)


def test_what_is_louder_than_full_is_cut(client: Client, script: Script) -> None:
    for samples in (np.array([2.0, -2.0]), [2.0, -2.0]):
        content, _ = stored(client, script, Sound(samples, 8_000))
        read, _ = soundfile.read(io.BytesIO(content), dtype="int16")
        assert read.tolist() == [32767, -32767]


def test_plain_bytes_of_any_kind(client: Client, script: Script, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"notes")
    with path.open("rb") as file:
        values = [b"notes", bytearray(b"notes"), memoryview(b"notes"), np.frombuffer(b"notes", np.uint8), file, path]
        values += [str(path), io.BytesIO(b"notes"), memoryview(b"n.o.t.e.s")[::2]]
        assert [stored(client, script, value)[0] for value in values] == [b"notes"] * len(values)
        file.seek(0)
        assert client.artifacts.upload(file).file_name == "notes.txt"


async def test_values_are_attached_and_returned_in_asyncio(async_client: AsyncClient, script: Script) -> None:
    assert [event async for event in async_client.run("?", [RGB, Image.fromarray(GREY), Sound(TONE, 8_000)])] == []
    first, second, third = script.requests[-1].messages[0].artifacts
    np.testing.assert_array_equal(np.asarray(await async_client.artifacts.image(first)), RGB)
    np.testing.assert_array_equal(np.asarray(await async_client.artifacts.image(second)), GREY)
    samples, rate = await async_client.artifacts.sound(third)
    assert (rate, samples.dtype, samples.shape) == (8_000, np.int16, (800,))


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32"])
@pytest.mark.parametrize("channels", [1, 2])
def test_sounds_are_returned_as_int16(client: Client, script: Script, subtype: str, channels: int) -> None:
    file = io.BytesIO()
    wanted = np.stack([TONE * 0.9] * channels, axis=1)
    soundfile.write(file, wanted, 16_000, subtype=subtype, format="WAV")
    samples, rate = client.artifacts.sound(script.add(file.getvalue()))
    assert (rate, samples.dtype) == (16_000, np.int16)
    np.testing.assert_allclose(samples.reshape(-1, channels) / 32768, wanted, atol=0.01)


def test_a_sound_that_came_may_be_sent_again(client: Client, script: Script) -> None:
    first = client.artifacts.upload(Sound(TONE, 8_000))
    assert client.artifacts.upload(client.artifacts.sound(first)).name == first.name


def test_what_is_no_picture_and_no_sound_is_told(client: Client, script: Script) -> None:
    name = script.add(b"words")
    with pytest.raises(InvalidArgumentError, match="no picture"):
        client.artifacts.image(name)
    with pytest.raises(InvalidArgumentError, match="no WAV file"):
        client.artifacts.sound(name)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (5, "int is no file"),
        (None, "NoneType is no file"),
        (RGB.astype(np.float32), "uint8"),
        (GREY.astype(bool), "uint8"),
        (np.zeros((2, 2, 2), np.uint8), "uint8"),
        (np.zeros((0, 2), np.uint8), "uint8"),
        (np.zeros(9, np.float32), "Sound"),
        (np.zeros(9, np.datetime64), "no file"),
        (io.StringIO("text"), "'rb'"),
        (Image.new("F", (2, 2)), "mode F"),
        (Sound(TONE, 0), "sample rate"),
        (Sound(TONE, 8_000.5), "sample rate"),  # type: ignore[arg-type]  # The mistake.
        (Sound(TONE.astype(np.int32), 8_000), "int16"),
        (Sound(np.zeros((0,), np.float32), 8_000), "int16"),
        (Sound(np.array([np.nan]), 8_000), "finite"),
        (Sound([float("inf")], 8_000), "finite"),
        (Sound([[1.0, 2.0]], 8_000), "numbers"),
        (Sound("words", 8_000), "samples"),
    ],
)
def test_values_of_other_kinds_name_the_argument(client: Client, script: Script, value: Any, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words) as caught:
        client.ask("?", [b"fine", value])
    assert caught.value.field == "files[1]"
    with pytest.raises(InvalidArgumentError) as alone:
        client.artifacts.upload(value)
    assert alone.value.field == "source"


@pytest.mark.parametrize("files", ["sign.jpg", b"content", Path("sign.jpg"), 7])
def test_one_file_is_no_list_of_files(client: Client, script: Script, files: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="give a list") as caught:
        client.ask("?", files)
    assert caught.value.field == "files"
    assert script.requests == []


def test_without_the_packages_the_cure_is_named(
    client: Client, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = script.add(b"x")
    for module in ("PIL.Image", "numpy"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(FailedPreconditionError, match="pip install pillow"):
        client.artifacts.image(name)
    with pytest.raises(FailedPreconditionError, match="pip install numpy"):
        client.artifacts.sound(name)


def test_sending_a_sound_needs_neither_package(address: str) -> None:
    program = (
        "import sys, orchestrion\n"
        f"client = orchestrion.Client({address!r})\n"
        "print(client.artifacts.upload(orchestrion.Sound([0.0, 0.5], 8000)).media_type)\n"
        "print({'numpy', 'PIL'} & sys.modules.keys())\n"
    )
    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert printed == "audio/wav\nset()\n"


def test_wave_reads_what_is_sent(client: Client, script: Script) -> None:
    content, _ = stored(client, script, Sound(np.zeros((10, 2), np.int16), np.int64(44_100)))  # type: ignore[arg-type]  # The mistake.
    with wave.open(io.BytesIO(content)) as file:
        assert file.getparams()[:4] == (2, 2, 44_100, 10)
