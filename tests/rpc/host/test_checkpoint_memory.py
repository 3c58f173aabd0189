"""The memory of a PyTorch encoder of 40 MB on a real host: measured, and given back as often as it is loaded."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrion.errors import FailedPreconditionError
from tests.rpc.host import tiny_models
from tests.rpc.host.hosts import RunningHost, memory_of, running_host

pytestmark = pytest.mark.tasks

MB = 1_000_000
WORKER = "transformers@cpu"


def encoder(folder: Path) -> Path:
    """Writes a BERT with random weights: 4 layers, 384 wide, a vocabulary of 8,000 words, some 40 MB."""
    import torch
    import transformers

    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=8000,
        hidden_size=384,
        num_hidden_layers=4,
        num_attention_heads=6,
        intermediate_size=1536,
        max_position_embeddings=64,
        id2label={0: "negative", 1: "positive"},
        label2id={"negative": 0, "positive": 1},
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    tiny_models.write_tokenizer(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("checkpoints")
    return {"small": tiny_models.bert_classifier(folder / "small"), "large": encoder(folder / "large")}


def catalogue(folder: Path, checkpoints: dict[str, Path]) -> Path:
    experts: dict[str, dict[str, Any]] = {
        "keeper": {"source": {"folder": str(checkpoints["small"])}},
        "encoder": {"source": {"folder": str(checkpoints["large"])}},
        **{name: {"source": {"folder": str(checkpoints["large"])}} for name in "abc"},
        "torn": {
            "source": {"folder": str(checkpoints["large"]), "sha256": {"model.safetensors": "0" * 64}},
        },
    }
    folder.mkdir()
    for name, fields in experts.items():
        facts = {"id": name, "model": name, "runtime": "transformers", "description": "Made up.", **fields}
        facts |= {"task_types": ["text-classification"], "domain": "sentiment"}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(facts))
    return folder


async def one_cycle(host: RunningHost) -> int:
    """Loads, uses and unloads the encoder, and returns what it was measured to take."""
    status = await host.client.load("encoder")
    await host.client.infer("encoder", text="a warm day and a cold night", domain="sentiment")
    await host.client.unload("encoder")
    return status.memory_bytes


async def total(host: RunningHost, kind: str) -> float:
    return sum([await host.metric(f"orchestrion_host_{kind}_total", expert=name) for name in "abc"])


# Loads PyTorch checkpoints sixty times: half a minute where nothing else runs.
@pytest.mark.timeout(300)
async def test_three_checkpoints_share_the_room_of_two(tmp_path: Path, checkpoints: dict[str, Path]) -> None:
    folder = catalogue(tmp_path / "catalogue", checkpoints)
    settings: dict[str, Any] = {"catalogue_paths": (folder,), "profile": "none"}
    async with running_host(tmp_path / "first", **settings) as host:
        for name in "abc":
            await host.client.load(name)
        sizes = [(await host.client.status(name)).memory_bytes for name in "abc"]
    # Each time what a load takes is measured anew, within some.
    room = round(2.5 * max(sizes))
    assert room < 3 * min(sizes)
    async with running_host(tmp_path / "second", **settings, memory_budget_bytes=room) as host:
        answers = [
            (await host.client.infer("abc"[number % 3], text="a warm day", domain="sentiment")).outputs["score"]
            for number in range(60)
        ]
        assert set(answers) == {answers[0]}
        # Whoever is asked for next is the one that went longest ago.
        assert (await total(host, "loads"), await total(host, "evictions")) == (60, 58)


async def test_twenty_loads_and_unloads_leave_the_worker_as_it_was(
    tmp_path: Path, checkpoints: dict[str, Path]
) -> None:
    weights = 0.99 * (checkpoints["large"] / "model.safetensors").stat().st_size  # Without its header.
    folder = catalogue(tmp_path / "catalogue", checkpoints)
    async with running_host(tmp_path / "home", catalogue_paths=(folder,)) as host:
        # Another expert keeps the worker alive: the memory must come back without the end of a process.
        await host.client.load("keeper")
        await host.client.infer("keeper", text="sun", domain="sentiment")
        first = await one_cycle(host)  # What libraries build up once is there from here on.
        worker = host.worker_pid(WORKER)
        # What other processes do with the same libraries changes the proportional share of their pages, not these.
        before = {kind: memory_of(worker, kind) for kind in ("Rss", "Pss_Anon")}
        sizes = [await one_cycle(host) for _ in range(20)]
        assert host.worker_pid(WORKER) == worker
        for kind, size in before.items():
            assert memory_of(worker, kind) == pytest.approx(size, rel=0.05)
        # Measured each time: the weights, and what a warm-up takes beyond them.
        for size in sizes:
            assert weights <= size < 1.5 * weights + 10 * MB
        assert weights <= first < 3 * weights + 60 * MB
        share = await host.metric("orchestrion_host_worker_memory_bytes", worker=WORKER)
        assert 150 * MB < share < 1.1 * before["Rss"]
        # A load that fails after the library was imported leaves nothing either.
        with pytest.raises(FailedPreconditionError):
            await host.client.load("torn")
        assert memory_of(worker, "Pss_Anon") == pytest.approx(before["Pss_Anon"], rel=0.05)
        results = await asyncio.gather(
            *(host.client.infer("encoder", text="sun", domain="sentiment") for _ in range(10))
        )
        assert len(results) == 10
        assert await host.metric("orchestrion_host_loads_total", expert="encoder", outcome="loaded") == 22
