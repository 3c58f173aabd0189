"""The `openai` package, which holds every answer to its types, before a real gateway and controller."""

from __future__ import annotations

import importlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import openai
import pytest

from orchestrion_controller.server import Controller
from orchestrion_gateway.server import Gateway
from tests.rpc.controller.conftest import StartController
from tests.rpc.gateway.openai.talking_host import Talk, TalkingHost

StartTalkingHost = Callable[..., Awaitable[TalkingHost]]

PLANNER = """
from orchestrion.events import PlanFinished, TaskPlanned
from orchestrion.plans import Plan, Task
from orchestrion.refusals import NotDone
from orchestrion.values import ArtifactRef, OutputRef
from orchestrion_controller.plugins import Usage

class Reader:
    name = "reader"
    runs_partial = False

    async def plan(self, request):
        words = request.messages[-1].text
        yield Usage(1, 30, 12)
        if "moon" in words:
            part = NotDone(words, "Nothing here does that.")
            yield PlanFinished(Plan((), part.reason), not_done=(part,))
            return
        earlier = request.history[-1].results if request.history else {}
        if request.attachments and request.messages[-1].artifacts:
            tasks = (
                Task("read", "image-to-text", {"image": ArtifactRef("attachments/1")}),
                Task("speak", "text-to-speech", {"text": OutputRef("read", "text")}),
            )
        else:
            text = earlier["read"].outputs["text"] if "read" in earlier else words
            tasks = (Task("speak", "text-to-speech", {"text": text}),)
        for task in tasks:
            yield TaskPlanned(task)
        yield PlanFinished(Plan(tasks))
"""
"""A planner that reads a picture aloud, or speaks what was read or said: loading the built-in one takes seconds."""


@pytest.fixture
def planners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Installs it into a folder on the path."""
    folder = tmp_path / "site"
    (info := folder / "reading_planner-1.0.dist-info").mkdir(parents=True)
    (folder / "reading_planner.py").write_text(PLANNER)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: reading_planner\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[orchestrion.planners]\nreader = reading_planner:Reader\n")
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()
    yield
    sys.modules.pop("reading_planner", None)


@pytest.fixture
async def controller(planners: None, start_controller: StartController) -> Controller:
    del planners
    return await start_controller(planner="reader")


@pytest.fixture
async def start_talkers(address: str) -> AsyncIterator[StartTalkingHost]:
    """Starts hosts, of experts that are `id` to task type and what they do."""
    async with AsyncExitStack() as stack:

        async def start(experts: dict[str, tuple[str, Talk]], name: str = "one") -> TalkingHost:
            host = TalkingHost(name, address, experts)
            stack.push_async_callback(host.stop)
            await host.start()
            return host

        yield start


def client_of(gateway: Gateway, *, strict: bool = True) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        base_url=f"http://{gateway.address}/v1",
        api_key="sk-whatever",
        max_retries=0,
        http_client=openai.DefaultAsyncHttpxClient(trust_env=False),
        _strict_response_validation=strict,
    )


@pytest.fixture
async def ai(gateway: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    async with client_of(gateway) as ai:
        yield ai


@pytest.fixture
async def lenient_ai(gateway: Gateway) -> AsyncIterator[openai.AsyncOpenAI]:
    """For answers in which OpenAI has fields that nobody here can fill."""
    async with client_of(gateway, strict=False) as ai:
        yield ai
