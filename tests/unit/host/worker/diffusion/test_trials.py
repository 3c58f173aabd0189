"""The trials of the suite `gpu` at tiny size on the processor, so that they are known to work where they count."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from orchestrion_host import ipc
from tests.checkpoints import diffusion_models
from tests.gpu import full_size, trials
from tests.gpu.in_process import Answer, InProcessWorker
from tests.gpu.trials import Trial
from tests.unit.host.worker.calls import spec

INPUTS = {"prompt": "a cat", "steps": 2.0, "seed": 7.0}


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[InProcessWorker]:
    with InProcessWorker(tmp_path / "spool") as worker:
        yield worker


@pytest.mark.tasks
def test_a_pipeline_is_tried_out_and_cancelled(worker: InProcessWorker, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    diffusion_models.stable_diffusion(folder)
    message = msgspec.structs.replace(spec(folder, "text-to-image"), runtime="diffusers")
    trial = trials.try_out(worker, message, INPUTS)
    expert = worker.expert(message.expert_id)
    assert trial.second.steps == ["step 1 of 2", "step 2 of 2"]
    assert trial.loaded.memory_bytes >= expert.parameter_bytes()
    assert "loaded in" in trial.summary("text-to-image")
    # Tiny steps are over before a message arrives; those of full size take longer than this.
    forwards = trials.count_forwards(expert.pipeline.unet, lambda: time.sleep(0.1))
    trials.check_cancellation(worker, message, {**INPUTS, "steps": 50.0}, step_count=50, forwards=forwards)
    worker.unload(message.expert_id)
    again = worker.compute(message.expert_id, "text-to-image", INPUTS)
    assert again.failure is not None
    assert again.failure.reason == "EXPERT_NOT_LOADED"


def test_an_encoder_is_tried_out(worker: InProcessWorker, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    full_size.bert(
        folder, vocab_size=16, hidden_size=16, intermediate_size=32, num_attention_heads=2, num_hidden_layers=1
    )
    message = spec(folder, "sentence-similarity")
    trial = trials.try_out(worker, message, {"text": "ready", "other": "ready ."})
    assert trial.second.outputs is not None
    assert -1 <= trial.second.outputs["score"] <= 1
    assert trials.parameter_count(worker.expert(message.expert_id)) > 0


def test_a_figure_that_is_off_by_more_than_a_tenth_is_found() -> None:
    answer = Answer({}, None, 0.1)
    right = Trial(ipc.Loaded("tiny", 1_400, 400), 1.0, answer, answer, held_bytes=1_000, peak_bytes=1_450)
    trials.check_memory(right, 990)
    for wrong in (
        dataclasses.replace(right, loaded=ipc.Loaded("tiny", 1_400, 100)),
        dataclasses.replace(right, peak_bytes=1_900),
        dataclasses.replace(right, held_bytes=980),
    ):
        with pytest.raises(AssertionError):
            trials.check_memory(wrong, 990)
