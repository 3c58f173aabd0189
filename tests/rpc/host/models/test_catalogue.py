"""The catalogue of a host as it changes: searched, added to, refreshed, removed from, and bundled in profiles."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from orchestrion.errors import InvalidArgumentError
from orchestrion.experts import ExpertState
from orchestrion.models import ModelOrigin
from orchestrion.v1 import model_host_service_pb2 as pb
from tests.hub_server import HubServer
from tests.rpc.host import hub_models, tiny_models
from tests.rpc.host.hosts import RunningHost, running_host
from tests.rpc.host.hub_models import Models, publish_bert, publish_onnx, publish_plain
from tests.rpc.host.models.looking import cache, failure


async def test_search_pages_through_models_of_a_task_those_most_wanted_first(hub: HubServer, models: Models) -> None:
    for number in range(5):
        name = f"tiny/model-{number}"
        publish_plain(hub, name, pipeline_tag="fill-mask", downloads=number, tags=["license:mit", "safetensors"])
    publish_plain(hub, "tiny/other", pipeline_tag="translation", downloads=99)
    call, stub = models.call, models.stub
    result = (await call(stub.SearchModels, pb.SearchModelsRequest(task_type="fill-mask"))).models
    assert [model.id for model in result] == [f"tiny/model-{number}" for number in (4, 3, 2, 1, 0)]
    assert (result[0].download_count, result[0].license, result[0].safe_weights) == (4, "mit", True)
    few = (await call(stub.SearchModels, pb.SearchModelsRequest(task_type="fill-mask", limit=3))).models
    assert len(few) == 3
    named = (await call(stub.SearchModels, pb.SearchModelsRequest(task_type="fill-mask", text="model-1"))).models
    assert [model.id for model in named] == ["tiny/model-1"]
    hub.faults.status, hub.faults.retry_after = 429, "7"
    async with asyncio.timeout(5):
        limited = await failure(call(stub.SearchModels, pb.SearchModelsRequest(task_type="fill-mask")))
    assert (limited.reason, limited.retry_after_ms) == ("HUB_RATE_LIMITED", 7_000)
    for wrong in (("text-selection", 0), ("", 0), ("fill-mask", 101)):
        with pytest.raises(InvalidArgumentError):
            await call(stub.SearchModels, pb.SearchModelsRequest(task_type=wrong[0], limit=wrong[1]))


async def test_a_folder_is_added_where_it_is(models: Models, host: RunningHost, tmp_path: Path) -> None:
    folder = tiny_models.bert_classifier(tmp_path / "My Models" / "Weather")
    added = await models.add(str(folder), expert_id="mine")
    assert (added.id, list(added.task_types)) == ("mine", ["text-classification"])
    assert (await models.list())["mine"].state is ExpertState.LOADABLE
    again = await failure(models.add(str(folder), expert_id="mine"))
    assert again.reason == "EXPERT_EXISTS"
    assert (await models.add(str(folder))).id == "weather"
    assert (await models.add(str(folder))).id == "weather-2"
    assert (await failure(models.add(str(tmp_path / "nowhere")))).reason == "MODEL_NOT_FOUND"
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert (await failure(models.add(str(folder)))).reason == "UNSAFE_MODEL"
    await models.remove("mine")
    assert folder.is_dir()
    assert (await failure(host.client.infer("mine", text="sun", domain="sentiment"))).reason == "EXPERT_NOT_FOUND"


async def test_a_model_of_the_projects_catalogue_is_pulled_refreshed_and_given_back(
    hub: HubServer, host: RunningHost, models: Models, tmp_path: Path
) -> None:
    listed = (await models.list())["distilbert-sst-2"]
    assert (listed.offered, listed.state, listed.origin) == (False, ExpertState.TO_BE_FETCHED, ModelOrigin.BUILT_IN)
    name = listed.expert.model
    publish_bert(hub, tmp_path, name, downloads=123_456)
    assert (
        await failure(host.client.infer("distilbert-sst-2", text="sun", domain="sentiment"))
    ).reason == "EXPERT_NOT_FETCHED"

    (reported,) = await models.refresh("distilbert-sst-2")

    assert reported.expert is not None
    assert (reported.expert.download_count, reported.expert.revision) == (123_456, "")
    assert reported.expert.download_bytes > 0
    after = (await models.list())["distilbert-sst-2"]
    assert (after.offered, after.origin) == (False, ModelOrigin.BUILT_IN)
    small = (await models.profiles())["standard"]
    await models.pull("distilbert-sst-2")
    pulled = (await models.list())["distilbert-sst-2"]
    assert (pulled.offered, pulled.state, pulled.origin) == (True, ExpertState.LOADABLE, ModelOrigin.ADDED)
    assert small.expert_ids
    await models.remove("distilbert-sst-2")
    gone = (await models.list())["distilbert-sst-2"]
    assert (gone.offered, gone.state, gone.origin) == (False, ExpertState.TO_BE_FETCHED, ModelOrigin.BUILT_IN)
    assert not list(cache(tmp_path).glob("models--*"))


@pytest.mark.tasks
async def test_what_a_profile_takes_counts_what_its_experts_share_once(hub: HubServer, models: Models) -> None:
    """Given two ControlNets on one pipeline, of all that is refreshed, the pipeline is to be downloaded once."""
    index = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}
    base = {"model_index.json": json.dumps(index).encode(), "unet/model.safetensors": hub_models.weights(80_000)}
    control = {"config.json": b"{}", "diffusion_pytorch_model.safetensors": hub_models.weights(8_000)}
    published = {"stable-diffusion-v1-5/stable-diffusion-v1-5": base}
    published |= {f"lllyasviel/control_v11p_sd15_{name}": control for name in ("canny", "mlsd")}
    for name, files in published.items():
        hub.add(name, files)
    before = (await models.profiles())["standard"]
    reported = await models.refresh()
    refreshed = {step.expert.id for step in reported if step.expert is not None}
    assert refreshed >= {"controlnet-canny", "controlnet-mlsd", "stable-diffusion-1.5"}
    # The Hub has none of the others, and that stops nothing.
    assert len(reported) > 50 > len(refreshed)
    after = (await models.profiles())["standard"]
    expected = sum(len(content) for files in published.values() for content in files.values())
    assert (before.missing_bytes, after.missing_bytes) == (0, expected)
    assert after.unknown_count < before.unknown_count


async def test_a_reserved_expert_stays(hub: HubServer, host: RunningHost, models: Models, tmp_path: Path) -> None:
    publish_onnx(hub, tmp_path)
    await models.add("tiny/Weather-ONNX")
    await models.pull("weather-onnx")
    await host.client.reserve("claim", "weather-onnx", hard=True)
    assert (await failure(models.remove("weather-onnx"))).reason == "EXPERT_RESERVED"
    await host.client.call(host.client.stub.Release, pb.ReleaseRequest(reservation="claim"))
    await models.remove("weather-onnx")
    assert "weather-onnx" not in await models.list()


async def test_a_profile_is_offered_and_its_size_told(hub: HubServer, tmp_path: Path) -> None:
    async with running_host(tmp_path / "home", profile="small") as host:
        listed = await Models(host).list(profile="small")
        assert all(model.offered for model in listed.values())
        profile = (await Models(host).profiles())["small"]
        assert set(profile.expert_ids) == set(listed)
        waiting = [model for model in listed.values() if model.state is ExpertState.TO_BE_FETCHED]
        assert (profile.missing_bytes, profile.unknown_count) == (0, len(waiting))
        assert (await Models(host).profiles())["starter"].unknown_count == 0
        described = await host.client.host()
        assert {status.expert_id for status in described.statuses} >= set(listed)
        assert (await failure(Models(host).list(profile="huge"))).reason == "INVALID_FIELD"
    with pytest.raises(ValueError, match="profile"):
        async with running_host(tmp_path / "home", profile="huge"):
            pass
