"""Debian's Chromium, driven by Playwright: no network beyond this machine, and a log of what its pages ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, async_playwright, expect

CHROMIUM: Final = "/usr/bin/chromium"
TIMEOUT_MS: Final = 30_000
"""How long anything that must happen may take on a busy machine."""

_ARGUMENTS: Final = (
    # No name and no address but this machine's own is ever resolved, whatever a page or the browser itself asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    # A microphone that beeps and a camera that shows a clock; nobody is there to allow them.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # A container's shared memory is often too small.
    "--disable-dev-shm-usage",
)
_OWN_SCHEMES: Final = {"blob", "data", "about"}


@dataclass
class Observations:
    """What the pages of one browser context did that no page may do."""

    foreign_requests: list[str] = field(default_factory=list)
    """Addresses that were asked for beyond this machine."""
    errors: list[str] = field(default_factory=list)
    """Exceptions that nobody caught, and what the page's content policy refused."""

    def watch(self, context: BrowserContext) -> None:
        """Begins to write down what happens in a context."""
        context.on("request", self._take_request)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("console", self._take_message)

    def check(self) -> None:
        """Fails where something was written down."""
        assert not self.foreign_requests, self.foreign_requests
        assert not self.errors, self.errors

    def _take_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in _OWN_SCHEMES and address.hostname not in {"127.0.0.1", "localhost"}:
            self.foreign_requests.append(request.url)

    def _take_message(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            self.errors.append(message.text)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Starts the browser, and ends it."""
    expect.set_options(timeout=TIMEOUT_MS)
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        except Error as error:
            raise RuntimeError(f"These tests need Debian's Chromium (apt install chromium): {error.message}") from error
        async with browser:
            yield browser


@asynccontextmanager
async def browsing(browser: Browser, **settings: Any) -> AsyncIterator[Page]:
    """Opens a page with a storage of its own, as another person's browser has it; checks at the end what it did.

    Args:
        browser: The browser.
        settings: Those of `Browser.new_context`: `viewport`, `locale`, `color_scheme`, …
    """
    observations = Observations()
    async with await browser.new_context(**settings) as context:
        context.set_default_timeout(TIMEOUT_MS)
        observations.watch(context)
        yield await context.new_page()
    observations.check()
