"""Files in the page: large ones, wrong ones, recorded and photographed ones, and those that are used once more."""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Page, Route, expect

from tests.web.conftest import OpenChat
from tests.web.platform import Platform
from tests.web.requests import CLEAN, PICTURE, READ_ALOUD, SAY
from tests.web.scripted_experts import silence

pytestmark = [pytest.mark.web, pytest.mark.asyncio(loop_scope="session")]

SECONDS, RATE = 600, 44_100
"""Of the large sound: 50.5 MB."""
HEIGHT = "() => document.querySelector('.turns').scrollHeight"
AT_END = """() => {
  const { scrollHeight, scrollTop, clientHeight } = document.querySelector('.turns');
  return scrollHeight > clientHeight && scrollHeight - scrollTop - clientHeight < 2;
}"""


@pytest.fixture(scope="module")
def large_sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sounds") / "concert.wav"
    path.write_bytes(silence(SECONDS, RATE))
    return path


async def slow_down(page: Page, bytes_a_second: int) -> None:
    """Limits how fast the page sends; 0 sets no limit any more."""
    devtools = await page.context.new_cdp_session(page)
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second or -1}
    await devtools.send("Network.emulateNetworkConditions", limits)


async def test_fifty_megabytes_go_up_and_come_back(open_chat: OpenChat, scripted: Platform, large_sound: Path) -> None:
    chat = await open_chat()
    await chat.choose(large_sound)
    turn = await chat.ask(CLEAN)
    await turn.expect_state("succeeded")
    await expect(turn.audio).to_have_js_property("duration", SECONDS)
    content = large_sound.read_bytes()
    stored = await scripted.given_file("audio")
    assert stored.name == f"artifacts/{hashlib.sha256(content).hexdigest()}"
    assert stored.size_bytes == len(content) > 50e6

    # What stands in the middle is heard without the whole of it.
    await turn.audio.evaluate("audio => { audio.currentTime = 500; }")
    await expect(turn.audio).to_have_js_property("seeking", False)
    await expect(turn.audio).to_have_js_property("currentTime", 500)


async def test_an_upload_shows_how_far_it_is_and_can_be_left(open_chat: OpenChat, large_sound: Path) -> None:
    chat = await open_chat()
    await slow_down(chat.page, 4_000_000)
    await chat.text.fill(CLEAN)
    await chat.choose(large_sound)
    progress = chat.page.get_by_role("progressbar", name="Uploading concert.wav")
    await expect(progress).to_be_visible()
    await chat.page.wait_for_function("() => document.querySelector('progress').value > 0")
    assert 0 < await progress.evaluate("bar => bar.value / bar.max") < 1
    await chat.page.get_by_role("button", name="Remove concert.wav").click()

    await expect(chat.attached).to_have_count(0)
    await expect(chat.text).to_have_value(CLEAN)
    await expect(chat.page.get_by_role("alert")).to_have_count(0)


async def test_an_empty_file_is_refused_in_words_and_nothing_is_lost(open_chat: OpenChat, tmp_path: Path) -> None:
    chat = await open_chat()
    empty = tmp_path / "empty.png"
    empty.touch()
    await chat.text.fill(READ_ALOUD)
    await chat.choose(empty)
    await expect(chat.page.get_by_role("alert")).to_contain_text("empty.png")
    await expect(chat.text).to_have_value(READ_ALOUD)
    await expect(chat.attached).to_have_count(0)

    await chat.choose(PICTURE)
    await chat.text.press("Enter")
    await chat.turn().expect_state("succeeded")


async def test_a_file_that_no_expert_takes_is_said_to_be_wrong(open_chat: OpenChat, tmp_path: Path) -> None:
    chat = await open_chat()
    wrong = tmp_path / "tools.zip"
    wrong.write_bytes(b"PK\3\4" + bytes(100))
    await chat.choose(wrong)
    turn = await chat.ask(READ_ALOUD)
    await turn.expect_state("failed")
    await expect(turn.article.get_by_role("alert")).to_contain_text("It needs a picture")
    await expect(turn.article).to_contain_text("tools.zip")


async def test_a_picture_that_is_none_is_shown_as_a_file(open_chat: OpenChat, tmp_path: Path) -> None:
    chat = await open_chat()
    broken = tmp_path / "scan.png"
    broken.write_bytes(b"no picture at all")
    await chat.choose(broken)
    await expect(chat.attached).to_contain_text(["scan.png"])
    turn = await chat.ask(READ_ALOUD)
    await turn.expect_state("succeeded")
    await chat.show_files()

    await expect(turn.article.get_by_role("link", name="scan.png").first).to_be_visible()
    for place in (turn.article, chat.files):
        await expect(place.locator("img")).to_have_count(0)


