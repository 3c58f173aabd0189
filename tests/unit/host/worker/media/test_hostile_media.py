"""Files that are made to harm who decodes them, as far as that is quick; `make test-fuzz` sends them to a real host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrion.errors import InvalidArgumentError
from orchestrion_host.worker import memory
from orchestrion_host.worker.media.audio import audio_inputs
from orchestrion_host.worker.media.image import gif_frames, image_files, image_headers, image_pages
from orchestrion_host.worker.media.video import video_files
from tests.fuzz import hostile_media
from tests.fuzz.hostile_media import PICTURES, PLAYLISTS, SOUNDS
from tests.unit.host.worker.calls import call

MOST_PIXELS = 100_000_000
PLENTY = {"a bomb", "3,000 pages", "one row of 99 million pixels", "three hours of silence"}
"""What takes long to be made."""


@pytest.mark.parametrize("what", sorted(PICTURES.keys() - PLENTY))
def test_pictures_are_refused_by_name(what: str, tmp_path: Path) -> None:
    make, said = PICTURES[what]
    path = tmp_path / "x"
    path.write_bytes(make())
    one = call("image-to-text", {"image": path}, tmp_path)
    with pytest.raises(InvalidArgumentError) as caught:
        list(image_pages.read(one, "image", MOST_PIXELS))
    assert re.search(said, caught.value.message), caught.value.message
    header = image_headers.read(path, MOST_PIXELS)
    assert header is None or header.decoding_bytes < 1 << 20


@pytest.mark.parametrize("what", sorted(SOUNDS.keys() - PLENTY))
def test_sounds_are_refused_by_name(what: str, tmp_path: Path) -> None:
    make, said = SOUNDS[what]
    path = tmp_path / "x"
    path.write_bytes(make())
    one = call("audio-to-audio", {"audio": path}, tmp_path)
    with pytest.raises(InvalidArgumentError, match=said), audio_inputs.opened(one, "audio", 60) as sound:
        list(sound.blocks())


@pytest.mark.parametrize("target", ["%s", "http://127.0.0.1:1/x.mp4", "concat:%s"])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_no_video_opens_other_files_or_addresses(kind: str, target: str, tmp_path: Path) -> None:
    video = Path(__file__).parents[4] / "media" / "waves.mp4"
    path = tmp_path / "x.mp4"
    path.write_bytes(PLAYLISTS[kind].replace(b"%s", target.replace("%s", str(video)).encode()))
    with pytest.raises(InvalidArgumentError, match="cannot be read as a video: it is none"):
        video_files.read(call("video-classification", {"video": path}, tmp_path), "video", 60, MOST_PIXELS, 4)


def test_images_of_a_video_are_bounded_whatever_its_header_says(tmp_path: Path) -> None:
    image = hostile_media.png(1_000, 1_000)
    for size in ((64, 64), (1_000, 1_000)):
        path = hostile_media.video_of(image, tmp_path / "x.mov", *size)
        one = call("video-classification", {"video": path}, tmp_path)
        assert video_files.read(one, "video", 60, 1_000_000, 1).frames[0].shape == (1_000, 1_000, 3)
        with pytest.raises(InvalidArgumentError, match=r"1,000,000 pixels; .*999,999 .*max_image_pixels"):
            video_files.read(one, "video", 60, 999_999, 1)


def test_far_too_large_images_of_a_video_get_no_memory(tmp_path: Path) -> None:
    path = hostile_media.video_of(hostile_media.png(16_000, 16_000, whole=False), tmp_path / "x.mov", 64, 64)
    meter = memory.gauge("cpu")
    meter.begin_peak()
    with pytest.raises(InvalidArgumentError, match=r"damaged or too large; .*max_image_pixels"):
        video_files.read(call("video-classification", {"video": path}, tmp_path), "video", 60, MOST_PIXELS, 1)
    assert meter.spare_bytes() < 32 << 20


def test_only_what_decoders_here_are_for_is_opened() -> None:
    assert not {"EPS", "WMF", "ICO", "ICNS", "PSD", "FITS", "HDF5", "GRIB", "BUFR"} & set(image_files.FORMATS)


def test_frames_of_a_gif_are_counted_up_to_a_limit_and_up_to_damage(tmp_path: Path) -> None:
    path = tmp_path / "x.gif"
    frames = [hostile_media.small("P").rotate(angle) for angle in range(0, 100, 10)]
    content = hostile_media.saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    path.write_bytes(content)
    assert [gif_frames.count(path, most) for most in (100, 10, 3)] == [10, 10, 4]
    path.write_bytes(content[: len(content) // 2])
    assert 0 < gif_frames.count(path, 100) < 10
    path.write_bytes(b"GIF89a")
    assert gif_frames.count(path, 100) == 0
