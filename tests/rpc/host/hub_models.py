"""Models for the stand-in of the Hub, and a host that pulls them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from safetensors.numpy import save

from orchestrion._codec import codec
from orchestrion._net.transport import error_of
from orchestrion.models import ListedModel, ModelProgress, Profile
from orchestrion.v1 import experts_pb2
from orchestrion.v1 import model_host_service_pb2 as pb
from tests.hub_server import HubServer, serving
from tests.rpc.host import tiny_models
from tests.rpc.host.hosts import RunningHost

WEIGHTS_BYTES = 3_000_000

BERT_CARD = {"license": "apache-2.0", "language": ["en", "de"]}


@contextlib.contextmanager
def hub_in_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """Serves the stand-in, and has all programs of this process reach it and use a cache of their own."""
    with serving() as hub:
        for name, value in {
            "HF_ENDPOINT": hub.url,
            "HF_HUB_CACHE": str(folder / "cache"),
            "HF_HOME": str(folder),
        }.items():
            monkeypatch.setenv(name, value)
        for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield hub


def publish_bert(hub: HubServer, folder: Path, name: str = "tiny/Weather-BERT", **fields: Any) -> str:
    """Publishes a real classifier of texts."""
    bert = tiny_models.bert_classifier(folder / name.replace("/", "--"))
    # None of these is ever fetched.
    (bert / "pytorch_model.bin").write_bytes(b"pickle" * 100)
    (bert / "modeling_evil.py").write_text("raise SystemExit")
    reported: dict[str, Any] = {"pipeline_tag": "text-classification", "downloads": 42, "likes": 7, "card": BERT_CARD}
    hub.add(name, bert, **(reported | fields))
    return name


def publish_onnx(hub: HubServer, folder: Path, name: str = "tiny/Weather-ONNX", **fields: Any) -> str:
    """Publishes a real classifier of texts that a worker loads within a second."""
    reported: dict[str, Any] = {"pipeline_tag": "text-classification", "library": "onnx"}
    hub.add(name, tiny_models.onnx_classifier(folder / name.replace("/", "--")), **(reported | fields))
    return name


def weights(size: int = WEIGHTS_BYTES, seed: int = 0) -> bytes:
    """Makes a file of safetensors of about so many bytes."""
    return save({"layer.weight": np.random.default_rng(seed).normal(size=size // 4).astype(np.float32)})


def publish_plain(hub: HubServer, name: str = "tiny/plain", **fields: Any) -> str:
    """Publishes a model that is large enough to be cut in the middle, and that nobody loads."""
    config = {"architectures": ["BertForMaskedLM"], "model_type": "bert"}
    files = {"config.json": json.dumps(config).encode(), "tokenizer.json": b"{}", "model.safetensors": weights()}
    hub.add(name, files, **fields)
    return name


class Models:
    """The calls of a host about models."""

    def __init__(self, host: RunningHost) -> None:
        self.stub = host.client.stub
        self.call = host.client.call

    async def add(self, model: str, **fields: Any) -> experts_pb2.Expert:
        return await self.call(self.stub.AddModel, pb.AddModelRequest(model=model, **fields))

    async def pull(self, expert: str) -> list[ModelProgress]:
        return [progress async for progress in self.pulling(expert)]

    async def pulling(self, expert: str) -> AsyncIterator[ModelProgress]:
        call = self.stub.PullModel(pb.PullModelRequest(expert_id=expert), timeout=60)
        try:
            async for message in call:
                yield codec.decode(message, ModelProgress)
        except grpc.RpcError as failure:
            raise error_of(failure) from failure
        finally:
            call.cancel()

    async def refresh(self, *experts: str) -> list[ModelProgress]:
        call = self.stub.RefreshModels(pb.RefreshModelsRequest(expert_ids=experts), timeout=60)
        return [codec.decode(message, ModelProgress) async for message in call]

    async def remove(self, expert: str) -> None:
        await self.call(self.stub.RemoveModel, pb.RemoveModelRequest(expert_id=expert))

    async def list(self, **fields: str) -> dict[str, ListedModel]:
        answer = await self.call(self.stub.ListModels, pb.ListModelsRequest(**fields))
        return {model.expert.id: codec.decode(model, ListedModel) for model in answer.models}

    async def profiles(self) -> dict[str, Profile]:
        answer = await self.call(self.stub.ListModels, pb.ListModelsRequest())
        return {profile.name: codec.decode(profile, Profile) for profile in answer.profiles}
