"""A newcomer's page: a picture is dropped, a question asked, and the result heard; by the starter experts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from orchestrion import AsyncClient
from tests.system.processes import eventually, running
from tests.web.axe import serious_faults
from tests.web.chat_page import Chat
from tests.web.conftest import OpenPage
from tests.web.requests import PICTURE
from tests.web.starter_platform import StarterPlatform

ENDLESS = {
    "tasks": [
        {
            "id": "endless",
            "type": "test-delay",
            "inputs": {"text": {"text": "for ever"}, "delay_ms": {"number": 600_000}},
        }
    ]
}
"""A plan whose task an expert works on for ten minutes."""

pytestmark = [pytest.mark.web, pytest.mark.asyncio(loop_scope="session")]


async def test_a_dropped_picture_is_read_aloud_and_heard(starter: StarterPlatform, open_page: OpenPage) -> None:
    chat = await Chat.open(await open_page(), starter.origin)
    await chat.drop(PICTURE)
    turn = await chat.ask("Read the text in this picture aloud.")

    await turn.expect_state("succeeded")
    await expect(turn.answer).to_contain_text("Mind the gap")
    assert await turn.duration_s() > 1
    await turn.audio.evaluate("audio => audio.play()")
    await chat.page.wait_for_function("() => document.querySelector('[aria-label=Results] audio').currentTime > 0.5")
    picture = turn.article.get_by_role("img").first
    assert await picture.evaluate("picture => picture.complete && picture.naturalWidth") > 0


async def test_a_picture_comes_of_a_picture(starter: StarterPlatform, open_page: OpenPage) -> None:
    chat = await Chat.open(await open_page(), starter.origin)
    await chat.drop(PICTURE)
    turn = await chat.ask("Make this picture black and white.")
    await turn.expect_state("succeeded")
    picture = turn.results.get_by_role("img").first
    await expect(picture).to_have_js_property("complete", True)
    assert await picture.evaluate("picture => picture.naturalWidth") > 0


async def test_a_picture_that_is_none_is_said_to_be_wrong(
    starter: StarterPlatform, open_page: OpenPage, tmp_path: Path
) -> None:
    chat = await Chat.open(await open_page(), starter.origin)
    wrong = tmp_path / "photo.jpg"
    wrong.write_bytes(b"no picture at all")
    await chat.drop(wrong)
    turn = await chat.ask("Read the text in this picture aloud.")
    await turn.expect_node("image-to-text-1", "failed")
    await turn.expect_node("text-to-speech-1", "skipped")
    await expect(turn.answer).to_contain_text("photo.jpg")
    await expect(turn.answer).to_contain_text("is not a picture")


async def test_stopping_is_seen_in_the_counter_of_the_host(starter: StarterPlatform, open_page: OpenPage) -> None:
    chat = await Chat.open(await open_page(), starter.origin)
    hosts = await chat.page.context.new_page()
    await hosts.goto(f"{starter.origin}/#/hosts")
    await chat.page.get_by_role("switch", name="Ask me before running").check()
    turn = await chat.ask('Say "good morning".')
    await turn.approval.get_by_role("button", name="Edit as JSON").click()
    await turn.approval.get_by_role("textbox", name="Plan as JSON").fill(json.dumps(ENDLESS))
    await turn.approval.get_by_role("button", name="Run this plan").click()
    await turn.expect_node("endless", "running")
    assert await asyncio.to_thread(running, starter.host) == 1
    await expect(hosts.get_by_text("1 running")).to_be_visible()

    await chat.stop.click()
    await turn.expect_state("cancelled")
    await asyncio.to_thread(eventually, lambda: running(starter.host) == 0)
    await expect(hosts.get_by_text("1 running")).to_be_hidden()


async def test_models_are_found_pinned_and_loaded(starter: StarterPlatform, open_page: OpenPage) -> None:
    page = await open_page()
    await page.goto(f"{starter.origin}/#/models")
    await page.get_by_role("searchbox", name="Search").fill("espeak")
    await page.get_by_role("button", name="Pin espeak-ng").click()
    await expect(page.get_by_role("button", name="Unpin espeak-ng")).to_be_visible()
    assert await pinned(starter.client) == {"espeak-ng"}
    await page.get_by_role("button", name="Unpin espeak-ng").click()
    await page.get_by_role("button", name="Unload espeak-ng").click()
    await page.get_by_role("button", name="Load espeak-ng", exact=True).click()
    await expect(page.get_by_role("button", name="Unload espeak-ng")).to_be_visible()
    assert await pinned(starter.client) == set()
    await page.get_by_role("searchbox", name="Search").fill("no such model")
    await expect(page.get_by_text("Nothing fits.")).to_be_visible()
    await page.get_by_role("searchbox", name="Search").fill("")
    await page.get_by_role("combobox", name="Task type").select_option(value="text-to-speech")
    await expect(page.get_by_role("heading", name="espeak-ng")).to_be_visible()
    await expect(page.get_by_role("heading", name="rapidocr")).to_be_hidden()


async def pinned(client: AsyncClient) -> set[str]:
    """Returns the experts that are pinned on any host."""
    return {status.expert_id for host in await client.hosts.list() for status in host.statuses if status.pinned}


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
async def test_axe_finds_no_serious_fault_in_the_catalogue(
    starter: StarterPlatform, open_page: OpenPage, color_scheme: str
) -> None:
    page = await open_page(color_scheme=color_scheme, reduced_motion="reduce")
    for address, shown in (("#/hosts", "meter"), ("#/models", "searchbox")):
        await page.goto(f"{starter.origin}/{address}")
        await expect(page.get_by_role(shown).first).to_be_visible()  # type: ignore[arg-type]
        assert await serious_faults(page) == []
