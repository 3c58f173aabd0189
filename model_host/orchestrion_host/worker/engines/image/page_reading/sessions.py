"""The models' sessions of onnxruntime."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from orchestrion_host.worker.library_types import Session


def start(path: Path) -> Session:
    """Opens a model file for images of changing sizes."""
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    # An arena keeps the most that a size ever took, and plans made for one size are of no use for the next.
    settings.enable_cpu_mem_arena = False
    settings.enable_mem_pattern = False
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), sess_options=settings, providers=["CPUExecutionProvider"])
