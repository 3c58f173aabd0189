"""Takes the pictures of the page in docs/screenshots anew, of what the starter experts do: `make web-screenshots`."""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.async_api import Page, expect

from tests.web.browser import browsing, chromium
from tests.web.chat_page import Chat
from tests.web.requests import PICTURE, READ_ALOUD, ROOT
from tests.web.starter_platform import StarterPlatform, starter_platform

FOLDER: Final = ROOT / "docs" / "screenshots"
LARGEST_BYTES: Final = 250_000

DESKTOP: Final = {"viewport": {"width": 1280, "height": 1000}}
NARROW: Final = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}

Scene = Callable[[Page, str], Awaitable[None]]


@dataclass(frozen=True)
class Screenshot:
    """One picture: what is on the page, and how it is looked at."""

    name: str
    scene: Scene
    settings: dict[str, Any] = field(default_factory=lambda: dict(DESKTOP))


async def answered(page: Page, origin: str, request: str = READ_ALOUD) -> None:
    """A picture was read aloud."""
    chat = await Chat.open(page, origin)
    await chat.drop(PICTURE)
    turn = await chat.ask(request)
    await turn.expect_state("succeeded")
    await expect(turn.article.locator("audio").last).to_be_visible()


async def answered_in_chinese(page: Page, origin: str) -> None:
    """The same, asked in Chinese."""
    await answered(page, origin, "朗读这张图片里的文字。")


async def to_approve(page: Page, origin: str) -> None:
    """A plan waits to be approved."""
    chat = await Chat.open(page, origin)
    await page.get_by_role("switch", name="Ask me before running").check()
    await chat.drop(PICTURE)
    turn = await chat.ask("Read the text in this picture aloud, slowly.")
    await turn.expect_state("awaiting")
    await turn.node("image-to-text-1").scroll_into_view_if_needed()


async def hosts(page: Page, origin: str) -> None:
    """The host, its memory and what is loaded."""
    await page.goto(f"{origin}/#/hosts")
    await expect(page.get_by_role("meter").first).to_be_visible()


async def models(page: Page, origin: str) -> None:
    """The catalogue."""
    await page.goto(f"{origin}/#/models")
    await expect(page.get_by_role("heading", name="espeak-ng")).to_be_visible()


SCREENSHOTS: Final = (
    Screenshot("desktop", answered),
    Screenshot("dark", answered, {**DESKTOP, "color_scheme": "dark"}),
    Screenshot("narrow", answered, NARROW),
    Screenshot("chinese", answered_in_chinese, {**DESKTOP, "locale": "zh-CN"}),
    Screenshot("approval", to_approve),
    Screenshot("hosts", hosts),
    Screenshot("models", models),
)


def optimised(content: bytes) -> bytes:
    """Makes a PNG file small: as it is where that is enough, with 256 colours otherwise."""
    with Image.open(io.BytesIO(content)) as picture:
        for smaller in (picture.convert("RGB"), picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)):
            file = io.BytesIO()
            smaller.save(file, "png", optimize=True)
            if len(file.getvalue()) <= LARGEST_BYTES:
                return file.getvalue()
    raise ValueError(f"a picture of {len(file.getvalue())} bytes is too large for the documentation")


async def take(platform: StarterPlatform, folder: Path) -> None:
    """Takes them all."""
    async with chromium() as browser:
        for screenshot in SCREENSHOTS:
            async with browsing(browser, reduced_motion="reduce", **screenshot.settings) as page:
                await screenshot.scene(page, platform.origin)
                path = folder / f"{screenshot.name}.png"
                path.write_bytes(optimised(await page.screenshot()))
                print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


async def main(folder: Path) -> None:
    """Starts a platform, and takes them."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        async with starter_platform(Path(home)) as platform:
            await take(platform, folder)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
