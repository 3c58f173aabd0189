"""What holds for every family."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import transformers
from torch.nn.modules import module


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    """Sees that no forward pass keeps what a training would need, as those under inference mode do not."""
    outside: list[str] = []

    def look(own: torch.nn.Module, _: object) -> None:
        # Parts such as normalised weights also compute while a model is built.
        if isinstance(own, transformers.PreTrainedModel) and torch.is_grad_enabled():
            outside.append(type(own).__name__)

    hook = module.register_module_forward_pre_hook(look)
    yield
    hook.remove()
    assert outside == []
