"""What goes wrong under the page, and what strangers write into it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import expect

from orchestrion import Reason
from orchestrion.values import Value
from orchestrion_gateway.config import GatewayConfig
from orchestrion_gateway.server import Gateway
from tests.web.chat_page import Chat
from tests.web.conftest import OpenChat, OpenPage
from tests.web.platform import Platform
from tests.web.requests import PICTURE, READ_ALOUD, SAY, SPEAK

pytestmark = [pytest.mark.web, pytest.mark.asyncio(loop_scope="session")]


async def test_a_gateway_that_comes_back_is_taken_up(scripted: Platform, open_page: OpenPage) -> None:
    async with AsyncExitStack() as stack:
        settings = {"controller": scripted.client.address, "metrics_port": 0, "shutdown_grace_s": 1.0}
        first = Gateway(GatewayConfig(port=0, **settings))  # type: ignore[arg-type]
        await first.start()
        chat = await Chat.open(await open_page(), f"http://{first.address}")
        scripted.speaker.hold()
        turn = await chat.ask(SAY)
        await turn.expect_node(SPEAK, "running")
        await first.stop()
        await expect(chat.page.get_by_text("The gateway does not answer.")).to_be_visible()
        # It goes on: nobody stopped it.
        scripted.speaker.let_go()

        second = Gateway(GatewayConfig(port=first.port, **settings))  # type: ignore[arg-type]
        await second.start()
        stack.push_async_callback(second.stop)
        await turn.expect_state("succeeded")
        await expect(turn.audio).to_have_js_property("duration", 1)
        await expect(chat.page.get_by_text("The gateway does not answer.")).to_be_hidden()


async def test_a_failed_attempt_is_shown_beside_the_one_that_worked(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    fails_first = scripted.host.behaviours["speaker"]
    failed: list[str] = []

    async def failing(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        if not failed:
            failed.append("once")
            raise Reason.WORKER_CRASHED.error("the voice broke")
        return await fails_first(inputs)

    scripted.host.behaviours.update({"speaker": failing, "other-speaker": failing})
    try:
        turn = await chat.ask(SAY)
        await turn.expect_state("succeeded")
    finally:
        scripted.host.behaviours.update({"speaker": fails_first, "other-speaker": fails_first})
    await turn.step(SPEAK).locator("summary").first.click()
    await expect(turn.step(SPEAK)).to_contain_text("the voice broke")


async def test_a_task_that_fails_is_shown_as_failed_with_its_words(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    works = scripted.host.behaviours["reader"]

    async def failing(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        raise Reason.INVALID_INPUT.error("the picture is upside down")

    scripted.host.behaviours["reader"] = failing
    try:
        await chat.drop(PICTURE)
        turn = await chat.ask(READ_ALOUD)
        await turn.expect_node("image-to-text-1", "failed")
        await turn.expect_node(SPEAK, "skipped")
    finally:
        scripted.host.behaviours["reader"] = works
    await expect(turn.article).to_contain_text("the picture is upside down")


async def test_what_strangers_write_stays_text(open_chat: OpenChat, scripted: Platform, tmp_path: Path) -> None:
    chat = await open_chat()
    hostile = tmp_path / "<img src=x onerror=document.title='owned'>.jpg"
    hostile.write_bytes(PICTURE.read_bytes())
    works = scripted.host.behaviours["reader"]

    async def reads_markup(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        return {"text": "<script>document.title='owned'</script><b id=bold>Mind</b> the gap"}

    scripted.host.behaviours["reader"] = reads_markup
    try:
        await chat.choose(hostile)
        turn = await chat.ask("Read the text in this picture.")
        await turn.expect_state("succeeded")
    finally:
        scripted.host.behaviours["reader"] = works
    await expect(turn.answer).to_contain_text("<b id=bold>Mind</b> the gap")
    await expect(turn.article).to_contain_text("onerror")
    assert await chat.page.locator("#bold").count() == 0
    assert await chat.page.title() != "owned"


async def test_the_back_button_goes_back_to_the_conversation_before(open_chat: OpenChat) -> None:
    chat = await open_chat()
    await (await chat.ask('Say "one".')).expect_state("succeeded")
    await chat.page.get_by_role("button", name="New conversation").click()
    await expect(chat.page.get_by_role("article")).to_have_count(0)
    await chat.page.go_back()
    await expect(chat.turn().answer).to_contain_text("one")
