"""Files with several images in them: pages, frames, and what is neither."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, TiffImagePlugin

from orchestrion.errors import InvalidArgumentError
from orchestrion_host.worker.media.image import image_inputs, image_pages
from tests.unit.host.worker.calls import call


def drawing(shade: int, side: int = 40) -> Image.Image:
    image = Image.new("RGB", (120, 80), "white")
    ImageDraw.Draw(image).rectangle((10, 10, 10 + side, 40), fill=(shade, shade, shade))
    return image


def numbers(path: Path, folder: Path) -> list[tuple[int, int]]:
    pages = image_pages.read(call("image-to-text", {"image": path}, folder), "image", 1 << 20)
    return [(page.number, page.count) for page in pages]


def saved(path: Path, *images: Image.Image) -> Path:
    images[0].save(path, save_all=True, append_images=images[1:])
    return path


def test_all_pages_of_a_tiff_count_also_equal_ones(tmp_path: Path) -> None:
    path = saved(tmp_path / "scan.tif", drawing(0), drawing(0), drawing(90))
    assert numbers(path, tmp_path) == [(1, 3), (2, 3), (3, 3)]


def tiff_with_thumbnail(path: Path, place: int) -> Path:
    """Two pages, and before the page at this place, from 0 on, a smaller copy of it."""
    kinds = TiffImagePlugin.ImageFileDirectory_v2()
    kinds[254] = 1
    with TiffImagePlugin.AppendingTiffWriter(str(path), new=True) as writer:
        for number in range(2):
            if number == place:
                drawing(0).resize((30, 20)).save(writer, "TIFF", tiffinfo=kinds)
                writer.newFrame()
            drawing(90 * number).save(writer, "TIFF")
            writer.newFrame()
    return path


@pytest.mark.parametrize("place", [0, 1])
def test_a_smaller_copy_in_a_tiff_is_no_page(place: int, tmp_path: Path) -> None:
    path = tiff_with_thumbnail(tmp_path / "scan.tif", place)
    assert numbers(path, tmp_path) == [(1, 2), (2, 2)]


@pytest.mark.parametrize("ending", ["tif", "gif", "webp", "png"])
def test_who_reads_one_picture_gets_the_first_and_how_many_there_are(ending: str, tmp_path: Path) -> None:
    one = call(
        "image-classification", {"image": saved(tmp_path / f"x.{ending}", drawing(0), drawing(99, 60))}, tmp_path
    )
    image = image_inputs.read(one, "image", 1 << 20)
    grey = np.asarray(image.convert("L"))
    assert grey[35, 50] < 9
    assert grey[35, 65] > 245
    assert one.page_counts == {"image": 2}


def test_who_reads_one_picture_does_not_get_a_thumbnail(tmp_path: Path) -> None:
    one = call("image-classification", {"image": tiff_with_thumbnail(tmp_path / "scan.tif", 0)}, tmp_path)
    assert image_inputs.read(one, "image", 1 << 20).size == (120, 80)
    assert one.page_counts == {"image": 2}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_page_is_read_although_a_later_one_is_damaged(tmp_path: Path) -> None:
    path = saved(tmp_path / "scan.tif", drawing(0), drawing(90))
    content = bytearray(path.read_bytes())
    first = int.from_bytes(content[4:8], "little")
    link = first + 2 + 12 * int.from_bytes(content[first : first + 2], "little")
    content[link : link + 4] = (1 << 20).to_bytes(4, "little")  # Where the next page is said to be, far past the end.
    path.write_bytes(content)
    one = call("image-classification", {"image": path}, tmp_path)
    assert image_inputs.read(one, "image", 1 << 20).size == (120, 80)


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_frames_that_look_like_the_one_before_are_passed_over(ending: str, tmp_path: Path) -> None:
    path = saved(tmp_path / f"film.{ending}", drawing(0), drawing(1), drawing(0, 60), drawing(0, 60), drawing(0))
    seen = numbers(path, tmp_path)
    with Image.open(path) as file:
        count = int(getattr(file, "n_frames", 1))
    # A format may join equal frames itself; what remains are three different ones.
    assert len(seen) == 3
    assert {total for _, total in seen} == {count}


def test_a_picture_is_one_page(tmp_path: Path) -> None:
    path = tmp_path / "one.jpg"
    drawing(0).save(path)
    assert numbers(path, tmp_path) == [(1, 1)]


def test_a_page_that_breaks_off_is_said_to(tmp_path: Path) -> None:
    path = saved(tmp_path / "scan.tif", drawing(0), drawing(90))
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(InvalidArgumentError, match="picture"):
        numbers(path, tmp_path)
