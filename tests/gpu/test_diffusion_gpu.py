"""Text-to-image at the size of Stable Diffusion 1.5, in float16 on a CUDA device."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch
from PIL import Image

from orchestrion_host.worker.models import checkpoint
from tests.gpu import full_size, trials
from tests.gpu.in_process import InProcessWorker
from tests.unit.host.worker.calls import file_of, spec

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(900)]

STEPS = 20
INPUTS = {"prompt": "a lighthouse in a storm, oil on canvas", "steps": float(STEPS), "seed": 7.0}


# Random weights may paint what is no number, which the library casts to a shade.
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_text_to_image_takes_what_it_says_stays_on_the_device_and_ends_when_cancelled(
    worker: InProcessWorker, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    full_size.stable_diffusion(folder)
    message = msgspec.structs.replace(
        spec(folder, "text-to-image", dtype="float16"), runtime="diffusers", device="cuda:0"
    )
    trial = trials.try_out(worker, message, INPUTS)
    expert = worker.expert(message.expert_id)
    print(f"\n{trial.summary('text-to-image, 512 x 512, 20 steps')}")
    assert expert.checkpoint.dtype == torch.float16
    assert trials.parameter_count(expert) == pytest.approx(full_size.DIFFUSION_PARAMETERS, rel=0.01)
    trials.check_memory(trial, checkpoint.unique_bytes(trials.modules_of(expert)))
    assert trial.second.outputs is not None
    with Image.open(file_of(trial.second.outputs["image"])) as image:
        assert (image.mode, image.size) == ("RGB", (full_size.SIDE, full_size.SIDE))
    assert trial.second.steps == [f"step {number} of {STEPS}" for number in range(1, STEPS + 1)]

    forwards = trials.count_forwards(expert.pipeline.unet)
    cancelled = trials.check_cancellation(
        worker, message, {**INPUTS, "steps": 100.0}, step_count=100, forwards=forwards
    )
    print(f"cancelled in its third step: ended after {cancelled.seconds_after_cancel * 1000:.0f} ms")

    del expert, forwards
    worker.unload(message.expert_id)
    # What is left are the workspaces of libraries.
    assert torch.cuda.memory_allocated() < 0.1 * trial.held_bytes
