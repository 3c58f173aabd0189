"""The tabs of hosts and models: live, without a reload."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import expect

from orchestrion._codec import codec
from orchestrion.errors import Reason
from orchestrion.experts import Expert, ExpertState
from orchestrion.models import ListedModel, ModelProgress
from orchestrion.v1 import experts_pb2
from orchestrion.v1 import model_host_service_pb2 as pb
from orchestrion_serving.interceptors import Context
from tests.rpc.controller.scripted_host import ScriptedHost, echo
from tests.web.conftest import OpenChat
from tests.web.platform import Platform

pytestmark = [pytest.mark.web, pytest.mark.asyncio(loop_scope="session")]


class PullingHost(ScriptedHost):
    """A scripted host with one model, which is to be fetched; the test says when the fetching goes on."""

    def __init__(self, name: str, controller: str) -> None:
        super().__init__(name, controller, {"large-model": echo})
        self.state = ExpertState.TO_BE_FETCHED
        self.go_on = asyncio.Event()
        self.left = asyncio.Event()

    @property
    def model(self) -> Expert:
        return Expert(
            "large-model", "scripted", "transformers", task_types=("image-to-text",), description="A large one."
        )

    async def ListModels(self, request: pb.ListModelsRequest, context: Context) -> pb.ListModelsResponse:
        return pb.ListModelsResponse(models=[codec.encode(ListedModel(self.model, self.state, offered=True))])

    async def AddModel(self, request: pb.AddModelRequest, context: Context) -> experts_pb2.Expert:
        if request.model != "somebody/large-model":
            raise Reason.INVALID_FIELD.error("model: there is none of this name.", field="model")
        return codec.encode(self.model)

    async def PullModel(self, request: pb.PullModelRequest, context: Context) -> AsyncIterator[pb.ModelProgress]:
        try:
            yield codec.encode(ModelProgress("fetching", 500_000_000, 2_000_000_000))
            await self.go_on.wait()
            self.state = ExpertState.LOADABLE
            await self.report()
            yield codec.encode(ModelProgress("done", 2_000_000_000, 2_000_000_000, self.model))
        except asyncio.CancelledError:
            self.left.set()
            raise


async def test_hosts_come_and_go_on_the_page(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    await chat.page.get_by_role("link", name="Hosts").click()
    one = chat.page.get_by_role("article", name="one")
    memory = one.get_by_role("meter").first
    await expect(memory).to_have_js_property("value", 4 << 30)
    await expect(memory).to_have_js_property("max", 8 << 30)
    await expect(one).to_contain_text("speaker")
    async with AsyncExitStack() as stack:
        two = ScriptedHost("two", scripted.client.address, {"echo": echo})
        stack.push_async_callback(two.stop)
        await two.start()
        await expect(chat.page.get_by_role("article", name="two")).to_contain_text("ready")
        await two.report(draining=True)
        await expect(chat.page.get_by_role("article", name="two")).to_contain_text("shutting down")
        await two.report()
        ready = chat.page.get_by_role("article", name="two").filter(has_text="ready")
        await expect(ready).to_be_visible()
        await two.disconnect()
        await expect(ready).to_have_count(0)


async def test_a_model_is_pulled_with_progress_and_can_be_left(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    async with AsyncExitStack() as stack:
        host = PullingHost("puller", scripted.client.address)
        stack.push_async_callback(host.stop)
        await host.start()
        await chat.page.get_by_role("link", name="Models").click()
        await chat.page.get_by_role("combobox", name="Host").select_option(label="puller")
        pull = chat.page.get_by_role("button", name="Pull large-model")
        await pull.click()
        progress = chat.page.get_by_role("progressbar", name="Pulling large-model")
        await expect(progress).to_have_js_property("value", 500_000_000)
        await chat.page.get_by_role("button", name="Cancel large-model").click()
        await host.left.wait()
        await expect(progress).to_be_hidden()

        await pull.click()
        await expect(progress).to_be_visible()
        host.go_on.set()
        await expect(chat.page.get_by_role("button", name="Load large-model", exact=True)).to_be_visible()


async def test_a_model_is_added_by_its_name_and_pulled(open_chat: OpenChat, scripted: Platform) -> None:
    chat = await open_chat()
    async with AsyncExitStack() as stack:
        host = PullingHost("adder", scripted.client.address)
        stack.push_async_callback(host.stop)
        await host.start()
        await chat.page.get_by_role("link", name="Models").click()
        await chat.page.get_by_role("combobox", name="Host").select_option(label="adder")
        form = chat.page.get_by_role("form", name="Add a model")
        await form.get_by_role("textbox").fill("somebody/nothing")
        await form.get_by_role("button", name="Add and pull").click()
        await expect(form.get_by_role("alert")).to_contain_text("there is none of this name")

        await form.get_by_role("textbox").fill("somebody/large-model")
        await form.get_by_role("button", name="Add and pull").click()
        await expect(form).to_contain_text("large-model is added")
        progress = chat.page.get_by_role("progressbar", name="Pulling large-model")
        await expect(progress).to_have_js_property("value", 500_000_000)
        host.go_on.set()
        await expect(chat.page.get_by_role("button", name="Load large-model", exact=True)).to_be_visible()
