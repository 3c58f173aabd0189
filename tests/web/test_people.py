"""Several people, and a controller that goes away under them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.system import processes
from tests.system.processes import Servers
from tests.web.chat_page import Chat, Turn
from tests.web.conftest import OpenChat, OpenPage
from tests.web.platform import LEASE_MS, Platform, serving_page, start_controller
from tests.web.requests import PICTURE, READ, READ_ALOUD, SAY, SPEAK
from tests.web.scripted_experts import HeldExpert, reader, scripted_host

MEANWHILE = "What I wrote meanwhile"

pytestmark = [pytest.mark.web, pytest.mark.asyncio(loop_scope="session")]


async def test_two_browsers_never_see_each_others_conversations(open_chat: OpenChat, scripted: Platform) -> None:
    one, other = await open_chat(), await open_chat()
    scripted.speaker.hold()
    mine = await one.ask('Say "mine".')
    theirs = await other.ask('Say "theirs".')
    for turn in (mine, theirs):
        await turn.expect_node(SPEAK, "running")
    scripted.speaker.let_go()
    for turn in (mine, theirs):
        await turn.expect_state("succeeded")

    for chat, own, foreign in ((one, "mine", "theirs"), (other, "theirs", "mine")):
        await chat.page.reload()
        await chat.turn().expect_state("succeeded")
        await expect(chat.conversations.get_by_role("link")).to_have_count(1)
        await expect(chat.page.locator("body")).to_contain_text(own)
        await expect(chat.page.locator("body")).not_to_contain_text(foreign)


async def test_two_windows_of_one_browser_share_them(open_chat: OpenChat, scripted: Platform) -> None:
    first = await open_chat()
    turn = await first.ask(SAY)
    await turn.expect_state("succeeded")
    second = await Chat.open(await first.page.context.new_page(), scripted.origin)
    await second.conversations.get_by_role("link", name=SAY).click()
    await expect(second.turn().answer).to_contain_text("good morning")


async def test_conversations_are_kept_gone_on_with_and_forgotten(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    await (await chat.ask('Say "one".')).expect_state("succeeded")
    await chat.page.get_by_role("button", name="New conversation").click()
    await expect(chat.page.get_by_role("article")).to_have_count(0)
    await (await chat.ask('Say "two".')).expect_state("succeeded")

    await chat.conversations.get_by_role("link", name='Say "one".').click()
    await expect(chat.page.get_by_role("article")).to_have_count(1)
    await chat.turn().expect_state("succeeded")
    await expect(chat.turn().answer).to_contain_text("one")
    # The controller has the turn before: the words alone say nothing.
    again = await chat.ask("Say it again, slowly.", turn=2)
    await again.expect_state("succeeded")
    _, inputs = scripted.host.calls[-1]
    assert inputs["text"] == "one"
    assert inputs["speed"] == 0.75

    await chat.conversations.get_by_role("button", name='Forget: Say "one".').click()
    await expect(chat.conversations.get_by_role("link")).to_have_count(1)


async def test_what_is_being_written_outlasts_a_reload(open_chat: OpenChat) -> None:
    chat = await open_chat()
    await chat.text.fill(MEANWHILE)
    await chat.page.reload()
    await expect(chat.text).to_have_value(MEANWHILE)


async def test_a_request_is_put_back_to_be_edited(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    await chat.choose(PICTURE)
    turn = await chat.ask("Read the text in this picture.")
    await turn.expect_state("succeeded")
    await turn.article.get_by_role("button", name="Edit", exact=True).click()
    await expect(chat.text).to_have_value("Read the text in this picture.")
    await expect(chat.attached).to_contain_text(["station.jpg"])
    again = await chat.ask(READ_ALOUD, turn=2)
    await again.expect_state("succeeded")
    await expect(again.audio).to_have_js_property("duration", 1)


async def test_a_controller_that_is_killed_is_said_and_survived(open_page: OpenPage, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        servers = stack.enter_context(Servers(tmp_path))
        # A scripted host reports once.
        first = await asyncio.to_thread(servers.controller, "--lease-ms", str(LEASE_MS))
        address = first.grpc_address
        origin = await stack.enter_async_context(serving_page(address))
        reads = await stack.enter_async_context(reading_host(address))
        chat = await Chat.open(await open_page(), origin)
        turn = await ask_and_hold(chat, reads)

        await asyncio.to_thread(lambda: processes.kill(processes.process_of(first)))
        await expect(away(chat)).to_be_visible()
        await asyncio.to_thread(servers.controller, port=port_of(address))
        # The run goes on once its host is back.
        await stack.enter_async_context(reading_host(address))
        await turn.expect_state("succeeded")
        await expect(turn.answer).to_contain_text("Mind the gap")
        await expect(away(chat)).to_be_hidden()
        await expect(chat.text).to_have_value(MEANWHILE)


async def test_a_controller_that_is_stopped_and_started_is_said_and_survived(
    open_page: OpenPage, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        first = await start_controller(tmp_path)
        address = f"127.0.0.1:{first.grpc_port}"
        origin = await stack.enter_async_context(serving_page(address))
        reads = await stack.enter_async_context(reading_host(address))
        chat = await Chat.open(await open_page(), origin)
        turn = await ask_and_hold(chat, reads)

        await first.stop()
        await expect(away(chat)).to_be_visible()
        second = await start_controller(tmp_path, port_of(address))
        stack.push_async_callback(second.stop)
        # The run was handed over, and goes on once its host is back.
        await stack.enter_async_context(reading_host(address))
        await turn.expect_state("succeeded")
        await expect(turn.answer).to_contain_text("Mind the gap")
        await expect(away(chat)).to_be_hidden()
        await expect(chat.text).to_have_value(MEANWHILE)


@asynccontextmanager
async def reading_host(controller: str) -> AsyncIterator[HeldExpert]:
    """Starts a host whose only expert reads."""
    reads = reader()
    host = scripted_host("one", controller, {"reader": ("image-to-text", reads)})
    await host.start()
    try:
        yield reads
    finally:
        await host.stop()


async def ask_and_hold(chat: Chat, reads: HeldExpert) -> Turn:
    """Asks for something that does not end, and goes on writing."""
    reads.hold()
    await chat.drop(PICTURE)
    turn = await chat.ask("Read the text in this picture.")
    await turn.expect_node(READ, "running")
    await chat.text.fill(MEANWHILE)
    return turn


def away(chat: Chat) -> Locator:
    return chat.page.get_by_text("The controller does not answer.")


def port_of(address: str) -> int:
    return int(address.rsplit(":", 1)[1])
