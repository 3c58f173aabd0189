"""Pages as people have them, read by the real models: long lines, strips, turned and tilted pages, fine print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from benchmarks.quality import drawn_pages
from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, RunCancelledError
from orchestrion_host import ipc
from orchestrion_host.catalogue import presence, reader
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.engines.image import rapid_ocr
from orchestrion_host.worker.engines.image.page_reading.page_reader import joined
from orchestrion_host.worker.engines.image.page_reading.text_detection import TILE_SIDE, own, spans
from orchestrion_host.worker.engines.image.page_reading.text_recognition import LineReading
from orchestrion_host.worker.engines.image.rapid_ocr import RapidOcr
from orchestrion_host.worker.runtimes import engine
from tests.unit.host.worker import calls
from tests.unit.host.worker.calls import Sent

LONG_LINE = (
    "the town council met on monday evening to hear how the work on the old bridge goes on and was told that most of "
    "the stones have been cleaned"
)
"""Longer than what a classifier of lines on their head can judge: that of the package turned it."""


def load_message(**changes: Any) -> ipc.Load:
    facts = reader.read_file(reader.BUILT_IN / "rapidocr.yaml")
    values: dict[str, Any] = {
        "expert_id": facts.id, "runtime": facts.runtime, "model": facts.model, "sha256": facts.source.sha256,
        "folder": presence.find(facts).folder, "task_types": ["image-to-text"], "options": {}, "device": "cpu",
        "instances": 1, "max_image_pixels": 100_000_000, "max_audio_seconds": 1.0,
    }  # fmt: skip
    return ipc.Load(**(values | changes))


@pytest.fixture(scope="module")
def expert() -> RapidOcr:
    pytest.importorskip("rapidocr")
    return rapid_ocr.load(load_message())


@pytest.fixture
def read(expert: RapidOcr, tmp_path: Path) -> Callable[[Image.Image], Any]:
    def outputs(image: Image.Image) -> Any:
        path = tmp_path / "page.png"
        image.save(path)
        (result,) = expert.predict([calls.call("image-to-text", {"image": path}, tmp_path)])
        assert isinstance(result, dict), result
        return result

    return outputs


def sheet(*lines: str, size: int = 24, name: str = "default", width: int | None = None) -> Image.Image:
    letters = drawn_pages.font(name, size)
    needed = max(round(letters.getlength(line)) for line in lines) + 60
    image = Image.new("RGB", (width or needed, len(lines) * 2 * size + 60), "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((30, 30 + number * 2 * size), line, fill="black", font=letters)
    return image


def test_long_upright_lines_are_read_as_they_stand(read: Callable[[Image.Image], Any]) -> None:
    assert read(sheet(LONG_LINE, "and two arches wait", size=18))["text"] == f"{LONG_LINE}\nand two arches wait"


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_is_read_and_boxes_stay_where_its_lines_are(
    degrees: int, read: Callable[[Image.Image], Any]
) -> None:
    upright = sheet("Platform 9 closes", "at ten tonight", "and opens at six", width=420)
    image = upright.rotate(degrees, expand=True)
    outputs = read(image)
    assert outputs["text"] == "Platform 9 closes\nat ten tonight\nand opens at six"
    for line in outputs["lines"]["json"]:
        xs, ys = zip(*line["box"], strict=True)
        inside = image.crop((round(min(xs)), round(min(ys)), round(max(xs)), round(max(ys))))
        assert min(inside.convert("L").tobytes()) < 60
    # The first corner is where the text begins: of a page turned counter-clockwise, below.
    (x, y), (next_x, next_y) = outputs["lines"]["json"][0]["box"][:2]
    assert {90: next_y < y - 100, 180: next_x < x - 100, 270: next_y > y + 100}[degrees]


def test_one_line_on_its_head_among_others_is_read(read: Callable[[Image.Image], Any]) -> None:
    image = sheet("This side up, please", "and handle with care", "Fragile glass inside", width=400)
    image.paste(image.crop((0, 70, 400, 120)).rotate(180), (0, 70))
    assert read(image)["text"].split("\n")[1] == "and handle with care"


def test_a_tilted_page_keeps_its_lines(read: Callable[[Image.Image], Any]) -> None:
    lines = ("The tower was built in 1867 and guided", "fishing boats through the shallow", "channel until 1994.")
    image = sheet(*lines).rotate(3, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)
    assert read(image)["text"].split("\n") == list(lines)


def test_a_line_across_many_tiles_is_one_line(read: Callable[[Image.Image], Any]) -> None:
    page = drawn_pages.strip("default", 5, 24, 60)
    assert page.image.width > 3 * TILE_SIDE
    assert read(page.image)["text"] == page.text


def test_tiles_cover_a_side_once_and_overlap() -> None:
    for size in (1, 31, TILE_SIDE, TILE_SIDE + 1, 5000, 20_000):
        stretches = list(spans(size))
        assert all(0 <= first < end <= size and end - first <= TILE_SIDE for first, end in stretches)
        owned = [own(stretch, size) for stretch in stretches]
        assert owned[0][0] == 0
        assert all(first <= end_before < end for (_, end_before), (first, end) in pairwise(owned))
        assert owned[-1][1] == size


def test_a_headline_and_fine_print_on_one_poster_are_both_read(read: Callable[[Image.Image], Any]) -> None:
    poster = Image.new("RGB", (3200, 2600), "#ffeeaa")
    pen = ImageDraw.Draw(poster)
    pen.text((200, 300), "SPRING FAIR", fill="black", font=ImageFont.load_default(size=460))
    pen.text((300, 2300), "Printed on recycled paper by the garden club", fill="black", font=drawn_pages.font("", 20))
    assert read(poster)["text"] == "SPRING FAIR\nPrinted on recycled paper by the garden club"


def test_chinese_is_read_in_rows_and_in_columns_from_the_right(read: Callable[[Image.Image], Any]) -> None:
    assert read(sheet("庆历四年春，", "滕子京谪守巴陵郡。", name="chinese serif", size=32))["text"] == (
        "庆历四年春，\n滕子京谪守巴陵郡。"
    )
    columns = ("床前明月光疑是地上霜", "静夜思李白唐代诗人作")
    image = Image.new("RGB", (260, 600), "white")
    for place, column in enumerate(columns):
        for number, letter in enumerate(column):
            where = (170 - 90 * place, 30 + 52 * number)
            ImageDraw.Draw(image).text(where, letter, fill="black", font=drawn_pages.font("chinese sans", 40))
    assert read(image)["text"] == "\n".join(columns)


def test_letters_that_cannot_be_read_are_counted_and_not_passed_over(read: Callable[[Image.Image], Any]) -> None:
    russian = ("Все счастливые семьи похожи", "друг на друга, каждая несчастливая")
    alone = read(sheet(*russian, name="sans", size=30))
    assert (alone["text"], alone["unreadable_line_count"]) == ("", 2.0)
    beside = read(sheet("All happy families are alike", *russian, name="sans", size=30))
    assert (beside["text"], beside["unreadable_line_count"]) == ("All happy families are alike", 2.0)
    empty = read(Image.new("RGB", (300, 200), "white"))
    assert empty == {"text": "", "lines": {"json": []}}


def test_white_letters_on_nothing_are_read(read: Callable[[Image.Image], Any]) -> None:
    image = sheet("Mind the gap")
    letters = Image.new("RGBA", image.size, "white")
    letters.putalpha(image.convert("L").point(lambda level: 255 - level))
    assert read(letters)["text"] == "Mind the gap"


def test_pages_and_frames_are_all_read_and_of_frames_what_is_new_is_told(expert: RapidOcr, tmp_path: Path) -> None:
    def outputs(name: str, pages: Sequence[Image.Image]) -> Any:
        path = tmp_path / name
        pages[0].save(path, save_all=True, append_images=pages[1:], duration=200)
        (result,) = expert.predict([calls.call("image-to-text", {"image": path}, tmp_path)])
        return result

    pages = [sheet(f"{name} page", size=40, width=400) for name in ("First", "Second", "Third")]
    scan = outputs("scan.tif", pages)
    assert scan["text"] == "First page\n\nSecond page\n\nThird page"
    assert [line["page"] for line in scan["lines"]["json"]] == [1, 2, 3]
    assert scan["page_count"] == 3.0
    moving = []
    for number in range(4):
        moving.append(sheet("Open today", size=40, width=400))
        ImageDraw.Draw(moving[-1]).rectangle((90 * number, 110, 90 * number + 80, 130), fill="red")
    moving.append(sheet("Open today", "from nine to six", size=40, width=400))
    assert outputs("sign.gif", moving)["text"] == "Open today\n\nfrom nine to six"


def test_of_too_many_pages_it_is_said_how_many_were_not_read(
    expert: RapidOcr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rapid_ocr, "_MOST_PAGES", 2)
    path = tmp_path / "scan.tif"
    pages = [sheet(f"Page {name}", size=40, width=300) for name in ("one", "two", "three", "four", "five")]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    (result,) = expert.predict([calls.call("image-to-text", {"image": path}, tmp_path)])
    assert isinstance(result, dict)
    assert (result["text"], result["page_count"], result["unread_page_count"]) == ("Page one\n\nPage two", 5.0, 3.0)


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 1), (3, 300), (7, 7)])
def test_what_is_too_low_for_letters_is_bad_input(size: tuple[int, int], expert: RapidOcr, tmp_path: Path) -> None:
    path = tmp_path / "line.png"
    Image.new("RGB", size, "white").save(path)
    (result,) = expert.predict([calls.call("image-to-text", {"image": path}, tmp_path)])
    assert isinstance(result, InvalidArgumentError)
    assert (result.reason, result.field) == ("INVALID_INPUT", "inputs.image")


@pytest.mark.parametrize("size", [(8, 8), (8, 4000), (4000, 8), (33, 2000), (2000, 31)])
def test_any_other_shape_is_looked_at(size: tuple[int, int], read: Callable[[Image.Image], Any]) -> None:
    assert read(Image.new("RGB", size, "white"))["text"] == ""


def test_a_call_that_nobody_waits_for_stops_between_two_lines(expert: RapidOcr, tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    sheet(*(f"This is line number {number}" for number in range(1, 7))).save(path)
    sent = Sent()
    call = calls.call("image-to-text", {"image": path}, tmp_path, sent)

    def cancelling(message: ipc.FromWorker) -> None:
        sent.messages.append(message)
        if isinstance(message, ipc.CallProgress) and message.message == "reading line 2 of 6":
            call.cancel()

    call = Call(call.id, call.task_type, call.inputs, call.spool, cancelling)
    (result,) = expert.predict([call])
    assert isinstance(result, RunCancelledError)
    progress = [message for message in sent.messages if isinstance(message, ipc.CallProgress)]
    assert progress[-1].message == "reading line 2 of 6"


def test_progress_says_which_line_is_read_and_never_goes_back(expert: RapidOcr, tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    sheet("This page stands on its head", "and is to be turned first", "before it is read").rotate(180).save(path)
    sent = Sent()
    expert.predict([calls.call("image-to-text", {"image": path}, tmp_path, sent)])
    progress = [message for message in sent.messages if isinstance(message, ipc.CallProgress)]
    fractions = [message.fraction or 0 for message in progress]
    assert fractions == sorted(fractions)
    assert list(dict.fromkeys(message.message for message in progress)) == [
        "looking for text", "reading line 1 of 3", "reading line 2 of 3", "reading line 3 of 3",
    ]  # fmt: skip


def test_parts_of_a_line_are_joined_as_their_script_does() -> None:
    latin = [LineReading("met on", 0.9, 1.0), LineReading(" monday", 0.8, 0.5)]
    assert joined(latin).text == "met on monday"
    assert joined(latin).covered == 0.75
    assert joined([LineReading("明月", 1.0, 1.0), LineReading("光", 1.0, 1.0)]).text == "明月光"
    assert joined([LineReading("", 0.0, 0.0)]) == LineReading("", 0.0, 0.0)


def test_another_file_than_the_catalogue_names_is_not_opened() -> None:
    name = "PP-OCRv6_rec_small.onnx"
    with pytest.raises(FailedPreconditionError, match=name):
        engine.loader(load_message(sha256={name: "0" * 64}))
