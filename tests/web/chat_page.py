"""The page as people use it, by the roles and names of `clients/gateway/web/README.md`."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from playwright.async_api import Locator, Page, expect

_CARRY = """(target, [files, how]) => {
  const carried = new DataTransfer();
  for (const { name, type, content } of files) {
    const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
    carried.items.add(new File([bytes], name, { type }));
  }
  const options = { bubbles: true, cancelable: true };
  if (how === "paste") target.dispatchEvent(new ClipboardEvent(how, { ...options, clipboardData: carried }));
  else for (const kind of ["dragenter", "dragover", "drop"])
    target.dispatchEvent(new DragEvent(kind, { ...options, dataTransfer: carried }));
}"""


@dataclass(frozen=True)
class Turn:
    """One request and what came of it."""

    article: Locator

    @property
    def answer(self) -> Locator:
        return self.article.get_by_role("region", name="Answer")

    @property
    def results(self) -> Locator:
        return self.article.get_by_role("list", name="Results").get_by_role("listitem")

    @property
    def audio(self) -> Locator:
        return self.article.get_by_role("list", name="Results").locator("audio")

    async def duration_s(self) -> float:
        """How long the sound among the results is, once the browser has read as much of it."""
        seconds: float = await self.audio.evaluate(
            """sound => sound.readyState > 0 ? sound.duration
              : new Promise(resolve => sound.addEventListener("loadedmetadata", () => resolve(sound.duration)))"""
        )
        return seconds

    @property
    def approval(self) -> Locator:
        return self.article.get_by_role("form", name="Plan to approve")

    def node(self, task_id: str) -> Locator:
        """A task in the drawn plan."""
        return self.article.get_by_role("group", name="Plan").locator(f'[data-task="{task_id}"]')

    def step(self, task_id: str) -> Locator:
        """A task in the list of steps."""
        return self.article.locator(f'[data-step="{task_id}"]')

    async def expect_state(self, state: str) -> None:
        """Waits until the run is in a state."""
        await expect(self.article).to_have_attribute("data-state", state)

    async def expect_node(self, task_id: str, state: str) -> None:
        """Waits until a task is in a state, as the graph shows it."""
        await expect(self.node(task_id)).to_have_attribute("data-state", state)

    async def run(self) -> str:
        """Returns the name of the run."""
        name = await self.article.get_attribute("data-run")
        assert name
        return name


@dataclass(frozen=True)
class Chat:
    """The first tab."""

    page: Page

    @classmethod
    async def open(cls, page: Page, origin: str) -> Self:
        """Goes there, and waits until one can write."""
        await page.goto(origin)
        chat = cls(page)
        await expect(chat.text).to_be_visible()
        return chat

    @property
    def form(self) -> Locator:
        return self.page.locator("form:has(textarea)").first

    @property
    def text(self) -> Locator:
        return self.form.get_by_role("textbox").first

    @property
    def attached(self) -> Locator:
        return self.page.get_by_role("list", name="Attached files").get_by_role("listitem")

    @property
    def stop(self) -> Locator:
        return self.page.get_by_role("button", name="Stop", exact=True)

    @property
    def files(self) -> Locator:
        return self.page.get_by_role("complementary", name="Files")

    @property
    def conversations(self) -> Locator:
        return self.page.get_by_role("complementary", name="Conversations")

    def turn(self, number: int = 1) -> Turn:
        """A turn of the conversation, from 1 on."""
        return Turn(self.page.get_by_role("article").nth(number - 1))

    async def ask(self, text: str, turn: int = 1) -> Turn:
        """Writes a request and sends it."""
        await self.text.fill(text)
        await self.text.press("Enter")
        await expect(self.turn(turn).article).to_contain_text(text)
        return self.turn(turn)

    async def drop(self, *paths: Path) -> None:
        """Drops files where requests are written."""
        await self._carry(paths, "drop")

    async def paste(self, *paths: Path) -> None:
        """Pastes files where requests are written."""
        await self._carry(paths, "paste")

    async def _carry(self, paths: Sequence[Path], how: str) -> None:
        files = [
            {
                "name": path.name,
                "type": mimetypes.guess_type(path.name)[0] or "",
                "content": base64.b64encode(path.read_bytes()).decode(),
            }
            for path in paths
        ]
        await self.text.evaluate(_CARRY, [files, how])

    async def choose(self, *paths: Path) -> None:
        """Chooses files as the dialog of the system does."""
        await self.form.locator("input[type=file]").set_input_files(paths)

    async def show_files(self) -> None:
        """Opens the panel of the conversation's files, where it is closed."""
        if not await self.files.is_visible():
            await self.page.get_by_role("button", name="Files", exact=True).click()
        await expect(self.files).to_be_visible()
