"""Answers of a language model in the page: its Markdown is shown, and nothing in it does anything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.llm_server import LLMServer
from tests.web.chat_page import Chat, Turn
from tests.web.conftest import OpenPage
from tests.web.platform import serving_page, start_controller

pytestmark = [pytest.mark.web, pytest.mark.asyncio(loop_scope="session")]

PLAN = '{"tasks": [], "no_task_reason": "This is talk."}'
ANSWER = """# Three things

1. **bold** and *slanted*
2. `code` of a_file_name.txt

| a | b |
| - | - |
| 1 | 2 |

[a page](https://example.org/page) and [a trick](javascript:document.body.remove())
![a picture](https://example.org/spy.png)
<img src=x onerror="document.body.remove()"><script>document.body.remove()</script>
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def origin(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A page whose controller asks a scripted language model."""
    async with AsyncExitStack() as stack:
        llm = await stack.enter_async_context(LLMServer(plan=PLAN, answer=ANSWER))
        home: Path = tmp_path_factory.mktemp("markdown")
        controller = await start_controller(home, llm_base_url=llm.base_url, llm_model="scripted")
        stack.push_async_callback(controller.stop)
        yield await stack.enter_async_context(serving_page(f"127.0.0.1:{controller.grpc_port}"))


async def turn_of(open_page: OpenPage, origin: str) -> Turn:
    chat = await Chat.open(await open_page(), origin)
    turn = await chat.ask("What are the three things?")
    await turn.expect_state("succeeded")
    return turn


async def test_lists_tables_and_emphasis_are_shown_as_such(open_page: OpenPage, origin: str) -> None:
    answer = (await turn_of(open_page, origin)).answer
    await expect(answer.get_by_role("heading", name="Three things")).to_be_visible()
    await expect(answer.get_by_role("listitem")).to_have_count(2)
    await expect(answer.locator("strong")).to_have_text("bold")
    await expect(answer.get_by_role("cell", name="2")).to_be_visible()
    await expect(answer).to_contain_text("a_file_name.txt")


async def test_nothing_in_an_answer_does_anything(open_page: OpenPage, origin: str) -> None:
    """Given markup, a script and pictures of another place, they stand there as text and as links."""
    answer = (await turn_of(open_page, origin)).answer
    await expect(answer).to_contain_text('<img src=x onerror="document.body.remove()">')
    await expect(answer).to_contain_text("<script>")
    await expect(answer.locator("img, script")).to_have_count(0)
    link = answer.get_by_role("link", name="a page")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(answer.get_by_role("link", name="a picture")).to_be_visible()
    await expect(answer.locator('a[href^="javascript"]')).to_have_count(0)
    await expect(answer).to_contain_text("a trick")
