"""Sessions of onnxruntime: a model file found in a folder and opened."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import onnxruntime

from orchestrion.errors import Reason
from orchestrion.values import JsonObject
from orchestrion_host.worker.library_types import Session

_PLACES: Final = ("model.onnx", "onnx/model.onnx")


def start(folder: Path, options: JsonObject) -> Session:
    """Opens the model of a folder: the file of the option `file`, else `model.onnx` or `onnx/model.onnx`.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: there is no such file.
    """
    return opened(_file(folder, options))


def opened(model: str | bytes, *, threads: int = 0, keeps_memory: bool = True) -> Session:
    """Opens a model.

    Args:
        model: The path of its file, or what such a file would contain.
        threads: With how many threads it computes; 0 for one a core.
        keeps_memory: Whether it keeps what a pass took for the next one. That is quicker, and wrong for a model whose
            inputs have many sizes: it would keep what the largest took.
    """
    settings = onnxruntime.SessionOptions()
    # Waiting threads that spin take the processor from the experts beside them.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.intra_op_num_threads = threads
    settings.enable_cpu_mem_arena = keeps_memory
    return onnxruntime.InferenceSession(model, sess_options=settings, providers=["CPUExecutionProvider"])


def _file(folder: Path, options: JsonObject) -> str:
    file_option = options.get("file")
    for name in [file_option] if file_option else _PLACES:
        if (folder / name).is_file():
            return str(folder / name)
    raise Reason.EXPERT_LOAD_FAILED.error(f"{folder} holds no {file_option or ' and no '.join(_PLACES)}.")
