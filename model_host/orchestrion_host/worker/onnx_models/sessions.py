"""Sessions of onnxruntime: a model file found in a folder and opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime

from orchestrion.errors import Reason
from orchestrion.values import JsonObject
from orchestrion_host.worker.library_types import Session

_PLACES: Final = ("model.onnx", "onnx/model.onnx")
NUMBERS: Final[Mapping[str, type[np.generic]]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int8)": np.int8,
    "tensor(int16)": np.int16,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(uint8)": np.uint8,
    "tensor(uint16)": np.uint16,
    "tensor(uint32)": np.uint32,
    "tensor(uint64)": np.uint64,
    "tensor(bool)": np.bool_,
}
"""The types of numbers of graphs, by their names there."""


def start(folder: Path, options: JsonObject, *, threads: int = 0) -> Session:
    """Opens the model of a folder: the file of the option `file`, else `model.onnx` or `onnx/model.onnx`.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: there is no such file.
    """
    return opened(_file(folder, options), threads=threads)


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


def input_types(session: Session) -> dict[str, type[np.generic]]:
    """Returns the type of number that each input of a graph takes, by its name; those of other things are left out."""
    return {item.name: kind for item in session.get_inputs() if (kind := NUMBERS.get(item.type)) is not None}


def _file(folder: Path, options: JsonObject) -> str:
    file_option = options.get("file")
    for name in [file_option] if file_option else _PLACES:
        if (folder / name).is_file():
            return str(folder / name)
    raise Reason.EXPERT_LOAD_FAILED.error(f"{folder} holds no {file_option or ' and no '.join(_PLACES)}.")
