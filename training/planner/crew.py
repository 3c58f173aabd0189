"""Processes that train one model together: each takes its share of the batches, and all make the same steps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import distributed, nn


@dataclass(frozen=True, slots=True)
class Crew:
    """A process among those that train."""

    rank: int = 0
    size: int = 1

    def join(self, address: str) -> None:
        """Meets the others at an address of this machine, such as `tcp://127.0.0.1:29511`."""
        if self.size > 1:
            distributed.init_process_group("gloo", init_method=address, rank=self.rank, world_size=self.size)

    def average(self, model: nn.Module) -> None:
        """Gives the parameters of a model the mean of all processes' gradients."""
        if self.size == 1:
            return
        parameters = list(model.parameters())
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        flat = torch.cat([parameter.grad.flatten() for parameter in parameters if parameter.grad is not None])
        distributed.all_reduce(flat)
        flat /= self.size
        start = 0
        for parameter in parameters:
            count = parameter.numel()
            parameter.grad = flat[start : start + count].view_as(parameter)
            start += count
