"""The generic runtimes with tiny models: a checkpoint, and ONNX through onnxruntime."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError
from orchestrion.experts import ExpertState
from orchestrion.inference import InferOutputs
from orchestrion.values import Json
from tests.rpc.host import tiny_models
from tests.rpc.host.hosts import RunningHost

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def infer(host: RunningHost, expert: str, task_type: str, **inputs: str) -> InferOutputs:
    return await host.client.infer_with(expert, inputs, task_type=task_type)


async def test_a_checkpoint_is_loaded_by_its_family(host: RunningHost) -> None:
    outputs = (await infer(host, "tiny-bert", "", text="a warm sunny day", domain="sentiment")).outputs
    scores = outputs["scores"]
    assert isinstance(scores, Json)
    assert {item["label"] for item in scores.data} == {"gloomy", "sunny"}
    assert sum(item["score"] for item in scores.data) == pytest.approx(1)
    assert (outputs["label"], outputs["score"]) == (scores.data[0]["label"], scores.data[0]["score"])


async def test_calls_that_wait_together_go_through_the_model_together(host: RunningHost) -> None:
    alone = [
        (await infer(host, "tiny-bert", "", text=word, domain="sentiment")).outputs
        for word in ("sun", "cold rain", "night")
    ]
    texts = ["sun", "cold rain", "night"] * 4
    together = await asyncio.gather(*(infer(host, "tiny-bert", "", text=text, domain="sentiment") for text in texts))
    assert max(result.batch_size for result in together) > 1
    for result, expected in zip(together, alone * 4, strict=True):
        assert result.outputs["label"] == expected["label"]
        assert result.outputs["score"] == pytest.approx(expected["score"], abs=1e-5)


async def test_weights_with_another_hash_are_not_loaded(host: RunningHost) -> None:
    with pytest.raises(FailedPreconditionError, match=r"model\.safetensors is not the file") as caught:
        await host.client.load("torn-bert")
    assert caught.value.reason == "EXPERT_LOAD_FAILED"
    assert (await host.client.status("torn-bert")).state is ExpertState.FAILED


async def test_an_onnx_encoder_compares_texts_as_its_vectors_do(
    host: RunningHost, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, table = tiny_models.onnx_encoder(tmp_path_factory.mktemp("model") / "encoder")

    def vector(*words: str) -> Any:
        rows = table[[tiny_models.WORDS.index(word) for word in ("[CLS]", *words, "[SEP]")]]
        mean = rows.mean(axis=0)
        return mean / np.linalg.norm(mean)

    result = await infer(host, "tiny-encoder", "sentence-similarity", text="warm sun", other="cold night rain day")
    # The longer text pads the shorter one; padding must not count.
    expected = float(vector("warm", "sun") @ vector("cold", "night", "rain", "day"))
    assert result.outputs["score"] == pytest.approx(expected, abs=1e-5)
    embedding = (await infer(host, "tiny-encoder", "feature-extraction", text="sun")).outputs["embedding"]
    assert isinstance(embedding, Json)
    assert embedding.data == pytest.approx(vector("sun").tolist(), abs=1e-5)


async def test_an_onnx_classifier_names_its_classes(host: RunningHost) -> None:
    outputs = (await infer(host, "tiny-classifier", "", text="sun", domain="sentiment")).outputs
    assert outputs["label"] == "sunny"
    assert (await infer(host, "tiny-classifier", "", text="rain rain sun", domain="sentiment")).outputs[
        "label"
    ] == "gloomy"


async def test_an_expert_with_several_task_types_must_be_told_which(host: RunningHost) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await infer(host, "tiny-encoder", "", text="sun")
    assert caught.value.field == "task_type"


async def test_an_expert_whose_package_is_missing_says_which(host: RunningHost) -> None:
    assert (await host.client.status("no-package")).state is ExpertState.UNAVAILABLE
    with pytest.raises(FailedPreconditionError, match="surely_not_installed") as caught:
        await host.client.load("no-package")
    assert caught.value.reason == "EXPERT_UNAVAILABLE"
