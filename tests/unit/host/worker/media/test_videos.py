"""Videos: what is written is read back, pictures are spread over the length, what is broken or too much is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import pytest

from orchestrion.errors import InvalidArgumentError, OrchestrionError, RunCancelledError
from orchestrion_host.worker.media.video import video_files
from orchestrion_host.worker.media.video.video_files import Frame, Video
from tests.unit.host.worker.calls import call, file_of

RATE: Final = 10.0


def grey(level: int, width: int = 64, height: int = 48) -> Frame:
    return np.full((height, width, 3), level, np.uint8)


def brightening(count: int, width: int = 64, height: int = 48) -> list[Frame]:
    """Pictures that tell by their shade which one of them they are."""
    return [grey(round(250 * place / (count - 1)), width, height) for place in range(count)]


def written(folder: Path, frames: list[Frame]) -> Path:
    return file_of(video_files.write(call("text-to-video", {}, folder / "out"), "clip", frames, RATE))


def other_container(path: Path, form: str, codec: str, frames: list[Frame], gap: int = 250) -> Path:
    pixels = "rgb8" if codec == "gif" else "yuv420p"
    with av.open(str(path), "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=10)
        stream.height, stream.width, _ = frames[0].shape
        stream.pix_fmt = pixels
        stream.gop_size = gap
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=pixels)))
        container.mux(stream.encode(None))
    return path


def read(path: Path, count: int, max_seconds: float = 60.0, max_pixels: int = 1 << 20, **settings: Any) -> Video:
    return video_files.read(
        call("video-classification", {"video": path}, path.parent / "spool"),
        "video",
        max_seconds,
        max_pixels,
        count,
        **settings,
    )


def shades(video: Video) -> list[float]:
    return [float(frame.mean()) for frame in video.frames]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    colours = [(220, 30, 40), (30, 200, 60), (40, 50, 210)]
    frames = [np.tile(np.array(colour, np.uint8), (48, 64, 1)) for colour in colours for _ in range(5)]
    path = written(tmp_path, frames)
    video = read(path, 3)
    assert video.frames_per_second == pytest.approx(RATE)
    assert video.seconds == pytest.approx(1.5)
    for frame, colour in zip(video.frames, colours, strict=True):
        assert frame.shape == (48, 64, 3)
        assert frame.dtype == np.uint8
        assert np.abs(frame.astype(int) - colour).max() <= 6
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    # The index is in front of the pictures.
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_odd_sizes_lose_nothing(tmp_path: Path) -> None:
    video = read(written(tmp_path, [grey(100, 33, 21)] * 3), 3)
    assert video.frames[0].shape == (22, 34, 3)
    assert shades(video) == pytest.approx([100] * 3, abs=3)


def test_pictures_are_spread_evenly_over_the_whole_length(tmp_path: Path) -> None:
    path = written(tmp_path, brightening(30))
    # The middles of three thirds, of ten pictures each.
    assert shades(read(path, 3)) == pytest.approx([250 * place / 29 for place in (5, 15, 25)], abs=4)
    assert shades(read(path, 30)) == pytest.approx([250 * place / 29 for place in range(30)], abs=4)


def test_a_short_video_gives_pictures_several_times_and_holds_each_once(tmp_path: Path) -> None:
    video = read(written(tmp_path, brightening(2)), 8)
    assert shades(video) == pytest.approx([0] * 4 + [250] * 4, abs=4)
    assert len({id(frame) for frame in video.frames}) == 2


@pytest.mark.parametrize(
    ("form", "codec"),
    [("avi", "mpeg4"), ("matroska", "libx264"), ("webm", "libvpx"), ("mpeg", "mpeg1video"), ("gif", "gif")],
)
def test_every_usual_container_is_read(tmp_path: Path, form: str, codec: str) -> None:
    # MPEG-1 has no ten pictures a second; the muxer of others does not care.
    frames = brightening(24)
    if codec == "mpeg1video":
        path = tmp_path / "clip"
        with av.open(str(path), "w", format=form) as container:
            stream: Any = container.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for frame in frames:
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            container.mux(stream.encode(None))
    else:
        path = other_container(tmp_path / "clip", form, codec, frames)
    video = read(path, 4)
    assert shades(video) == pytest.approx([250 * place / 23 for place in (3, 9, 15, 21)], abs=25)


@pytest.mark.parametrize("gap", [2, 250])
def test_a_container_that_does_not_know_its_length_is_measured(tmp_path: Path, gap: int) -> None:
    # Written to a pipe, as browsers record: the header says nothing of the length.
    class Pipe:
        def __init__(self, path: Path) -> None:
            self._file = path.open("wb")
            self.write = self._file.write
            self.close = self._file.close

    path = tmp_path / "clip.webm"
    pipe = Pipe(path)
    with av.open(pipe, "w", format="webm") as container:
        stream: Any = container.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 64, 48, "yuv420p", gap
        for frame in brightening(20):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    pipe.close()
    with av.open(str(path)) as opened:
        assert opened.duration is None
    video = read(path, 4)
    assert video.seconds == pytest.approx(2.0, abs=0.11)
    assert shades(video) == pytest.approx([250 * place / 19 for place in (2, 7, 12, 17)], abs=20)


def test_long_gaps_are_jumped_over_and_the_pictures_stay_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = other_container(tmp_path / "clip", "mp4", "libx264", brightening(200), gap=10)
    decoded: list[int] = []
    checked = call("video-classification", {"video": path}, tmp_path / "spool")
    monkeypatch.setattr(checked, "raise_if_cancelled", lambda: decoded.append(1))
    video = video_files.read(checked, "video", 60, 1 << 20, 4)
    assert shades(video) == pytest.approx([250 * place / 199 for place in (25, 75, 125, 175)], abs=4)
    # 200 packets were looked at, but of the pictures only those near the wanted ones.
    assert len(decoded) < 200 + 1 + 4 * 15


def test_a_size_that_suffices_keeps_memory_small(tmp_path: Path) -> None:
    video = read(written(tmp_path, [grey(80, 320, 160)] * 4), 2, shortest_side=32)
    assert [frame.shape for frame in video.frames] == [(32, 64, 3)] * 2


def test_a_video_held_upright_comes_out_upright(tmp_path: Path) -> None:
    left_is_bright = np.zeros((48, 64, 3), np.uint8)
    left_is_bright[:, :32] = 250
    path = written(tmp_path, [left_is_bright] * 3)
    # A quarter turn to the right, as phones write it into the matrix of the track: 1 and -1 as 16.16 fixed point.
    content = bytearray(path.read_bytes())
    upright = (1 << 16).to_bytes(4, "big")
    place = content.index(b"tkhd")
    matrix = content.index(upright + bytes(12) + upright, place)
    minus = (-(1 << 16)).to_bytes(4, "big", signed=True)
    content[matrix : matrix + 20] = bytes(4) + upright + bytes(4) + minus + bytes(4)
    path.write_bytes(content)
    frame = read(path, 1).frames[0]
    assert frame.shape == (64, 48, 3)
    # What was on the left is on top.
    assert frame[:20].mean() > 230
    assert frame[-20:].mean() < 20


@pytest.mark.parametrize("content", [b"", b"no video" * 100, b"#EXTM3U\n#EXTINF:1,\nclip.mp4\n"])
def test_what_is_no_video_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(InvalidArgumentError, match="cannot be read as a video") as caught:
        read(path, 4)
    assert caught.value.field == "inputs.video"


def test_a_list_that_names_a_real_video_is_not_followed(tmp_path: Path) -> None:
    target = written(tmp_path, brightening(5))
    for name, content in (
        ("list.m3u8", f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n"),
        ("list.ffconcat", f"ffconcat version 1.0\nfile {target}\n"),
    ):
        path = tmp_path / name
        path.write_text(content)
        with pytest.raises(InvalidArgumentError):
            read(path, 1)


@pytest.mark.parametrize("form", ["mp4", "matroska", "avi"])
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_a_file_that_was_cut_off_is_an_error(tmp_path: Path, form: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (40, 48, 64, 3), np.uint8)
    frames = list(noise)
    path = written(tmp_path, frames) if form == "mp4" else other_container(tmp_path / "a", form, "mpeg4", frames)
    content = path.read_bytes()
    path.write_bytes(content[: round(len(content) * share)])
    with pytest.raises(InvalidArgumentError, match="damaged or cut off") as caught:
        read(path, 4)
    assert caught.value.field == "inputs.video"


def test_a_sound_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream("aac", rate=16_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(InvalidArgumentError, match="no moving pictures"):
        read(path, 4)


def test_limits_are_named_with_their_setting(tmp_path: Path) -> None:
    path = written(tmp_path, brightening(30))
    with pytest.raises(InvalidArgumentError, match="max_video_seconds") as caught:
        read(path, 4, max_seconds=2)
    assert caught.value.metadata["limit_seconds"] == "2"
    with pytest.raises(InvalidArgumentError, match="max_image_pixels") as caught:
        read(path, 4, max_pixels=1000)
    assert caught.value.metadata["limit_pixel_count"] == "1000"


def test_reading_ends_when_nobody_waits_any_more(tmp_path: Path) -> None:
    path = written(tmp_path, brightening(5))
    waiting = call("video-classification", {"video": path}, tmp_path / "spool")
    waiting.cancel()
    with pytest.raises(RunCancelledError):
        video_files.read(waiting, "video", 60, 1 << 20, 4)


def test_writing_ends_when_nobody_waits_any_more_and_leaves_no_file(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    waiting = call("text-to-video", {}, spool)
    made: list[int] = []

    def frames() -> Iterator[Frame]:
        for place in range(100):
            made.append(place)
            if place == 3:
                waiting.cancel()
            yield grey(place)

    with pytest.raises(OrchestrionError, match="cancelled"):
        video_files.write(waiting, "clip", frames(), RATE)
    assert len(made) == 4
    assert list(spool.iterdir()) == []


@pytest.mark.parametrize("frames", [[], [grey(1), grey(1, 32, 32)]])
def test_no_pictures_and_pictures_of_two_sizes_are_no_video(tmp_path: Path, frames: list[Frame]) -> None:
    spool = tmp_path / "spool"
    with pytest.raises(ValueError, match="picture"):
        video_files.write(call("text-to-video", {}, spool), "clip", frames, RATE)
    assert list(spool.iterdir()) == []
