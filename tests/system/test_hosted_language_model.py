"""A language model that is an expert of the platform's own hosts: the hosts are other processes, and may be killed."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
import yaml

from orchestrion import AsyncClient, names
from orchestrion._processes.supervision import Child, Supervisor
from orchestrion.errors import DeadlineExceededError, FailedPreconditionError, OrchestrionError, UnavailableError
from orchestrion.events import AnswerText, RunFinished, Stage, StageFinished, StageStarted
from orchestrion.experts import ExpertState, Host, HostState
from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.language_model import ChatMessage, ChatModel, Ended, Schema
from orchestrion_controller.server import Controller
from tests.checkpoints import text_models
from tests.llm_server import LLMServer
from tests.rpc.controller.plans import collect
from tests.system.processes import TIMEOUT_S, eventually, kill, metric, process_of, running

TALKERS = Path(__file__).parent / "talkers.py"

pytestmark = pytest.mark.timeout(180)


class Platform:
    """A controller in this process, and hosts in others."""

    def __init__(self, home: Path, supervisor: Supervisor) -> None:
        self._home = home
        self._supervisor = supervisor
        self._controllers: list[Controller] = []
        self.hosts: dict[str, Child] = {}

    async def controller(self, **settings: Any) -> Controller:
        own: dict[str, Any] = {"port": 0, "metrics_port": 0, "shutdown_grace_s": 0.2}
        config = ControllerConfig(home=self._home / "controller", **own, **settings)
        controller = Controller(config)
        await controller.start()
        self._controllers.append(controller)
        return controller

    async def host(self, name: str, *flags: str) -> Child:
        """Starts a host that offers nothing but what the flags bring, and waits until it gets work."""
        (controller,) = self._controllers
        own = ["--exit-with-parent", "--port", "0", "--metrics-port", "0", "--home", str(self._home / name)]
        where = ["--controller", f"127.0.0.1:{controller.grpc_port}", "--name", name, "--profile", "none"]
        arguments = ["-m", "orchestrion_host", *own, *where, *flags]
        self.hosts[name] = await asyncio.to_thread(self._supervisor.start, f"host {name}", arguments)
        await self.until(name, lambda host: host.state is HostState.READY)
        return self.hosts[name]

    async def until(self, name: str, wanted: Callable[[Host], bool]) -> None:
        """Waits until the controller lists a host as wanted."""
        async with (
            AsyncClient(f"127.0.0.1:{self._controllers[0].grpc_port}") as client,
            asyncio.timeout(TIMEOUT_S),
            aclosing(client.hosts.watch()) as changes,
        ):
            async for host in changes:
                if isinstance(host, Host) and host.name == names.host(name) and wanted(host):
                    return

    async def stop(self) -> None:
        for controller in self._controllers:
            await controller.stop()


Talking: TypeAlias = tuple[Controller, Child]


@asynccontextmanager
async def running_platform(home: Path) -> AsyncIterator[Platform]:
    lines, lock = home / "servers.log", threading.Lock()

    def write(server: str, line: str) -> None:
        with lock, lines.open("a") as log:
            log.write(f"{server}: {line}\n")

    with Supervisor(write) as supervisor:
        platform = Platform(home, supervisor)
        yield platform
        await platform.stop()


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    """A platform of a test's own, which may harm it."""
    async with running_platform(tmp_path) as platform:
        yield platform


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talking(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talking]:
    """A controller whose language model is the talker, and the host that has it, for tests that leave both whole."""
    async with running_platform(tmp_path_factory.mktemp("talking")) as platform:
        controller = await platform.controller(llm_expert="talker")
        yield controller, await platform.host("one", *experts("Talker"))


def experts(*classes: str) -> tuple[str, str]:
    return "--experts", ",".join(f"{TALKERS}:{name}" for name in classes)


def said(text: str) -> list[ChatMessage]:
    return [{"role": "user", "content": text}]


def planner_of(controller: Controller) -> ChatModel:
    assert controller.language_models.planner is not None
    return controller.language_models.planner


