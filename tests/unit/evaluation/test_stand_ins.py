"""Which files requests name, and the files that stand in for them, read by the libraries that experts use."""

from __future__ import annotations

import hashlib
import io
import json
import wave

import av
import pytest
from PIL import Image

from orchestrion_controller.artifacts.media_types import guess
from orchestrion_controller.plans.kinds import kind_of_media_type, reads_as_text
from orchestrion_evaluation.mentions import PICTURES, SOUNDS, VIDEOS, file_names
from orchestrion_evaluation.stand_ins import stand_in


@pytest.mark.parametrize(
    ("request_text", "names"),
    [
        ("Classify 'example.jpg', please.", ("example.jpg",)),
        ("Mix example.wav and example2.wav; then example.wav again.", ("example.wav", "example2.wav")),
        ("See my_photo-1.PNG.", ("my_photo-1.PNG",)),
        ("Open “holiday photo.jpeg” and `notes.txt`", ("holiday photo.jpeg", "notes.txt")),
        ("Read data/scan.pdf (and clip.mp4)!", ("data/scan.pdf", "clip.mp4")),
        ("'Could you please look at the file example.jpg' he said", ("example.jpg",)),
        ("I've a picture 'a.jpg' that's mine, and isn't b.jpg", ("a.jpg", "b.jpg")),
        ("Get https://example.com/image.jpg and www.example.com/a.png", ()),
        ("I have an image and version 2.5 of a .jpg; see example.jpgs", ()),
    ],
)
def test_the_files_that_a_request_names(request_text: str, names: tuple[str, ...]) -> None:
    assert file_names(request_text) == names


@pytest.mark.parametrize(
    ("name", "form"), [("a.jpg", "JPEG"), ("a.JPEG", "JPEG"), ("a.png", "PNG"), ("a.gif", "GIF"), ("a.tiff", "PNG")]
)
def test_pictures_can_be_opened(name: str, form: str) -> None:
    with Image.open(io.BytesIO(stand_in(name).content)) as picture:
        picture.load()
        assert picture.format == form


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_sounds_can_be_read(name: str) -> None:
    with wave.open(io.BytesIO(stand_in(name).content)) as sound:
        assert (sound.getnframes(), sound.getframerate()) == (800, 8000)


@pytest.mark.parametrize(
    ("name", "kind", "frames"), [("a.mp4", "video", 1), ("a.mov", "video", 1), ("a.mp3", "audio", 8)]
)
def test_videos_and_mp3_can_be_decoded(name: str, kind: str, frames: int) -> None:
    with av.open(io.BytesIO(stand_in(name).content), "r") as container:
        assert [stream.type for stream in container.streams] == [kind]
        assert len(list(container.decode(container.streams[0]))) == frames


def test_texts_are_what_their_names_say() -> None:
    assert json.loads(stand_in('a "b".json').content) == {"name": 'a "b".json'}
    assert stand_in("a.docx").media_type == "text/plain"
    assert stand_in("a.pdf").content.startswith(b"%PDF-1.4")


NAMES = [f"x.{ending}" for ending in (*PICTURES, *SOUNDS, *VIDEOS, "txt", "csv", "md", "json", "pdf")]


def test_another_name_is_another_file_and_the_same_name_the_same() -> None:
    names = [*NAMES, *(f"other{name}" for name in NAMES)]
    hashes = [hashlib.sha256(stand_in(name).content).hexdigest() for name in names]
    assert len(set(hashes)) == len(names)
    assert stand_in("x.mp4") == stand_in("x.mp4")


@pytest.mark.parametrize("name", NAMES)
def test_the_media_type_told_is_of_the_kind_that_the_controller_would_find(name: str) -> None:
    file = stand_in(name)
    media_type = guess(file.content[:4096], file.name)
    assert kind_of_media_type(media_type) is kind_of_media_type(file.media_type)
    assert reads_as_text(media_type) is reads_as_text(file.media_type)
