"""One Chromium for all tests of pages; it lives on one event loop, the session's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.web.browser import browsing, chromium
from tests.web.chat_page import Chat
from tests.web.platform import Platform, platform
from tests.web.starter_platform import StarterPlatform, starter_platform

OpenPage = Callable[..., Awaitable[Page]]
OpenChat = Callable[..., Awaitable[Chat]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Opens pages, each in a browser context of its own; a test sets what it needs of `Browser.new_context`."""
    async with AsyncExitStack() as stack:

        async def open_page(**settings: object) -> Page:
            return await stack.enter_async_context(browsing(browser, **settings))

        yield open_page


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Platform]:
    async with platform(tmp_path_factory.mktemp("web")) as platform_:
        yield platform_


@pytest.fixture
def scripted(shared_platform: Platform) -> Platform:
    """The scripted platform, with all gates open."""
    shared_platform.let_go()
    return shared_platform


@pytest_asyncio.fixture(loop_scope="session")
async def open_chat(scripted: Platform, open_page: OpenPage) -> OpenChat:
    """Opens the page of the scripted platform, as one person each time."""

    async def open_chat(**settings: object) -> Chat:
        return await Chat.open(await open_page(**settings), scripted.origin)

    return open_chat


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def starter(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StarterPlatform]:
    async with starter_platform(tmp_path_factory.mktemp("starter")) as platform_:
        yield platform_
