"""Media types of real files: sound and pictures as libraries write them, texts as people save them."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from orchestrion_controller.artifacts.media_types import guess

NOTES = "Notes of the meeting: über den Fluß, naïve café.\n"


def sound(file_format: str, subtype: str) -> bytes:
    file = io.BytesIO()
    tone = np.sin(np.arange(8000) / 20).astype("float32") / 3
    soundfile.write(file, tone, 8000, format=file_format, subtype=subtype)
    return file.getvalue()


def picture(file_format: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(file, file_format)
    return file.getvalue()


def container(*brands: bytes) -> bytes:
    """The first box of an ISO base media file: its major brand, and those that it is compatible with."""
    body = b"ftyp" + brands[0] + bytes(4) + b"".join(brands)
    return (4 + len(body)).to_bytes(4, "big") + body + bytes(64)


@pytest.mark.parametrize("named", [True, False], ids=["named", "nameless"])
@pytest.mark.parametrize(
    ("content", "file_name", "expected"),
    [
        (sound("WAV", "PCM_16"), "a.wav", "audio/wave"),
        (sound("FLAC", "PCM_16"), "a.flac", "audio/flac"),
        (sound("OGG", "VORBIS"), "a.ogg", "audio/ogg"),
        (sound("OGG", "OPUS"), "a.opus", "audio/ogg"),
        (sound("MP3", "MPEG_LAYER_III"), "a.mp3", "audio/mpeg"),
        (b"ID3\4\0\0\0\0\0\0" + sound("MP3", "MPEG_LAYER_III"), "a.mp3", "audio/mpeg"),
        (container(b"M4A ", b"mp42", b"isom"), "a.m4a", "audio/mp4"),
        (container(b"isom", b"iso2", b"avc1"), "a.mp4", "video/mp4"),
        (container(b"heic", b"mif1"), "a.heic", "image/heic"),
        (picture("PNG"), "a.png", "image/png"),
        (picture("JPEG"), "a.jpg", "image/jpeg"),
        (picture("GIF"), "a.gif", "image/gif"),
        (picture("WEBP"), "a.webp", "image/webp"),
        (picture("TIFF"), "a.tif", "image/tiff"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a.svg", "image/svg+xml"),
        (b"%PDF-1.4\n%\xe2\xe3\n", "a.pdf", "application/pdf"),
        (NOTES.encode(), "notes.txt", "text/plain"),
        (NOTES.encode("utf-8-sig"), "notes.txt", "text/plain"),
        (NOTES.encode("utf-16"), "notes.txt", "text/plain"),
        ((NOTES * 1000).encode(), "notes.log", "text/plain"),
        (b'{"a": [1, 2]}', "a.json", "application/json"),
        (b"\0\1\2", "a", "application/octet-stream"),
    ],
)
def test_content_tells_with_a_name_and_without(content: bytes, file_name: str, expected: str, named: bool) -> None:
    assert guess(content[:4096], file_name if named else "") == expected


@pytest.mark.parametrize(
    ("content", "file_name", "expected"),
    [
        (NOTES.encode("cp1252"), "notes.txt", "text/plain"),
        (NOTES.encode("utf-16-le"), "NOTES.TXT", "text/plain"),
        (b"# Title\n", "README.md", "text/markdown"),
        (b"a,b\n1,2\n", "table.csv", "text/csv"),
        (b"a: 1\n", "facts.yaml", "application/yaml"),
        (b"a = 1\n", "facts.toml", "application/toml"),
        (container(b"isom", b"mp42"), "voice.m4a", "audio/mp4"),
        (
            b"PK\3\4" + bytes(30),
            "letter.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
    ],
)
def test_a_name_tells_what_content_does_not(content: bytes, file_name: str, expected: str) -> None:
    assert guess(content, file_name) == expected


@pytest.mark.parametrize(
    "text", [b"BM is what bitmaps begin with.", b"ID3 is a format of tags.", b"GIF89a, or GIF87a?"]
)
def test_a_text_that_begins_like_a_picture_or_a_sound_is_a_text(text: bytes) -> None:
    assert guess(text, "notes.txt") == "text/plain"
    assert guess(text, "photo.jpg") == "text/plain"


def test_a_name_that_lies_is_not_believed() -> None:
    assert guess(picture("PNG"), "misnamed.txt") == "image/png"
    assert guess(sound("MP3", "MPEG_LAYER_III"), "misnamed.wav") == "audio/mpeg"
