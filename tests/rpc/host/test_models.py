"""A host's catalogue against a stand-in of the Hub: search, add, pull, refresh and remove, and all that goes wrong."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import psutil
import pytest
import yaml

from orchestrion.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    OrchestrionError,
    ResourceExhaustedError,
    UnavailableError,
)
from orchestrion.experts import ExpertState
from orchestrion.models import ModelOrigin
from orchestrion.v1 import model_host_service_pb2 as pb
from orchestrion.values import Value
from tests.hub_server import Faults, HubServer
from tests.rpc.host import hub_models, tiny_models
from tests.rpc.host.hosts import RunningHost, running_host
from tests.rpc.host.hub_models import Models, publish_bert, publish_onnx, publish_plain

TOTAL = {"config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with hub_models.hub_in_environment(tmp_path / "hub", monkeypatch) as hub:
        yield hub


@pytest.fixture
async def host(tmp_path: Path, hub: HubServer) -> AsyncIterator[RunningHost]:
    async with running_host(tmp_path / "home", profile="none") as host:
        yield host


@pytest.fixture
def models(host: RunningHost) -> Models:
    return Models(host)


def cache(tmp_path: Path) -> Path:
    return tmp_path / "hub" / "cache"


def cached_files(tmp_path: Path) -> set[str]:
    return {path.name for path in cache(tmp_path).rglob("*") if path.is_file()}


async def failure(doing: Any) -> OrchestrionError:
    with pytest.raises(OrchestrionError) as caught:
        await doing
    return caught.value


async def test_a_model_is_added_pulled_used_and_kept_without_network(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_bert(hub, tmp_path)
    commit = hub.models["tiny/Weather-BERT"].commit
    async with running_host(tmp_path / "home", profile="none") as host:
        models = Models(host)
        added = await models.add("tiny/Weather-BERT")
        assert (added.id, list(added.task_types), added.runtime) == (
            "weather-bert",
            ["text-classification"],
            "transformers",
        )
        assert (added.revision, added.license, list(added.languages)) == (commit, "Apache-2.0", ["en", "de"])
        assert (added.download_count, added.like_count) == (42, 7)
        # Only the configuration was fetched, and nothing of it counts as the model.
        assert hub.gets(".safetensors") == []
        listed = (await models.list())["weather-bert"]
        assert (listed.state, listed.origin, listed.offered) == (ExpertState.TO_BE_FETCHED, ModelOrigin.ADDED, True)
        refused = await failure(host.client.infer("weather-bert", text="sun", domain="sentiment"))
        assert refused.reason == "EXPERT_NOT_FETCHED", refused
        assert "orchestrion models pull weather-bert" in refused.message

        told = await models.pull("weather-bert")

        expert = told[-1].expert
        assert expert is not None
        assert expert.download_bytes == told[-1].total_bytes == told[-1].done_bytes
        files = hub.models["tiny/Weather-BERT"].files
        assert expert.download_bytes == sum(len(file.content) for name, file in files.items() if name in TOTAL)
        assert expert.memory_bytes > len(files["model.safetensors"].content)
        assert all(before.done_bytes <= after.done_bytes for before, after in itertools.pairwise(told))
        assert {request.path.rsplit("/", 1)[1] for request in hub.requests if "/resolve/" in request.path} <= TOTAL | {
            "model_index.json"
        }
        outputs = (await host.client.infer("weather-bert", text="sun", domain="sentiment")).outputs
        assert outputs["label"] in ("gloomy", "sunny")
        report = await host.controller.registry.wait(
            lambda report: any(item.expert_id == "weather-bert" for item in report.statuses)
        )
        assert report.name
        entry = yaml.safe_load((tmp_path / "home/hosts/test-host/models/weather-bert.yaml").read_text())
        assert entry["revision"] == commit
        assert entry["source"]["sha256"] == {"model.safetensors": files["model.safetensors"].sha256}
        assert set(entry["source"]["files"]["tiny/Weather-BERT"]) == TOTAL

    # What was pulled is in the layout that other programs use.
    found = huggingface_hub.snapshot_download(
        "tiny/Weather-BERT", revision=commit, cache_dir=cache(tmp_path), local_files_only=True
    )
    assert Path(found, "model.safetensors").read_bytes() == files["model.safetensors"].content

    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    async with running_host(tmp_path / "home", profile="none") as host:
        assert (await Models(host).list())["weather-bert"].state is ExpertState.LOADABLE
        assert (await Models(host).pull("weather-bert"))[-1].expert
        assert (await host.client.infer("weather-bert", text="rain", domain="sentiment")).outputs["label"]


async def test_a_cut_connection_is_continued_where_it_broke(hub: HubServer, models: Models) -> None:
    """Given a connection that breaks in the middle, the rest is asked for by range, and no byte comes twice."""
    publish_plain(hub)
    await models.add("tiny/plain")
    hub.faults.cut_after = 1_000_000
    told = await models.pull("plain")
    first, second = hub.gets("model.safetensors")
    assert (first.range, second.range) == ("", f"bytes={first.sent_bytes}-")
    assert first.sent_bytes + second.sent_bytes == len(hub.models["tiny/plain"].files["model.safetensors"].content)
    assert all(before.done_bytes <= after.done_bytes for before, after in itertools.pairwise(told))


async def test_a_pull_that_failed_is_continued_by_the_next(hub: HubServer, models: Models, tmp_path: Path) -> None:
    publish_plain(hub)
    await models.add("tiny/plain")
    hub.faults.always_cut_after = 0
    hub.faults.cut_after = 1_000_000
    broken = await failure(models.pull("plain"))
    assert (type(broken), broken.reason) == (UnavailableError, "HUB_UNREACHABLE")
    assert "HF_ENDPOINT" in broken.message
    assert (await models.list())["plain"].state is ExpertState.TO_BE_FETCHED
    hub.faults = Faults()
    await models.pull("plain")
    assert hub.gets("model.safetensors")[-1].range == "bytes=1000000-"
    assert (await models.list())["plain"].state is ExpertState.LOADABLE


async def test_a_cancelled_pull_ends_its_program_and_goes_on_later(
    hub: HubServer, models: Models, tmp_path: Path
) -> None:
    publish_plain(hub)
    await models.add("tiny/plain")
    hub.faults.bytes_per_second = 2_000_000
    async for progress in models.pulling("plain"):
        if progress.done_bytes > 500_000:
            break
    async with asyncio.timeout(10):
        while programs():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    hub.faults = Faults()
    await models.pull("plain")
    assert int(hub.gets("model.safetensors")[-1].range.removeprefix("bytes=").rstrip("-")) >= 400_000


async def test_two_pulls_of_one_model_are_one(hub: HubServer, models: Models) -> None:
    publish_plain(hub)
    await models.add("tiny/plain")
    hub.faults.bytes_per_second = 6_000_000
    first, second = await asyncio.gather(models.pull("plain"), models.pull("plain"))
    assert first[-1] == second[-1]
    assert len(hub.gets("model.safetensors")) == 1


async def test_a_wrong_hash_deletes_the_file(hub: HubServer, models: Models, tmp_path: Path) -> None:
    publish_plain(hub)
    await models.add("tiny/plain")
    hub.faults.wrong_content = {"model.safetensors"}
    corrupt = await failure(models.pull("plain"))
    assert (type(corrupt), corrupt.reason) == (UnavailableError, "DOWNLOAD_CORRUPT")
    assert corrupt.metadata["file"] == "model.safetensors"
    assert not any("incomplete" in name for name in cached_files(tmp_path))
    assert (await models.list())["plain"].state is ExpertState.TO_BE_FETCHED
    hub.faults = Faults()
    assert (await models.pull("plain"))[-1].expert


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "HUB_ACCESS_DENIED"), (403, "HUB_ACCESS_DENIED"), (503, "HUB_UNREACHABLE")]
)
async def test_what_the_hub_refuses_is_told(hub: HubServer, models: Models, status: int, reason: str) -> None:
    hub.faults.status = status
    assert (await failure(models.add("tiny/plain"))).reason == reason


async def test_a_hub_that_asks_to_wait_says_how_long(hub: HubServer, models: Models) -> None:
    publish_plain(hub)
    await models.add("tiny/plain")
    hub.faults.status, hub.faults.retry_after = 429, "7"
    for doing in (models.add("tiny/other"), models.pull("plain")):
        limited = await failure(doing)
        assert (type(limited), limited.reason) == (ResourceExhaustedError, "HUB_RATE_LIMITED")
        assert limited.retry_after_ms == 7_000


async def test_no_model_no_revision_no_hub(hub: HubServer, models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_plain(hub)
    absent = await failure(models.add("tiny/nothing"))
    assert (type(absent), absent.reason) == (NotFoundError, "MODEL_NOT_FOUND")
    revision = await failure(models.add("tiny/plain", revision="v9"))
    assert revision.reason == "MODEL_NOT_FOUND"
    assert "v9" in revision.message
    monkeypatch.setenv("HF_ENDPOINT", "http://user:secret@127.0.0.1:1")
    gone = await failure(models.add("tiny/plain"))
    assert gone.reason == "HUB_UNREACHABLE"
    assert "127.0.0.1:1" in gone.message
    assert "secret" not in gone.message
    assert (await models.list()).keys().isdisjoint({"plain", "nothing"})


async def test_a_gated_model_wants_a_token_which_is_never_told(
    hub: HubServer, models: Models, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    publish_plain(hub, gated=True)
    hub.token = "hf_sesame"
    gated = await failure(models.add("tiny/plain"))
    assert (gated.reason, "accept its licence" in gated.message) == ("HUB_ACCESS_DENIED", True)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert (await failure(models.add("tiny/plain"))).reason == "HUB_ACCESS_DENIED"
    monkeypatch.setenv("HF_TOKEN", "hf_sesame")
    await models.add("tiny/plain")
    await models.pull("plain")
    # Nor does it go to the host of the large files, which is another one.
    assert {request.authorization for request in hub.requests if request.path.startswith("/cdn/")} == {""}
    assert not {"hf_sesame", "hf_wrong"} & set(" ".join(capfd.readouterr()).split())


async def test_pickles_and_code_need_the_callers_and_the_hosts_word(hub: HubServer, tmp_path: Path) -> None:
    config = json.dumps({"architectures": ["BertForMaskedLM"], "model_type": "bert"}).encode()
    hub.add("tiny/pickled", {"config.json": config, "pytorch_model.bin": b"x" * 2000})
    code = json.dumps({"architectures": ["MyModel"], "auto_map": {"AutoModel": "m.MyModel"}}).encode()
    own = {"config.json": code, "m.py": b"", "model.safetensors": hub_models.weights(4000)}
    hub.add("tiny/own-code", own, pipeline_tag="text-classification")
    unsafe = (
        ("tiny/pickled", "allow_pickled_weights", "pytorch_model.bin"),
        ("tiny/own-code", "allow_remote_code", "m.py"),
    )
    async with running_host(tmp_path / "strict", profile="none") as host:
        for model, setting, _ in unsafe:
            for fields in ({}, {setting: True}):
                refused = await failure(Models(host).add(model, **fields))
                assert (type(refused), refused.reason) == (FailedPreconditionError, "UNSAFE_MODEL")
                assert setting in refused.message
                assert f"--{setting.replace('_', '-')}" in refused.message
    trusting: dict[str, Any] = {"allow_pickled_weights": True, "allow_remote_code": True}
    async with running_host(tmp_path / "trusting", profile="none", **trusting) as host:
        for model, setting, file in unsafe:
            assert (await failure(Models(host).add(model))).reason == "UNSAFE_MODEL"
            added = await Models(host).add(model, **{setting: True})
            await Models(host).pull(added.id)
            assert len(hub.gets(file)) == (1 if hub.models[model].files[file].content else 0)


async def test_search_pages_through_models_of_a_task_those_most_wanted_first(hub: HubServer, models: Models) -> None:
    for number in range(5):
        name = f"tiny/model-{number}"
        publish_plain(hub, name, pipeline_tag="fill-mask", downloads=number, tags=["license:mit", "safetensors"])
    publish_plain(hub, "tiny/other", pipeline_tag="translation", downloads=99)
    call = models._call
    found = (await call("SearchModels", pb.SearchModelsRequest(task_type="fill-mask"))).models
    assert [model.id for model in found] == [f"tiny/model-{number}" for number in (4, 3, 2, 1, 0)]
    assert (found[0].download_count, found[0].license, found[0].safe_weights) == (4, "mit", True)
    few = (await call("SearchModels", pb.SearchModelsRequest(task_type="fill-mask", limit=3))).models
    assert len(few) == 3
    named = (await call("SearchModels", pb.SearchModelsRequest(task_type="fill-mask", text="model-1"))).models
    assert [model.id for model in named] == ["tiny/model-1"]
    hub.faults.status, hub.faults.retry_after = 429, "7"
    async with asyncio.timeout(5):
        limited = await failure(call("SearchModels", pb.SearchModelsRequest(task_type="fill-mask")))
    assert (limited.reason, limited.retry_after_ms) == ("HUB_RATE_LIMITED", 7_000)
    for wrong in ({"task_type": "text-selection"}, {"task_type": ""}, {"task_type": "fill-mask", "limit": 101}):
        with pytest.raises(InvalidArgumentError):
            await call("SearchModels", pb.SearchModelsRequest(**wrong))


async def test_what_was_fetched_in_part_goes_as_well(hub: HubServer, models: Models, tmp_path: Path) -> None:
    publish_plain(hub)
    await models.add("tiny/plain")
    hub.faults.always_cut_after, hub.faults.cut_after = 0, 1_000_000
    await failure(models.pull("plain"))
    assert any("incomplete" in name for name in cached_files(tmp_path))
    await models.remove("plain")
    assert not list(cache(tmp_path).glob("models--*"))


def test_the_stand_in_answers_the_librarys_own_download(hub: HubServer, tmp_path: Path) -> None:
    """Given that the client finds what it expects, the stand-in is one."""
    publish_plain(hub)
    found = huggingface_hub.hf_hub_download("tiny/plain", "model.safetensors", endpoint=hub.url, cache_dir=tmp_path)
    assert Path(found).read_bytes() == hub.models["tiny/plain"].files["model.safetensors"].content
    methods = [(request.method, request.path.split("/")[1]) for request in hub.requests]
    assert methods[-2:] == [("HEAD", "tiny"), ("GET", "cdn")]


async def test_a_host_that_is_told_to_stay_offline_says_so(
    hub: HubServer, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_plain(hub)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    offline = await failure(models.add("tiny/plain"))
    assert (offline.reason, "HF_HUB_OFFLINE" in offline.message) == ("HUB_UNREACHABLE", True)
    assert hub.requests == []


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


async def test_parts_are_pulled_and_pinned_and_shared_files_stay(
    hub: HubServer, models: Models, tmp_path: Path
) -> None:
    """Given a ControlNet, its pipeline comes with it; removed, it leaves what another expert uses."""
    index = {
        "_class_name": "StableDiffusionPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "odd": [None, None],
    }
    hub.add(
        "tiny/base",
        {
            "model_index.json": json.dumps(index).encode(),
            "unet/config.json": b"{}",
            "unet/diffusion_pytorch_model.safetensors": hub_models.weights(8000),
            "unet/diffusion_pytorch_model.fp16.safetensors": hub_models.weights(4000),
            "base-pruned.safetensors": hub_models.weights(8000),
        },
    )
    control = json.dumps({"_class_name": "ControlNetModel"}).encode()
    files = {"config.json": control, "diffusion_pytorch_model.safetensors": hub_models.weights(8000, seed=1)}
    hub.add("tiny/sd-controlnet-canny", files, card={"base_model": "tiny/base"})
    added = await models.add("tiny/sd-controlnet-canny")
    assert list(added.task_types) == ["canny-text-to-image"]
    assert list((await models.add("tiny/base")).task_types) == ["text-to-image"]
    await models.pull(added.id)
    assert len(hub.gets(".safetensors")) == 2
    entry = yaml.safe_load((tmp_path / "home/hosts/test-host/models/sd-controlnet-canny.yaml").read_text())
    assert entry["revision"] == hub.models["tiny/base"].commit
    assert entry["source"]["part_revisions"] == {"controlnet": hub.models["tiny/sd-controlnet-canny"].commit}
    assert set(entry["source"]["files"]["tiny/base"]) == {
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
    }
    assert (await models.list())["sd-controlnet-canny"].state is ExpertState.LOADABLE
    await models.pull("base")
    assert len(hub.gets(".safetensors")) == 2
    await models.remove("sd-controlnet-canny")
    left = {path.name for path in cache(tmp_path).glob("models--*")}
    assert left == {"models--tiny--base"}
    assert (await models.list())["base"].state is ExpertState.LOADABLE
    await models.remove("base")
    assert not list(cache(tmp_path).glob("models--*"))


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

    (told,) = await models.refresh("distilbert-sst-2")

    assert told.expert is not None
    assert (told.expert.download_count, told.expert.revision) == (123_456, "")
    assert told.expert.download_bytes > 0
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
    told = await models.refresh()
    refreshed = {step.expert.id for step in told if step.expert is not None}
    assert refreshed >= {"controlnet-canny", "controlnet-mlsd", "stable-diffusion-1.5"}
    # The Hub has none of the others, and that stops nothing.
    assert len(told) > 50 > len(refreshed)
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
    await host.client.call("Release", pb.ReleaseRequest(reservation="claim"))
    await models.remove("weather-onnx")
    assert "weather-onnx" not in await models.list()


async def test_an_expert_is_fetched_when_a_task_needs_it_where_the_host_does_that(
    hub: HubServer, tmp_path: Path
) -> None:
    publish_onnx(hub, tmp_path)
    async with running_host(tmp_path / "home", profile="none", fetch_on_demand=True) as host:
        await Models(host).add("tiny/Weather-ONNX")
        inputs: dict[str, Value] = {"text": "sun", "domain": "sentiment"}
        told = [getattr(payload, "message", "") async for payload in host.client.events("weather-onnx", inputs)]
        assert any("fetching tiny/Weather-ONNX" in message for message in told)
        assert "loading weather-onnx" in told
        described = await host.client.host()
        assert (described.profile, described.fetches_on_demand) == ("none", True)


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


def programs() -> list[psutil.Process]:
    """Returns the programs of this process that speak to the Hub now."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "orchestrion_host.hub" in child.cmdline()
    ]
