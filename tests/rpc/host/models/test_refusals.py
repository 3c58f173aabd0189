"""What the Hub does not give out, and what the host does not take: told by name, and nothing is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from orchestrion.errors import (
    FailedPreconditionError,
    NotFoundError,
    ResourceExhaustedError,
)
from tests.hub_server import HubServer
from tests.rpc.host import hub_models
from tests.rpc.host.hosts import running_host
from tests.rpc.host.hub_models import Models, publish_plain
from tests.rpc.host.models.looking import failure


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


def test_the_stand_in_answers_the_librarys_own_download(hub: HubServer, tmp_path: Path) -> None:
    """Given that the client finds what it expects, the stand-in is one."""
    publish_plain(hub)
    result = huggingface_hub.hf_hub_download("tiny/plain", "model.safetensors", endpoint=hub.url, cache_dir=tmp_path)
    assert Path(result).read_bytes() == hub.models["tiny/plain"].files["model.safetensors"].content
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
