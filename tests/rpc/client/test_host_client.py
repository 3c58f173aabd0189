"""Both clients of a model host: its experts, its catalogue, and long work on models."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from orchestrion import AsyncClient, AsyncHostClient, Client, HostClient
from orchestrion._rpcs.registry import choose_host
from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError, Reason, UnavailableError
from orchestrion.experts import ExpertState, Host, HostState
from orchestrion.v1 import model_host_service_pb2 as pb
from tests.rpc.client.both import HOST_CLIENTS
from tests.unit.client.scripted_models import HUB, NER, ModelScript, serve


@pytest.fixture
def script() -> Iterator[ModelScript]:
    script = ModelScript()
    with serve(script):
        yield script


@pytest.fixture(params=list(HOST_CLIENTS))
async def host(request: pytest.FixtureRequest, script: ModelScript) -> AsyncIterator[AsyncHostClient]:
    async with HOST_CLIENTS[request.param](script.address, timeout=10) as client:
        yield client


async def test_experts_are_loaded_pinned_and_unloaded(host: AsyncHostClient, script: ModelScript) -> None:
    assert (await host.get()).name == "hosts/one"
    assert (await host.experts.load("bert-ner")).state is ExpertState.LOADED
    assert (await host.experts.pin("bert-ner")).pinned
    assert not (await host.experts.pin("bert-ner", pinned=False)).pinned
    assert (await host.experts.unload("bert-ner")).state is ExpertState.LOADABLE
    assert [request.pinned for request in script.requests_of(pb.PinExpertRequest)] == [True, False]


async def test_the_catalogue_is_listed_and_searched(host: AsyncHostClient, script: ModelScript) -> None:
    listing = await host.models.list()
    assert [listed.expert.id for listed in listing.models] == ["bert-ner", "rapidocr", "swin", "tapas"]
    assert listing.models[0].expert == NER
    assert [profile.name for profile in listing.profiles] == ["starter", "small"]
    (only,) = (await host.models.list("image-to-text", profile="starter")).models
    assert only.expert.id == "rapidocr"
    assert await host.models.search("token-classification", "dslim", limit=3) == HUB[:1]
    (request,) = script.requests_of(pb.SearchModelsRequest)
    assert (request.task_type, request.text, request.limit) == ("token-classification", "dslim", 3)


async def test_models_are_added_and_removed(host: AsyncHostClient, script: ModelScript) -> None:
    added = await host.models.add(
        "me/mine", revision="v2", task_types=["fill-mask"], expert_id="mine", allow_pickled_weights=True
    )
    assert (added.id, added.model) == ("mine", "me/mine")
    (request,) = script.requests_of(pb.AddModelRequest)
    assert request == pb.AddModelRequest(
        model="me/mine", revision="v2", task_types=["fill-mask"], expert_id="mine", allow_pickled_weights=True
    )
    await host.models.remove("mine")


async def test_long_work_tells_its_progress_and_brings_the_expert(host: AsyncHostClient, script: ModelScript) -> None:
    seen = [progress async for progress in host.models.pull("bert-ner")]
    assert [(progress.message, progress.done_bytes, progress.total_bytes) for progress in seen[:-1]] == [*script.steps]
    assert seen[-1].expert == NER
    exported = [progress.expert async for progress in host.models.export("bert-ner", "token-classification")][-1]
    assert exported is not None
    assert (exported.id, exported.runtime) == ("bert-ner-onnx", "onnx")
    assert [progress async for progress in host.models.refresh(["bert-ner"])][-1].expert == NER
    assert list(script.requests_of(pb.RefreshModelsRequest)[0].expert_ids) == ["bert-ner"]


async def test_a_pull_goes_on_after_a_break_and_an_export_does_not(host: AsyncHostClient, script: ModelScript) -> None:
    """Given a host that restarts in the middle, the pull is sent again; an export, which would start anew, is not."""
    script.breaks = 2
    seen = [progress async for progress in host.models.pull("bert-ner")]
    assert len(script.requests_of(pb.PullModelRequest)) == 3
    assert [progress.message for progress in seen[:3]] == ["looking at the Hub"] * 3
    assert seen[-1].expert == NER
    script.breaks = 1
    with pytest.raises(UnavailableError):
        _ = [progress async for progress in host.models.export("bert-ner")]
    assert len(script.requests_of(pb.ExportModelRequest)) == 1


async def test_leaving_early_ends_the_work(host: AsyncHostClient, script: ModelScript) -> None:
    script.endless = True
    async with contextlib.aclosing(host.models.pull("bert-ner")) as work:
        assert (await anext(work)).message == "looking at the Hub"
    assert await asyncio.to_thread(script.cancelled.wait, 10)


async def test_failures_are_those_of_the_table(host: AsyncHostClient, script: ModelScript) -> None:
    script.failures = {
        "AddModel": Reason.UNSAFE_MODEL.error("Its weights are pickled.", model="old/ner"),
        "bert-ner": Reason.HUB_ACCESS_DENIED.error("The Hub wants a token."),
        "RemoveModel": Reason.EXPERT_NOT_FOUND.error("There is none."),
    }
    with pytest.raises(FailedPreconditionError) as unsafe:
        await host.models.add("old/ner")
    assert (unsafe.value.reason, unsafe.value.metadata) == ("UNSAFE_MODEL", {"model": "old/ner"})
    with pytest.raises(FailedPreconditionError, match="token"):
        _ = [progress async for progress in host.models.pull("bert-ner")]
    with pytest.raises(NotFoundError):
        await host.models.remove("gone")


async def test_no_host_is_told_as_such() -> None:
    async with AsyncHostClient("127.0.0.1:1", reconnect=0) as host:
        with pytest.raises(UnavailableError, match=r"No host answers at 127\.0\.0\.1:1 .*`orchestrion hosts`"):
            await host.get()
    with pytest.raises(InvalidArgumentError, match="no address of a host"):
        HostClient("nowhere")


async def test_a_controller_says_where_a_host_is(script: ModelScript) -> None:
    async with AsyncClient(script.address) as client, await client.hosts.connect() as host:
        assert host.address == script.address
        assert (await host.get()).name == "hosts/one"

    def with_threads() -> str:
        with Client(script.address) as client, client.hosts.connect("one") as host:
            return host.get().name

    assert await asyncio.to_thread(with_threads) == "hosts/one"


def test_which_host_is_meant() -> None:
    one, two, gone = (
        Host("hosts/one", "a:1"),
        Host("hosts/two", "b:1"),
        Host("hosts/gone", "c:1", HostState.DISCONNECTED),
    )
    assert choose_host([one], None) is one
    assert choose_host([one, gone], None) is one
    assert choose_host([one, two, gone], "hosts/gone") is gone
    assert choose_host([one, two], "two") is two
    with pytest.raises(InvalidArgumentError, match="name one of them: one, two"):
        choose_host([one, two], None)
    with pytest.raises(NotFoundError, match="there are: one, two"):
        choose_host([one, two], "three")
    with pytest.raises(NotFoundError, match="orchestrion up"):
        choose_host([gone], None)
