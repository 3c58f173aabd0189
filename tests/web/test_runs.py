"""A run in the page: the plan fills in, is approved, stopped, gone on with, and tried with another expert."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.web.conftest import OpenChat
from tests.web.platform import Platform
from tests.web.requests import PICTURE, READ, READ_ALOUD, SAY, SPEAK

pytestmark = [pytest.mark.web, pytest.mark.asyncio(loop_scope="session")]


async def test_the_graph_fills_in_as_tasks_go_on(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    scripted.reader.hold()
    scripted.speaker.hold()
    await chat.drop(PICTURE)
    turn = await chat.ask(READ_ALOUD)

    await turn.expect_node(READ, "running")
    await expect(turn.node(SPEAK)).to_have_attribute("data-state", re.compile("planned|assigned"))
    await expect(turn.step(READ)).to_contain_text("reader")
    await turn.expect_state("running")

    scripted.reader.let_go()
    await turn.expect_node(READ, "succeeded")
    await turn.expect_node(SPEAK, "running")

    scripted.speaker.let_go()
    await turn.expect_node(SPEAK, "succeeded")
    await turn.expect_state("succeeded")
    await expect(turn.answer).to_contain_text("Mind the gap")
    await expect(turn.audio).to_have_js_property("duration", 1)
    await expect(turn.results.get_by_role("link", name="Download speech.wav")).to_be_visible()


async def test_a_plan_is_edited_and_approved(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    await chat.page.get_by_role("switch", name="Ask me before running").check()
    turn = await chat.ask(SAY)
    await turn.expect_state("awaiting")
    calls = len(scripted.host.calls)

    await turn.approval.get_by_label("Text", exact=True).fill("good evening")
    await turn.approval.get_by_role("button", name="Run this plan").click()

    await turn.expect_state("succeeded")
    assert [inputs["text"] for _, inputs in scripted.host.calls[calls:]] == ["good evening"]
    await expect(turn.answer).to_contain_text("good evening")


async def test_a_plan_is_edited_as_json(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    await chat.page.get_by_role("switch", name="Ask me before running").check()
    turn = await chat.ask(SAY)
    await turn.approval.get_by_role("button", name="Edit as JSON").click()
    plan = turn.approval.get_by_role("textbox", name="Plan as JSON")
    await plan.fill((await plan.input_value()).replace("good morning", "good night"))
    calls = len(scripted.host.calls)
    await turn.approval.get_by_role("button", name="Run this plan").click()

    await turn.expect_state("succeeded")
    assert [inputs["text"] for _, inputs in scripted.host.calls[calls:]] == ["good night"]


async def test_a_plan_that_breaks_a_rule_is_refused_and_can_be_mended(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    await chat.page.get_by_role("switch", name="Ask me before running").check()
    turn = await chat.ask(SAY)
    await turn.approval.get_by_role("button", name="Edit as JSON").click()
    plan = turn.approval.get_by_role("textbox", name="Plan as JSON")
    right = await plan.input_value()
    await plan.fill(right.replace("text-to-speech", "text-to-scent"))
    await turn.approval.get_by_role("button", name="Run this plan").click()
    await expect(turn.article.get_by_role("alert")).to_contain_text("text-to-scent")
    await turn.expect_state("awaiting")

    await plan.fill(right)
    await turn.approval.get_by_role("button", name="Run this plan").click()
    await turn.expect_state("succeeded")


async def test_a_plan_that_is_discarded_runs_nothing(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    await chat.page.get_by_role("switch", name="Ask me before running").check()
    turn = await chat.ask(SAY)
    calls = len(scripted.host.calls)
    await turn.approval.get_by_role("button", name="Discard").click()
    await turn.expect_state("cancelled")
    assert len(scripted.host.calls) == calls


async def test_stopping_ends_the_work_on_the_host(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    scripted.speaker.hold()
    turn = await chat.ask(SAY)
    await turn.expect_node(SPEAK, "running")
    assert scripted.host.going == 1
    await chat.stop.click()

    await turn.expect_state("cancelled")
    await turn.expect_node(SPEAK, "cancelled")
    await scripted.host.cancelled.wait()
    assert scripted.host.going == 0
    await expect(chat.page.get_by_role("button", name="Send")).to_be_visible()


async def test_a_page_that_is_reloaded_in_the_middle_goes_on(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    scripted.speaker.hold()
    turn = await chat.ask(SAY)
    await turn.expect_node(SPEAK, "running")
    run = await turn.run()

    await chat.page.reload()
    await turn.expect_node(SPEAK, "running")
    assert await turn.run() == run
    await expect(turn.article).to_contain_text(SAY)
    scripted.speaker.let_go()
    await turn.expect_state("succeeded")
    await expect(turn.audio).to_have_js_property("duration", 1)

    # And another day.
    await chat.page.reload()
    await turn.expect_state("succeeded")
    await expect(turn.answer).to_contain_text("good morning")


async def test_another_expert_does_it_once_more(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    turn = await chat.ask(SAY)
    await turn.expect_state("succeeded")
    first, _ = scripted.host.calls[-1]
    (other,) = {"speaker", "other-speaker"} - {first}
    summary = turn.step(SPEAK).locator("summary").first
    await summary.click()
    await turn.step(SPEAK).get_by_role("button", name=f"Use {other} instead").click()

    again = chat.turn(2)
    await again.expect_state("succeeded")
    assert scripted.host.calls[-1][0] == other


async def test_a_run_can_be_asked_again(open_chat: OpenChat) -> None:
    chat = await open_chat()
    turn = await chat.ask(SAY)
    await turn.expect_state("succeeded")
    await turn.article.get_by_role("button", name="Ask again").click()
    await chat.turn(2).expect_state("succeeded")
    assert await chat.turn(2).run() != await turn.run()


async def test_what_cannot_be_done_is_said_with_what_can(open_chat: OpenChat) -> None:
    chat = await open_chat()
    turn = await chat.ask('Say "good morning", and mail it to Tom.')
    await turn.expect_state("failed")
    refusal = turn.article.get_by_role("alert")
    await expect(refusal).to_contain_text("mail it to Tom")
    await refusal.get_by_role("button", name="good morning").click()
    await chat.turn(2).expect_state("succeeded")


async def test_a_run_that_was_deleted_is_said_to_be_gone(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    turn = await chat.ask(SAY)
    await turn.expect_state("succeeded")
    await scripted.client.runs.delete(await turn.run())
    await chat.page.reload()
    await turn.expect_state("gone")