async def reply(
    model: ChatModel, messages: Sequence[ChatMessage], schema: Schema | None = None, max_tokens: int = 0
) -> tuple[str, Ended]:
    pieces: list[str] = []
    async with aclosing(model.chat(messages, schema, max_tokens=max_tokens)) as chat:
        async for piece in chat:
            if isinstance(piece, Ended):
                return "".join(pieces), piece
            pieces.append(piece)
    raise AssertionError("no end was told")


async def on_which(platform: Platform) -> str:
    """Tells the host that computes a call of the talker now."""

    def look() -> str:
        return next((name for name, host in platform.hosts.items() if running(host, "talker")), "")

    return await asyncio.to_thread(eventually, look)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_chat_becomes_a_conversation_and_its_end_tells_the_tokens(talking: Talking) -> None:
    controller, _ = talking
    model = planner_of(controller)
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "What is this?"},
        {"role": "assistant", "content": "A cat."},
        {"role": "user", "content": "tell"},
    ]
    schema = Schema("plan", {"type": "object"})

    text, end = await reply(model, messages, schema, max_tokens=99)
    plain, _ = await reply(model, said("tell"))
    at_once, _ = await reply(model, said("at once"))

    assert json.loads(text) == {
        "system": "Be brief.\n\nBe kind.",
        "history": messages[2:4],
        "schema": {"type": "object"},
        "max_tokens": 99,
    }
    assert (end.finish_reason, end.usage.prompt_token_count, end.usage.completion_token_count) == (
        "stop",
        7,
        len(text.split()),
    )
    # A reply may take a quarter of the context where nobody says.
    assert json.loads(plain) == {"max_tokens": 1024}
    assert at_once == "once"
    assert (model.model, await model.context_tokens()) == ("talker", 4096)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_schema_that_the_expert_refuses_is_left_out(talking: Talking) -> None:
    controller, _ = talking
    schema = Schema("plan", {"description": "unheard of"})
    text, _ = await reply(planner_of(controller), said("tell"), schema)
    assert "schema" not in json.loads(text)


async def test_a_host_that_is_killed_before_the_first_piece_is_replaced_by_another(
    platform: Platform, tmp_path: Path
) -> None:
    controller = await platform.controller(llm_expert="talker")
    for name in ("one", "two"):
        await platform.host(name, *experts("Talker"))
    file = tmp_path / "said"

    chat = asyncio.create_task(reply(planner_of(controller), said(f"hold {file}")))
    first = await on_which(platform)
    await asyncio.to_thread(kill, process_of(platform.hosts.pop(first)))
    (other,) = platform.hosts
    assert await on_which(platform) == other
    file.write_text("It was the other one.")

    text, end = await chat
    assert (text, end.finish_reason) == ("It was the other one.", "stop")


async def test_after_its_first_piece_a_reply_is_not_begun_anew(platform: Platform, tmp_path: Path) -> None:
    controller = await platform.controller(llm_expert="talker")
    for name in ("one", "two"):
        await platform.host(name, *experts("Talker"))
    async with aclosing(planner_of(controller).chat(said(f"begin {tmp_path / 'never'}"))) as chat:
        assert await anext(chat) == "Well, "
        await asyncio.to_thread(kill, process_of(platform.hosts[await on_which(platform)]))
        with pytest.raises(UnavailableError, match="broke off") as failure:
            await anext(chat)
    assert failure.value.reason == "LLM_BROKE_OFF"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_prompt_of_which_only_the_end_was_read_does_not_fit_again(
    talking: Talking, caplog: pytest.LogCaptureFixture
) -> None:
    controller, _ = talking
    model = planner_of(controller)
    prompt = [*said("What is this? " * 100), {"role": "assistant", "content": "A cat."}, *said("forget")]
    assert await model.fits(prompt)
    await reply(model, prompt)
    assert "had no room for the 2 oldest turns" in caplog.text
    assert not await model.fits(prompt)
    assert await model.fits(prompt[1:])


