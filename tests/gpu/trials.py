"""What is tried with an expert on a device. The suite `gpu` does it at full size on CUDA, unit tests at tiny size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch

from orchestrion_host import ipc
from tests.gpu.in_process import Answer, InProcessWorker

TOLERANCE: Final = 0.1
"""By which share of the allocator's figure the measured memory may be off."""


@dataclass(frozen=True)
class Allocator:
    """The figures of PyTorch's allocator of a device; all 0 for main memory, of which it keeps none."""

    device: str

    def held_bytes(self) -> int:
        """Returns what tensors take now."""
        return torch.cuda.memory_allocated() if self._cuda else 0

    def peak_bytes(self) -> int:
        """Returns the most that they took since `begin_peak`."""
        return torch.cuda.max_memory_allocated() if self._cuda else 0

    def begin_peak(self) -> None:
        """Forgets the peak."""
        if self._cuda:
            torch.cuda.reset_peak_memory_stats()

    @property
    def _cuda(self) -> bool:
        return self.device.startswith("cuda")


@dataclass(frozen=True)
class Trial:
    """What a load and two equal calls showed."""

    loaded: ipc.Loaded
    load_s: float
    first: Answer
    second: Answer
    held_bytes: int
    """What tensors of the expert took after its load, by the allocator."""
    peak_bytes: int
    """The most that they took in the second call."""

    def summary(self, name: str) -> str:
        """Says in one line how it went."""
        mega = 1e6
        return (
            f"{name}: loaded in {self.load_s:.1f} s; first call {self.first.seconds * 1000:.0f} ms, second "
            f"{self.second.seconds * 1000:.0f} ms; measured {self.loaded.memory_bytes / mega:.0f} MB, of which "
            f"{self.loaded.spare_bytes / mega:.0f} MB for its calls; allocator {self.held_bytes / mega:.0f} MB held, "
            f"{self.peak_bytes / mega:.0f} MB at its peak"
        )


def try_out(worker: InProcessWorker, message: ipc.Load, inputs: Mapping[str, Any]) -> Trial:
    """Loads an expert and gives it the same call twice, and sees that its weights stay where they are."""
    task_type = message.task_types[0]
    allocator = Allocator(message.device)
    before = allocator.held_bytes()
    loaded, load_s = worker.load(message)
    held = allocator.held_bytes() - before
    places = _places(worker.expert(message.expert_id))
    assert places
    assert {kind for kind, _ in places} == {message.device.partition(":")[0]}
    first = worker.compute(message.expert_id, task_type, inputs)
    assert first.failure is None, first.failure
    allocator.begin_peak()
    second = worker.compute(message.expert_id, task_type, inputs)
    assert second.failure is None, second.failure
    peak = allocator.peak_bytes() - before
    # Neither moved nor copied: the very same memory of the device.
    assert _places(worker.expert(message.expert_id)) == places
    return Trial(loaded, load_s, first, second, held, peak)


def check_memory(trial: Trial, parameter_bytes: int) -> None:
    """Compares what the worker says an expert takes with the allocator, at rest and at the peak of a call.

    Args:
        trial: On a CUDA device.
        parameter_bytes: What its weights take.
    """
    resting = trial.loaded.memory_bytes - trial.loaded.spare_bytes
    assert abs(resting - trial.held_bytes) <= TOLERANCE * trial.held_bytes
    assert abs(trial.loaded.memory_bytes - trial.peak_bytes) <= TOLERANCE * trial.peak_bytes
    assert trial.held_bytes >= parameter_bytes


def check_cancellation(
    worker: InProcessWorker,
    message: ipc.Load,
    inputs: Mapping[str, Any],
    *,
    step_count: int,
    forwards: Callable[[], int],
) -> Answer:
    """Cancels a call in its third step: it ends within one more step, and the next call is none the worse for it.

    Args:
        worker: Has the expert loaded.
        message: How it was loaded.
        inputs: A call of `step_count` steps.
        step_count: So many that the end cannot come by itself.
        forwards: Returns how often the network ran so far.
    """
    task_type = message.task_types[0]
    before = forwards()
    cancelled = worker.compute(message.expert_id, task_type, inputs, cancel_after_step=3)
    assert cancelled.failure is not None
    assert cancelled.failure.reason == "CANCELLED"
    assert cancelled.steps[:3] == [f"step {number} of {step_count}" for number in (1, 2, 3)]
    assert cancelled.steps_after_cancel <= 1
    assert forwards() - before <= 5
    assert worker.compute(message.expert_id, task_type, {**inputs, "steps": 2.0}).failure is None
    return cancelled


def count_forwards(module: Any, then: Callable[[], None] = lambda: None) -> Callable[[], int]:
    """Counts from now on how often a network runs.

    Args:
        module: The network.
        then: Done after each run.
    """
    count = 0

    def counted(*_: Any) -> None:
        nonlocal count
        count += 1
        then()

    module.register_forward_hook(counted)
    return lambda: count


def modules_of(expert: Any) -> list[torch.nn.Module]:
    """Returns the networks of an expert on transformers or diffusers."""
    parts = expert.pipeline.components.values() if hasattr(expert, "pipeline") else expert.modules
    return [part for part in parts if isinstance(part, torch.nn.Module)]


def parameter_count(expert: Any) -> int:
    """Returns how many weights an expert has."""
    return sum(item.numel() for module in modules_of(expert) for item in module.parameters())


def _places(expert: Any) -> set[tuple[str, int]]:
    """Returns where the weights are: the kind of device, and the address on it."""
    return {(item.device.type, item.data_ptr()) for module in modules_of(expert) for item in module.parameters()}