async def test_pictures_that_come_late_leave_the_end_in_sight(open_chat: OpenChat, tmp_path: Path) -> None:
    """Given pictures that arrive after the answer, whoever reads at its end still does when they are there."""
    chat = await open_chat(viewport={"width": 390, "height": 500})
    wanted = asyncio.Event()

    async def when_wanted(route: Route) -> None:
        await wanted.wait()
        await route.continue_()

    for place in range(3):
        Image.new("RGB", (400, 600), (90 * place, 90, 120)).save(tmp_path / f"tall-{place}.png")
    await chat.page.route("**/content*", when_wanted)
    await chat.choose(*sorted(tmp_path.glob("tall-*.png")))
    turn = await chat.ask("Read the text in these pictures aloud.")
    await turn.expect_state("succeeded")
    before = await chat.page.evaluate(HEIGHT)
    wanted.set()
    await chat.page.wait_for_function(f"before => ({HEIGHT})() > before", arg=before)
    await chat.page.wait_for_function(AT_END)


async def test_what_is_attached_outlasts_a_reload_and_what_is_gone_is_named(
    open_chat: OpenChat, scripted: Platform, tmp_path: Path
) -> None:
    chat = await open_chat()
    lost = tmp_path / "lost.txt"
    lost.write_text("soon forgotten")
    await chat.choose(PICTURE, lost)
    await expect(chat.attached.get_by_role("progressbar")).to_have_count(0)
    await chat.text.fill(READ_ALOUD)
    await scripted.client.artifacts.delete(f"artifacts/{hashlib.sha256(lost.read_bytes()).hexdigest()}")

    await chat.page.reload()
    await expect(chat.attached).to_contain_text([PICTURE.name])
    await expect(chat.page.get_by_role("alert")).to_contain_text("lost.txt")
    await expect(chat.text).to_have_value(READ_ALOUD)
    await chat.text.press("Enter")
    await chat.turn().expect_state("succeeded")


async def test_a_file_is_pasted(open_chat: OpenChat) -> None:
    chat = await open_chat()
    await chat.paste(PICTURE)
    turn = await chat.ask(READ_ALOUD)
    await turn.expect_state("succeeded")


async def test_files_are_used_again_by_a_click(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    await chat.drop(PICTURE)
    turn = await chat.ask(READ_ALOUD)
    await turn.expect_state("succeeded")
    await chat.show_files()
    await expect(chat.files.get_by_role("button", name="Use station.jpg")).to_be_visible()
    await chat.files.get_by_role("button", name="Use speech.wav").click()
    await expect(chat.attached).to_have_count(1)
    again = await chat.ask(CLEAN, turn=2)
    await again.expect_state("succeeded")
    assert scripted.host.calls[-1][0] == "cleaner"
    assert (await scripted.given_file("audio")).name == f"artifacts/{hashlib.sha256(silence(1.0)).hexdigest()}"


async def test_a_result_is_downloaded_under_its_name(open_chat: OpenChat, tmp_path: Path) -> None:
    chat = await open_chat()
    turn = await chat.ask(SAY)
    async with chat.page.expect_download() as downloading:
        await turn.results.get_by_role("link", name="Download speech.wav").click()
    download = await downloading.value
    assert download.suggested_filename == "speech.wav"
    await download.save_as(tmp_path / "saved.wav")
    assert (tmp_path / "saved.wav").read_bytes() == silence(1.0)


async def test_what_is_recorded_is_a_wav_file(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat(permissions=["microphone"])
    await chat.page.get_by_role("button", name="Record sound").click()
    await expect(chat.page.get_by_text(re.compile(r"Recording, [1-9]"))).to_be_visible()
    await chat.page.get_by_role("button", name="Stop recording").click()
    await expect(chat.attached).to_contain_text([re.compile(r"\.wav")])
    turn = await chat.ask(CLEAN)
    await turn.expect_state("succeeded")
    assert (await scripted.given_file("audio")).media_type in {"audio/wav", "audio/x-wav"}
    assert await turn.duration_s() >= 1


async def test_what_is_photographed_is_a_picture(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat(permissions=["camera"])
    await chat.page.get_by_role("button", name="Take a picture").click()
    await chat.page.get_by_role("button", name="Take it").click()
    await expect(chat.attached).to_contain_text([re.compile(r"\.jpg")])
    turn = await chat.ask("Read the text in this picture.")
    await turn.expect_state("succeeded")
    assert scripted.host.calls[-1][0] == "reader"
    assert (await scripted.given_file("image")).media_type == "image/jpeg"