@pytest.mark.asyncio(loop_scope="module")
async def test_thoughts_are_kept_out_and_a_text_that_is_cut_goes_on_once(talking: Talking) -> None:
    controller, _ = talking
    model = planner_of(controller)
    assert (await reply(model, said("think")))[0] == "Peace."
    text, end = await reply(model, said("count"))
    assert text == "one two three four five six"
    assert (end.finish_reason, end.usage.llm_call_count, end.usage.prompt_token_count) == ("stop", 2, 14)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_worker_that_crashes_each_time_is_a_language_model_that_is_unavailable(talking: Talking) -> None:
    controller, _ = talking
    with pytest.raises(UnavailableError, match=r"`talker` \(llm_expert\)") as failure:
        await reply(planner_of(controller), said("crash"))
    assert failure.value.reason == "LLM_UNAVAILABLE"


@pytest.mark.asyncio(loop_scope="module")
async def test_whoever_leaves_ends_the_computation(talking: Talking, tmp_path: Path) -> None:
    controller, host = talking
    async with aclosing(planner_of(controller).chat(said(f"begin {tmp_path / 'never'}"))) as chat:
        assert await anext(chat) == "Well, "

    def look() -> bool:
        outcome = {"expert": "talker", "outcome": "cancelled"}
        return metric(host, "orchestrion_host_inferences_total", **outcome) == 1 and running(host, "talker") == 0

    await asyncio.to_thread(eventually, look)


async def test_errors_before_any_host_has_it_name_the_setting_and_the_cure(platform: Platform) -> None:
    """Each setting is one that nobody can see through at the start: hosts come later."""
    controller = await platform.controller(
        llm_expert="qwen2.5-7b-instruct", planner_llm_expert="rater", responder_llm_expert="nobody"
    )
    models = controller.language_models

    async def error(model: ChatModel | None) -> OrchestrionError:
        assert model is not None
        with pytest.raises(OrchestrionError) as failure:
            await reply(model, said("hello"))
        return failure.value

    nobody_yet = await error(models.planner)
    await platform.host("one", *experts("Rater"))
    no_model, no_expert, absent = [await error(item) for item in (models.planner, models.responder, models.selector)]
    await platform.host("two", "--profile", "standard")
    not_fetched = await error(models.selector)

    assert (nobody_yet.reason, nobody_yet.metadata["setting"]) == ("NO_EXPERT", "planner_llm_expert")
    assert "planner_llm_expert: `rater` does text-classification" in no_model.message
    assert "responder_llm_expert: no host has an expert `nobody`" in no_expert.message
    assert (no_model.reason, no_expert.reason) == ("NOT_CONFIGURED", "NOT_CONFIGURED")
    assert (absent.reason, not_fetched.reason) == ("NO_EXPERT", "EXPERT_NOT_FETCHED")
    for cured in (absent, not_fetched):
        assert "`orchestrion models pull qwen2.5-7b-instruct`" in cured.message
    assert models.by_default is None


async def test_between_calls_the_expert_stays_claimed_and_is_given_free_at_the_end(platform: Platform) -> None:
    controller = await platform.controller(llm_expert="talker")
    host = await platform.host("one", *experts("Talker"))
    await reply(planner_of(controller), said("tell"))

    def claimed() -> float:
        return metric(host, "orchestrion_host_reservations", expert="talker")

    await asyncio.to_thread(eventually, lambda: claimed() == 1)
    await controller.language_models.aclose()
    await asyncio.to_thread(eventually, lambda: claimed() == 0)


async def test_it_is_loaded_before_anybody_asks(platform: Platform) -> None:
    controller = await platform.controller(llm_expert="talker")
    controller.prepare()
    await platform.host("one", *experts("Talker", "Rater"))
    wanted = {"talker": ExpertState.LOADED, "rater": ExpertState.LOADABLE}
    await platform.until(
        "one", lambda host: wanted.items() <= {item.expert_id: item.state for item in host.statuses}.items()
    )


async def test_one_expert_plans_and_another_answers(platform: Platform) -> None:
    controller = await platform.controller(planner_llm_expert="small-planner", responder_llm_expert="large-answerer")
    await platform.host("one", *experts("Planner", "Answerer"))
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        events = await collect(client.run("Good morning!"))
    payloads = [(event.stage, event.payload) for event in events]
    performers = [(stage, item.performer) for stage, item in payloads if isinstance(item, StageStarted)]
    tokens = {stage: item.prompt_token_count for stage, item in payloads if isinstance(item, StageFinished)}
    assert performers == [(Stage.PLAN, "llm"), (Stage.RESPOND, "llm")]
    assert tokens == {Stage.PLAN: 11, Stage.RESPOND: 13}
    assert "".join(item.text for _, item in payloads if isinstance(item, AnswerText)) == "Good morning to you, too."
    assert isinstance(payloads[-1][1], RunFinished)


