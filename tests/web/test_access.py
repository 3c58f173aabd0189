"""Whoever comes: by keyboard alone, in Chinese, on a narrow screen, in the dark, with a screen reader."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.web.axe import serious_faults
from tests.web.conftest import OpenChat
from tests.web.platform import Platform
from tests.web.requests import PICTURE, READ_ALOUD, SAY, SPEAK

pytestmark = [pytest.mark.web, pytest.mark.asyncio(loop_scope="session")]

NARROW = {"width": 390, "height": 844}
ADDRESSES = ("#/", "#/hosts", "#/models")


async def tab_to(page: Page, role_or_tag: str, name: str = "") -> None:
    """Presses Tab until the focus is on what is looked for, which must be seen to have it."""
    wanted = page.locator(role_or_tag) if not name else page.get_by_role(role_or_tag, name=name)  # type: ignore[arg-type]
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await wanted.evaluate_all("elements => elements.includes(document.activeElement)"):
            outlined = await page.evaluate(
                """() => {
                  const seen = (element) => {
                    const style = getComputedStyle(element);
                    return style.outlineStyle !== "none" || style.boxShadow !== "none";
                  };
                  let element = document.activeElement;
                  for (let up = 0; element && up < 4; up++) {
                    if (seen(element)) return true;
                    element = element.parentElement;
                  }
                  return false;
                }"""
            )
            assert outlined, f"{name or role_or_tag} does not show that it has the focus"
            return
    raise AssertionError(f"60 presses of Tab do not reach {name or role_or_tag}")


async def test_everything_goes_by_keyboard(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    keyboard = chat.page.keyboard
    await tab_to(chat.page, "textarea")
    await keyboard.type('Say "one"')
    await keyboard.press("Shift+Enter")
    await keyboard.type("slowly.")
    await expect(chat.text).to_have_value('Say "one"\nslowly.')
    scripted.speaker.hold()
    await keyboard.press("Enter")
    turn = chat.turn()
    await turn.expect_node(SPEAK, "running")
    await expect(chat.text).to_be_focused()

    await tab_to(chat.page, "button", "Stop")
    await keyboard.press("Enter")
    await turn.expect_state("cancelled")

    scripted.speaker.let_go()
    await tab_to(chat.page, "switch", "Ask me before running")
    await keyboard.press("Space")
    await chat.text.focus()
    await keyboard.type(SAY)
    await keyboard.press("Enter")
    second = chat.turn(2)
    await second.expect_state("awaiting")
    await tab_to(chat.page, "button", "Run this plan")
    await keyboard.press("Enter")
    await second.expect_state("succeeded")

    await tab_to(chat.page, "link", "Hosts")
    await keyboard.press("Enter")
    await expect(chat.page.get_by_role("article", name="one")).to_be_visible()


async def test_the_camera_closes_with_escape(open_chat: OpenChat) -> None:
    chat = await open_chat(permissions=["camera"])
    await chat.page.get_by_role("button", name="Take a picture").press("Enter")
    await expect(chat.page.get_by_role("dialog")).to_be_visible()
    await chat.page.keyboard.press("Escape")
    await expect(chat.page.get_by_role("dialog")).to_be_hidden()
    await expect(chat.page.get_by_role("button", name="Take a picture")).to_be_focused()


async def test_it_speaks_chinese_where_the_browser_does(open_chat: OpenChat) -> None:
    chat = await open_chat(locale="zh-CN")
    await expect(chat.page.locator("html")).to_have_attribute("lang", re.compile("^zh"))
    turn = await chat.ask("说“早上好”。")
    await turn.expect_state("succeeded")
    await turn.step(SPEAK).locator("summary").first.click()
    await expect(turn.step(SPEAK)).to_contain_text("排名第一")
    for address in ADDRESSES:
        await chat.page.evaluate("address => { location.hash = address; }", address)
        labels = await chat.page.evaluate(
            """() => [...document.querySelectorAll("button, a, label, h1, h2, h3, [aria-label]")]
              .map((element) => element.getAttribute("aria-label") ?? element.textContent)"""
        )
        words = {label.strip() for label in labels}
        assert not words & {"Chat", "Hosts", "Models", "Send", "Conversations", "Files", "Search", "Steps", "Plan"}
        assert sum(1 for word in words if re.search("[\u4e00-\u9fff]", word)) >= 5

    await chat.page.get_by_role("button", name="English").click()
    await expect(chat.page.get_by_role("link", name="Models")).to_be_visible()
    await expect(chat.page.locator("html")).to_have_attribute("lang", re.compile("^en"))


async def test_it_fits_a_narrow_screen(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat(viewport=NARROW, has_touch=True, is_mobile=True)
    await chat.page.get_by_role("switch", name="Ask me before running").check()
    await chat.drop(PICTURE)
    turn = await chat.ask(READ_ALOUD)
    await turn.expect_state("awaiting")
    await expect_no_sideways_scrolling(chat.page)
    await turn.approval.get_by_role("button", name="Run this plan").tap()
    await turn.expect_state("succeeded")
    await turn.step(SPEAK).locator("summary").first.tap()
    await expect_no_sideways_scrolling(chat.page)
    await expect(chat.page.get_by_role("button", name="Send")).to_be_in_viewport()

    await chat.page.get_by_role("button", name="Conversations", exact=True).tap()
    await expect(chat.conversations.get_by_role("link", name=READ_ALOUD)).to_be_in_viewport()
    await chat.page.keyboard.press("Escape")
    await expect(chat.conversations).to_be_hidden()
    for address in ADDRESSES:
        await chat.page.evaluate("address => { location.hash = address; }", address)
        await expect_no_sideways_scrolling(chat.page)


async def expect_no_sideways_scrolling(page: Page) -> None:
    width = await page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= NARROW["width"]


async def test_it_is_dark_where_the_system_is(open_chat: OpenChat) -> None:
    chat = await open_chat(color_scheme="dark")
    assert await brightness(chat.page) < 0.2
    await chat.page.get_by_role("button", name="Colours: automatic").click()
    await expect(chat.page.get_by_role("button", name="Colours: light")).to_be_visible()
    assert await brightness(chat.page) > 0.8
    await chat.page.reload()
    await expect(chat.page.get_by_role("button", name="Colours: light")).to_be_visible()
    assert await brightness(chat.page) > 0.8


async def brightness(page: Page) -> float:
    """Returns how bright the page's ground is, from 0 to 1."""
    return float(
        await page.evaluate(
            """() => {
              const canvas = new OffscreenCanvas(1, 1).getContext("2d");
              for (const element of [document.documentElement, document.body]) {
                canvas.fillStyle = getComputedStyle(element).backgroundColor;
                canvas.fillRect(0, 0, 1, 1);
              }
              const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
              return (red + green + blue) / (3 * 255);
            }"""
        )
    )


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"color_scheme": "light"}, id="light"),
        pytest.param({"color_scheme": "dark"}, id="dark"),
        pytest.param({"viewport": NARROW}, id="narrow"),
    ],
)
async def test_axe_finds_no_serious_fault(open_chat: OpenChat, scripted: Platform, settings: dict[str, object]) -> None:
    # Things that fade in are half transparent for a moment.
    chat = await open_chat(reduced_motion="reduce", **settings)
    faults = {"empty": await serious_faults(chat.page)}
    scripted.speaker.hold()
    await chat.drop(PICTURE)
    turn = await chat.ask(READ_ALOUD)
    await turn.expect_node(SPEAK, "running")
    faults["running"] = await serious_faults(chat.page)
    scripted.speaker.let_go()
    await turn.expect_state("succeeded")
    await turn.step(SPEAK).locator("summary").first.click()
    await chat.show_files()
    faults["succeeded"] = await serious_faults(chat.page)
    await chat.page.keyboard.press("Escape")
    await chat.page.get_by_role("switch", name="Ask me before running").check()
    await (await chat.ask(SAY, turn=2)).expect_state("awaiting")
    faults["awaiting"] = await serious_faults(chat.page)
    for address, shown in (("#/hosts", "meter"), ("#/models", "searchbox")):
        await chat.page.evaluate("address => { location.hash = address; }", address)
        await expect(chat.page.get_by_role(shown).first).to_be_visible()  # type: ignore[arg-type]
        faults[address] = await serious_faults(chat.page)
    assert {state: faults_of_it for state, faults_of_it in faults.items() if faults_of_it} == {}
