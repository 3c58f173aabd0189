"""What an export is for: a worker that has no other models starts without PyTorch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.host.worker.heads import loading

LOAD = """
import sys
from pathlib import Path
import msgspec
from orchestrion_host.worker import runtimes
from tests.unit.host.worker import calls
spec = msgspec.structs.replace(calls.spec(Path(sys.argv[1]), "fill-mask"), runtime="onnx")
runtimes.loader(spec)(spec).warm_up()
assert "onnxruntime" in sys.modules
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"torch", "diffusers"}))
"""


@pytest.mark.tasks
def test_an_exported_model_with_a_head_is_loaded_without_pytorch(tmp_path: Path) -> None:
    folder = loading.make(tmp_path / "model", "BertForMaskedLM", "fill-mask")
    (folder / "model.safetensors").unlink()
    done = subprocess.run([sys.executable, "-c", LOAD, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