async def test_a_deadline_ends_the_computation(platform: Platform) -> None:
    controller = await platform.controller(llm_expert="silent")
    host = await platform.host("one", *experts("Silent"))
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        with pytest.raises(DeadlineExceededError):
            await collect(client.run("Good morning!", timeout=2.0))

    def cancelled() -> float:
        return metric(host, "orchestrion_host_inferences_total", expert="silent", outcome="cancelled")

    await asyncio.to_thread(eventually, lambda: cancelled() == 1 and running(host, "silent") == 0)


async def test_the_built_in_planner_plans_until_the_model_by_default_is_there(platform: Platform) -> None:
    controller = await platform.controller(llm_default_expert="small-planner")

    async def performers() -> set[str]:
        async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
            events = await collect(client.run("hello"))
        return {event.payload.performer for event in events if isinstance(event.payload, StageStarted)}

    before = await performers()
    await platform.host("one", *experts("Planner"))
    after = await performers()
    assert (before, after) == ({"builtin"}, {"llm"})


async def test_an_expert_stands_in_for_an_endpoint_that_is_away(platform: Platform) -> None:
    async with LLMServer() as endpoint:
        url = endpoint.base_url
    controller = await platform.controller(llm_base_url=url, llm_retry_count=0, llm_fallback_expert="talker")
    await platform.host("one", *experts("Talker"))
    text, _ = await reply(planner_of(controller), said("at once and for all"))
    assert text == "once and for all"
    assert planner_of(controller).model == "talker"


@pytest.mark.tasks
async def test_a_real_language_model_streams_counts_refuses_what_is_too_long_and_stops(
    platform: Platform, tmp_path: Path
) -> None:
    """A Llama of random weights that reads and writes bytes."""
    text_models.llama(tmp_path / "llama")
    (catalogue := tmp_path / "catalogue").mkdir()
    facts = {
        "id": "tiny-llama",
        "model": "llama",
        "description": "Writes bytes.",
        "runtime": "transformers",
        "task_types": ["conversational"],
        "languages": ["en"],
        "context_token_count": 256,
        "source": {"folder": str(tmp_path / "llama")},
    }
    (catalogue / "tiny-llama.yaml").write_text(yaml.safe_dump(facts))
    controller = await platform.controller(llm_expert="tiny-llama")
    host = await platform.host("one", "--catalogue-paths", str(catalogue))
    model = planner_of(controller)

    # The language of the prompt is none of the expert's: whoever named it knows what it is for.
    text, end = await reply(model, [{"role": "system", "content": "Sei kurz."}, *said("Guten Tag, wie geht es Ihnen?")])
    assert text
    assert end.finish_reason in {"stop", "length"}
    assert (end.usage.prompt_token_count > 40, end.usage.completion_token_count > 0) == (True, True)
    assert end.usage.completion_token_count <= 64

    form = {"type": "object", "properties": {"answer": {"enum": ["yes", "no"]}}, "required": ["answer"]}
    constrained, _ = await reply(model, said("Is it warm?"), Schema("answer", {**form, "additionalProperties": False}))
    assert json.loads(constrained)["answer"] in {"yes", "no"}

    # It makes more tokens of a text than most: what the first estimate lets through, it refuses, and that is learned.
    too_long = said("ä" * 150)
    assert await model.fits(too_long)
    with pytest.raises(FailedPreconditionError) as refused:
        await reply(model, too_long)
    assert (refused.value.reason, refused.value.metadata["context_tokens"]) == ("LLM_CONTEXT_EXCEEDED", "256")
    assert not await model.fits(too_long)
    assert await model.fits(said("ä" * 50))

    async with aclosing(model.chat(said("Go on."), max_tokens=200)) as chat:
        await anext(chat)
    await asyncio.to_thread(eventually, lambda: running(host, "tiny-llama") == 0)
