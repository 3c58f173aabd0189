"""How fast a model is on this machine in both runtimes: one call at a time, in turns, by the code that serves it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from orchestrion_host import ipc
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.worker import runtimes
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.output_files import Spool

_ROUNDS: Final = 12
_WARM_UPS: Final = 2
_TEXT: Final = "The bridge freezes before the road, and on winter nights the river below it is covered with ice."
_INPUTS: Final[Mapping[str, ipc.Plain]] = {
    "text": _TEXT,
    "other": "Ice on the river.",
    "question": "What is covered with ice?",
    "labels": ["weather", "sport", "politics"],
    "domain": "sentiment",
}
_GAP: Final = "The ___ freezes before the road."


def latencies(original: ModelFacts, folder: str, export: ModelFacts) -> Mapping[str, float]:
    """Loads a model in both runtimes and measures a call of its first task type.

    Args:
        original: The model on transformers.
        folder: Where its files are.
        export: The same as ONNX.

    Returns:
        The median in milliseconds by the expert's id.
    """
    task_type = export.task_types[0]
    inputs = {**_INPUTS, "text": _GAP} if task_type == "fill-mask" else _INPUTS
    loaded = {facts.id: _load(facts, place) for facts, place in ((original, folder), (export, export.source.folder))}
    times: dict[str, list[float]] = {expert_id: [] for expert_id in loaded}
    with tempfile.TemporaryDirectory() as outputs:
        spool = Spool(Path(outputs))
        for number in range(_WARM_UPS + _ROUNDS):
            for expert_id, expert in loaded.items():
                call = Call(number, task_type, inputs, spool, lambda message: None)
                started = time.perf_counter()
                (result,) = expert.predict([call])
                if isinstance(result, Exception):
                    raise result
                if number >= _WARM_UPS:
                    times[expert_id].append((time.perf_counter() - started) * 1000)
    return {expert_id: statistics.median(own) for expert_id, own in times.items()}


def _load(facts: ModelFacts, folder: str) -> runtimes.LoadedExpert:
    spec = ipc.Load(
        expert_id=facts.id,
        runtime=facts.runtime,
        model=facts.model,
        folder=folder,
        sha256={},
        task_types=facts.task_types,
        options=facts.options,
        device="cpu",
        instances=1,
        max_image_pixels=1,
        max_audio_seconds=1.0,
    )
    return runtimes.loader(spec)(spec)
