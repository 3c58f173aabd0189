"""What importing the packages brings along. The import rules see our own imports; this sees the libraries' as well."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

MACHINE_LEARNING = {"cv2", "onnxruntime", "rapidocr", "torch", "transformers"}


def modules_of(package: str) -> list[str]:
    """Lists the modules of a package but those that only workers or Alembic import, or that `python -m` starts."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    paths = [path.relative_to(folder.parent).with_suffix("") for path in folder.rglob("*.py")]
    names = [".".join(path.parts).removesuffix(".__init__") for path in paths if path.name != "__main__"]
    return [name for name in names if not name.startswith("orchestrion_host.worker") and ".migrations." not in name]


@pytest.mark.parametrize(
    ("package", "unwanted"),
    [
        ("orchestrion", MACHINE_LEARNING | {"numpy", "openai", "orchestrion_controller", "orchestrion_host"}),
        ("orchestrion_gateway", MACHINE_LEARNING | {"numpy", "orchestrion_controller", "orchestrion_host"}),
        ("orchestrion_controller", MACHINE_LEARNING | {"orchestrion_host"}),
        ("orchestrion_host", MACHINE_LEARNING | {"numpy", "orchestrion_controller"}),
    ],
)
def test_import_is_light(package: str, unwanted: set[str]) -> None:
    program = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\nprint(*sys.modules)"
    command = [sys.executable, "-c", program, *modules_of(package)]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True)
    assert not unwanted & set(loaded.stdout.split())
