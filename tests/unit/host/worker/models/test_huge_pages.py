"""Weights on the CPU lie in one block of large pages: the same weights, shared as before, given back with the model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from orchestrion_host.worker.models import huge_pages
from orchestrion_host.worker.models.checkpoint import unique_bytes

PLAIN_PAGES = not Path("/sys/kernel/mm/transparent_hugepage/enabled").exists()


class Tied(torch.nn.Module):
    """Words in and words out through one matrix, which is held by two parameters, as some architectures do."""

    def __init__(self) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(5000, 512)
        self.inner = torch.nn.Linear(512, 512)
        self.out = torch.nn.Linear(512, 5000, bias=False)
        self.out.weight = torch.nn.Parameter(self.words.weight.data)
        self.turned = torch.nn.Parameter(torch.rand(8, 4).t())

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.out(self.inner(self.words(tokens))) + self.turned.sum()
        return result


def mapping_of(address: int) -> str | None:
    """Returns what the kernel says of the memory at an address; None where there is none."""
    for block in re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text()):
        first, last = (int(bound, 16) for bound in block.split(" ", 1)[0].split("-"))
        if first <= address < last:
            return block
    return None


@pytest.fixture
def model() -> Tied:
    torch.manual_seed(5)
    return Tied()


def test_a_model_computes_the_same_with_the_same_parameters(model: Tied) -> None:
    tokens = torch.arange(7)
    before = model(tokens)
    parameters = list(model.parameters())
    huge_pages.gather(model)
    assert torch.equal(model(tokens), before)
    assert all(one is other for one, other in zip(model.parameters(), parameters, strict=True))


def test_weights_that_share_their_memory_go_on_sharing_it(model: Tied) -> None:
    before = unique_bytes([model])
    huge_pages.gather(model)
    assert model.out.weight.data_ptr() == model.words.weight.data_ptr()
    assert unique_bytes([model]) == before


def test_weights_that_are_not_in_one_piece_stay_where_they_are(model: Tied) -> None:
    place = model.turned.data_ptr()
    huge_pages.gather(model)
    assert model.turned.data_ptr() == place
    assert model.turned.stride() == (1, 4)


@pytest.mark.skipif(PLAIN_PAGES, reason="the kernel of this machine has no large pages")
def test_the_kernel_is_asked_for_large_pages(model: Tied) -> None:
    huge_pages.gather(model)
    for parameter in (model.words.weight, model.inner.weight, model.inner.bias):
        mapping = mapping_of(parameter.data_ptr())
        assert mapping is not None
        assert " hg" in mapping.split("VmFlags:")[1]


def test_the_memory_goes_back_with_the_last_of_the_weights() -> None:
    model = Tied()
    huge_pages.gather(model)
    kept = model.inner.bias.detach()
    place, expected = model.words.weight.data_ptr(), kept.clone()
    del model
    assert mapping_of(place) is not None
    assert torch.equal(kept, expected)
    del kept
    assert mapping_of(place) is None


def test_a_model_without_weights() -> None:
    huge_pages.gather(torch.nn.ReLU())
