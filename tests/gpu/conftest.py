"""What needs a CUDA device is skipped, with a line, where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gpu.in_process import InProcessWorker


@pytest.fixture(scope="session", autouse=True)
def _cuda() -> None:
    # Imported here since it takes seconds, which the collection of other tests need not wait for.
    import torch

    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    print(f"\n{torch.cuda.get_device_name(0)}, PyTorch {torch.__version__}")


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[InProcessWorker]:
    """A worker in this process, whose allocator the test can ask."""
    with InProcessWorker(tmp_path / "spool") as worker:
        yield worker
