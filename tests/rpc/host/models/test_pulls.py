"""Files that come from the Hub: whole, in parts, continued, checked, shared, and given back."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path

import huggingface_hub
import pytest
import yaml

from orchestrion.errors import UnavailableError
from orchestrion.experts import ExpertState
from orchestrion.models import ModelOrigin
from orchestrion.values import Value
from tests.hub_server import Faults, HubServer
from tests.rpc.host import hub_models
from tests.rpc.host.hosts import running_host
from tests.rpc.host.hub_models import Models, publish_bert, publish_onnx, publish_plain
from tests.rpc.host.models.looking import cache, cached_files, failure, programs

TOTAL = {"config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"}


@pytest.mark.tasks
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

        reported = await models.pull("weather-bert")

        expert = reported[-1].expert
        assert expert is not None
        assert expert.download_bytes == reported[-1].total_bytes == reported[-1].done_bytes
        files = hub.models["tiny/Weather-BERT"].files
        assert expert.download_bytes == sum(len(file.content) for name, file in files.items() if name in TOTAL)
        assert expert.memory_bytes > len(files["model.safetensors"].content)
        assert all(before.done_bytes <= after.done_bytes for before, after in itertools.pairwise(reported))
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
    result = huggingface_hub.snapshot_download(
        "tiny/Weather-BERT", revision=commit, cache_dir=cache(tmp_path), local_files_only=True
    )
    assert Path(result, "model.safetensors").read_bytes() == files["model.safetensors"].content

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
    reported = await models.pull("plain")
    first, second = hub.gets("model.safetensors")
    assert (first.range, second.range) == ("", f"bytes={first.sent_bytes}-")
    assert first.sent_bytes + second.sent_bytes == len(hub.models["tiny/plain"].files["model.safetensors"].content)
    assert all(before.done_bytes <= after.done_bytes for before, after in itertools.pairwise(reported))


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


async def test_what_was_fetched_in_part_goes_as_well(hub: HubServer, models: Models, tmp_path: Path) -> None:
    publish_plain(hub)
    await models.add("tiny/plain")
    hub.faults.always_cut_after, hub.faults.cut_after = 0, 1_000_000
    await failure(models.pull("plain"))
    assert any("incomplete" in name for name in cached_files(tmp_path))
    await models.remove("plain")
    assert not list(cache(tmp_path).glob("models--*"))


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


async def test_an_expert_is_fetched_when_a_task_needs_it_where_the_host_does_that(
    hub: HubServer, tmp_path: Path
) -> None:
    publish_onnx(hub, tmp_path)
    async with running_host(tmp_path / "home", profile="none", fetch_on_demand=True) as host:
        await Models(host).add("tiny/Weather-ONNX")
        inputs: dict[str, Value] = {"text": "sun", "domain": "sentiment"}
        reported = [getattr(payload, "message", "") async for payload in host.client.events("weather-onnx", inputs)]
        assert any("fetching tiny/Weather-ONNX" in message for message in reported)
        assert "loading weather-onnx" in reported
        described = await host.client.host()
        assert (described.profile, described.fetches_on_demand) == ("none", True)
