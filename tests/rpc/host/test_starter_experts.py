"""Every starter expert on a real host, with the inputs that people really send."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from orchestrion.errors import InvalidArgumentError, NotFoundError
from orchestrion.experts import ExpertState
from orchestrion.values import ArtifactRef, Json, Value
from tests.rpc.host.hosts import RunningHost

pytestmark = pytest.mark.asyncio(loop_scope="session")

HARD_TEXTS = [
    "tabs\tand\nline breaks",
    "both \"kinds\" of 'quotes' and \\backslashes\\",
    "<|endoftext|> </speak> [[h@'loU]] &amp;",
    "مرحبا بالعالم",
    "שלום עולם",
    "emoji 👩‍👩‍👧‍👦 🚀 and zero\u200bwidth",
    "请大声朗读这张图片里的文字",
]


def sign(*lines: str, size: int = 48) -> Image.Image:
    image = Image.new("RGB", (900, 60 + len(lines) * 2 * size), "#f4f0e6")
    for number, line in enumerate(lines):
        place = (40, 30 + number * 2 * size)
        ImageDraw.Draw(image).text(place, line, fill="#203040", font=ImageFont.load_default(size=size))
    return image


def png(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


async def read(host: RunningHost, content: bytes) -> Value:
    image = ArtifactRef(host.controller.artifacts.put(content))
    return (await host.client.infer("rapidocr", image=image)).outputs["text"]


def seconds(host: RunningHost, audio: Value) -> float:
    assert isinstance(audio, ArtifactRef)
    with wave.open(io.BytesIO(host.controller.artifacts.contents[audio.name])) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (22050, 1, 2)
        return float(file.getnframes()) / 22050


def hertz(host: RunningHost, audio: Value) -> float:
    """Finds the pitch of a voice: the lag, 2 to 12 ms, at which the sound is most like itself."""
    assert isinstance(audio, ArtifactRef)
    samples = np.frombuffer(host.controller.artifacts.contents[audio.name][44:], dtype="<i2").astype(float)
    spectrum = np.fft.rfft(samples, 2 * len(samples))
    likeness = np.fft.irfft(np.abs(spectrum) ** 2)[44:265]
    return 22050 / (44 + int(np.argmax(likeness)))


async def test_rapidocr_reads_lines_in_order_and_says_where_they_are(host: RunningHost) -> None:
    name = host.controller.artifacts.put(png(sign("Platform 9 closes", "at ten tonight")))
    outputs = (await host.client.infer("rapidocr", image=ArtifactRef(name))).outputs
    assert outputs["text"] == "Platform 9 closes\nat ten tonight"
    lines = outputs["lines"]
    assert isinstance(lines, Json)
    assert [line["text"] for line in lines.data] == ["Platform 9 closes", "at ten tonight"]
    assert all(line["score"] > 0.9 and len(line["box"]) == 4 for line in lines.data)


async def test_rapidocr_turns_a_photograph_upright_as_its_exif_says(host: RunningHost) -> None:
    turned = sign("Keep to the left").transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    assert await read(host, png(turned, exif=exif)) == "Keep to the left"


async def test_rapidocr_reads_pictures_with_transparency_and_palettes(host: RunningHost) -> None:
    image = sign("Mind the gap")
    transparent = image.convert("RGBA")
    transparent.putalpha(image.convert("L").point(lambda level: 0 if level > 200 else 255))
    assert await read(host, png(transparent)) == "Mind the gap"
    assert await read(host, png(image.quantize(16))) == "Mind the gap"


async def test_a_picture_without_text_has_the_empty_text(host: RunningHost) -> None:
    assert await read(host, png(Image.new("RGB", (200, 100), "white"))) == ""


async def test_what_is_no_picture_is_said_to_be_none(host: RunningHost) -> None:
    broken = png(sign("cut off"))[:800]
    for content in (b"this is no picture", broken):
        with pytest.raises(InvalidArgumentError, match="picture") as caught:
            await read(host, content)
        assert (caught.value.reason, caught.value.field) == ("INVALID_INPUT", "inputs.image")


async def test_a_picture_of_144_million_pixels_is_turned_away_by_its_header(host: RunningHost) -> None:
    bomb = png(Image.new("1", (12_000, 12_000)))
    with pytest.raises(InvalidArgumentError) as caught:
        await read(host, bomb)
    assert caught.value.field == "inputs.image"
    assert caught.value.metadata["pixel_count"] == "144000000"
    assert caught.value.metadata["limit_pixel_count"] == "100000000"
    # Decoding it would have taken 18 MB at the least, and a copy in colour 432 MB.
    assert (await host.client.status("rapidocr")).state is ExpertState.LOADED


async def test_an_artifact_that_is_not_there_is_not_found(host: RunningHost) -> None:
    with pytest.raises(NotFoundError) as caught:
        await host.client.infer("rapidocr", image=ArtifactRef("artifacts/" + "0" * 64))
    assert caught.value.reason == "ARTIFACT_NOT_FOUND"


@pytest.mark.parametrize("text", HARD_TEXTS)
async def test_espeak_speaks_any_text_as_text(host: RunningHost, text: str) -> None:
    outputs = (await host.client.infer("espeak-ng", text=text)).outputs
    assert seconds(host, outputs["audio"]) > 0.4


async def test_espeak_output_is_a_wav_artifact_with_a_name(host: RunningHost) -> None:
    audio = (await host.client.infer("espeak-ng", text="Good evening.")).outputs["audio"]
    assert isinstance(audio, ArtifactRef)
    stored = host.controller.artifacts.artifacts[audio.name]
    assert (stored.media_type, stored.file_name) == ("audio/wav", "speech.wav")


async def test_espeak_heeds_speed_pitch_voice_and_language(host: RunningHost) -> None:
    async def spoken(**inputs: Value) -> Value:
        return (await host.client.infer_with("espeak-ng", {"text": "Seven brave boats", **inputs})).outputs["audio"]

    plain = await spoken()
    assert seconds(host, await spoken(speed=2.0)) < 0.7 * seconds(host, plain)
    assert seconds(host, await spoken(speed=0.5)) > 1.5 * seconds(host, plain)
    assert hertz(host, await spoken(pitch=1.8)) > 1.2 * hertz(host, plain)
    assert hertz(host, await spoken(voice="f3")) > 1.2 * hertz(host, plain)
    german = await spoken(language="de-AT")
    assert abs(seconds(host, german) - seconds(host, plain)) > 0.05


async def test_espeak_takes_the_voice_of_the_script(host: RunningHost) -> None:
    text = "你好世界"
    guessed = (await host.client.infer("espeak-ng", text=text)).outputs["audio"]
    mandarin = (await host.client.infer("espeak-ng", text=text, language="zh-CN")).outputs["audio"]
    english = (await host.client.infer("espeak-ng", text=text, language="en")).outputs["audio"]
    # English names each character by its script, which takes longer.
    assert seconds(host, guessed) == pytest.approx(seconds(host, mandarin), rel=0.05)
    assert seconds(host, english) > 1.5 * seconds(host, mandarin)


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"text": "   \n"}, "inputs.text"),
        ({"text": "hi", "language": "xx-nowhere"}, "inputs.language"),
        ({"text": "hi", "voice": "nobody"}, "inputs.voice"),
        ({"text": "hi", "speed": 9.0}, "inputs.speed"),
        ({"text": "hi", "speed": float("nan")}, "inputs.speed"),
        ({"text": 3.0}, "inputs.text"),
        ({}, "inputs.text"),
        ({"text": "hi", "volume": 2.0}, "inputs.volume"),
    ],
)
async def test_espeak_names_the_input_at_fault(host: RunningHost, inputs: dict[str, Value], field: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await host.client.infer_with("espeak-ng", inputs)
    assert (caught.value.reason, caught.value.field) == ("INVALID_INPUT", field)


async def test_text_rules_pick_the_longest_and_the_first_of_equals(host: RunningHost) -> None:
    texts = ("four", "a longer text", "same length!!")
    longest = (await host.client.infer("text-rules", texts=texts, criterion="longest")).outputs
    shortest = (await host.client.infer("text-rules", texts=texts, criterion="shortest")).outputs
    assert (longest["text"], longest["index"]) == ("a longer text", 1.0)
    assert (shortest["text"], shortest["index"]) == ("four", 0.0)
    with pytest.raises(InvalidArgumentError) as caught:
        await host.client.infer("text-rules", texts=(), criterion="longest")
    assert caught.value.field == "inputs.texts"


@pytest.mark.parametrize("text", HARD_TEXTS)
async def test_text_comes_back_byte_for_byte(host: RunningHost, text: str) -> None:
    assert (await host.client.infer("delay", text=text)).outputs == {"text": text}


async def test_delay_returns_a_large_artifact(host: RunningHost) -> None:
    outputs = (await host.client.infer("delay", text="", output_bytes=5e6)).outputs
    artifact = outputs["artifact"]
    assert isinstance(artifact, ArtifactRef)
    assert host.controller.artifacts.contents[artifact.name] == bytes(5_000_000)
