"""Seeded random numbers for models that draw some: the same each time, whatever else the worker computes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import torch

# The generators of PyTorch that models draw from when they cannot be handed one belong to the whole process.
_LOCK = threading.Lock()


@contextlib.contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Lets one thread at a time draw from the process's generators, from a seed on, and puts them back afterwards."""
    devices = [device] if device.type == "cuda" else []
    with _LOCK, torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield
