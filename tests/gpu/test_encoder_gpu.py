"""An encoder of the size of BERT base, in half precision on a CUDA device."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest
import torch

from orchestrion_host.worker.models import checkpoint
from orchestrion_host.worker.text.encoding import PASS_TOKENS
from tests.gpu import full_size, trials
from tests.gpu.in_process import InProcessWorker
from tests.unit.host.worker.calls import spec

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(300)]

MAX_TOKENS = 512
# Two texts that fill the largest pass which the encoder makes.
FULL = " ".join(["ready"] * (MAX_TOKENS - 2))
INPUTS = {"text": FULL, "other": f"{FULL} ."}


def test_an_encoder_takes_what_it_says_and_stays_on_the_device(worker: InProcessWorker, tmp_path: Path) -> None:
    assert 2 * MAX_TOKENS == PASS_TOKENS
    folder = tmp_path / "model"
    folder.mkdir()
    full_size.bert(folder)
    message = msgspec.structs.replace(spec(folder, "sentence-similarity"), device="cuda:0")
    trial = trials.try_out(worker, message, INPUTS)
    expert = worker.expert(message.expert_id)
    print(f"\n{trial.summary('sentence-similarity, two texts of 512 tokens')}")
    # Saved in half precision, and kept so.
    assert expert.checkpoint.dtype == torch.float16
    assert trials.parameter_count(expert) == full_size.ENCODER_PARAMETERS
    trials.check_memory(trial, checkpoint.unique_bytes(trials.modules_of(expert)))
    assert trial.second.outputs is not None
    assert math.isfinite(trial.second.outputs["score"])
    short = worker.compute(message.expert_id, "sentence-similarity", {"text": "ready", "other": "ready ."})
    print(f"one short pair: {short.seconds * 1000:.1f} ms")
    assert short.failure is None

    del expert
    worker.unload(message.expert_id)
    # What is left are the workspaces of libraries: tens of megabytes on the largest cards.
    assert torch.cuda.memory_allocated() < 0.5 * trial.held_bytes
