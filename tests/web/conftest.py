"""One Chromium for all tests of pages; it lives on one event loop, the session's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.web.browser import browsing, chromium

OpenPage = Callable[..., Awaitable[Page]]


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
