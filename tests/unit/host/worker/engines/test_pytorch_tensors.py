"""Files that PyTorch wrote until 2020: read without it, and without doing what they ask for."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from orchestrion_host.worker.engines.image import pytorch_tensors


def saved(path: Path, state: object) -> Path:
    torch.save(state, path, _use_new_zipfile_serialization=False)
    return path


def test_tensors_are_those_that_pytorch_reads(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(1)
    whole = torch.rand(3, 4, 5, generator=generator)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8))
    state = {**module.state_dict(), "turned": whole.permute(2, 0, 1), "part": whole[1:], "one": torch.tensor(7)}
    read = pytorch_tensors.read(saved(tmp_path / "state.pth", state))
    assert list(read) == list(state)
    for name, tensor in state.items():
        np.testing.assert_array_equal(read[name], tensor.numpy())


class Harm:
    """What would write a file if it were unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_what_a_file_would_do_is_not_done(tmp_path: Path) -> None:
    mark = tmp_path / "done"
    path = saved(tmp_path / "harm.pth", {"weight": torch.zeros(2), "harm": Harm(mark)})
    with pytest.raises(ValueError, match="is no tensor"):
        pytorch_tensors.read(path)
    assert not mark.exists()


@pytest.mark.parametrize("content", [pickle.dumps(1, protocol=2), pickle.dumps({"a": 1}, protocol=2)])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.pth"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not in the format"):
        pytorch_tensors.read(path)
