"""ONNX beside PyTorch on the CPU: one encoder, exported, in both of the host's runtimes, in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.checkpoints import BERT_BASE, MINI_LM, WORDS, Sizes, text_model
from benchmarks.statistic import Spread

BATCHES: Final = (1, 8)
_WORD_COUNT: Final = 48


@dataclass(frozen=True, slots=True)
class Comparison:
    """One encoder at one batch size in both runtimes."""

    model: str
    batch: int
    pytorch: Spread
    onnx: Spread
    difference: float
    """The largest absolute difference between their vectors."""

    @property
    def ratio(self) -> float:
        """How many times as fast ONNX is, at the median."""
        return round(self.pytorch.median_ms / self.onnx.median_ms, 2)


def measure(folder: Path, runs: int) -> Generator[Comparison, None, None]:
    """Makes encoders of the sizes of MiniLM and BERT-base, exports them, and measures them at batches of 1 and 8."""
    for sizes in (MINI_LM, BERT_BASE):
        source = folder / sizes.name
        source.mkdir()
        text_model(source, "BertModel", sizes)
        yield from _compare(sizes, source, runs)


def _compare(sizes: Sizes, source: Path, runs: int) -> Generator[Comparison, None, None]:
    import numpy as np

    from orchestrion_host import ipc
    from orchestrion_host.worker import runtimes
    from orchestrion_host.worker.exporting import onnx_model

    onnx_model.write(source, source / "model.onnx")

    def load(runtime: str) -> Any:
        spec = ipc.Load(
            expert_id=f"{sizes.name} on {runtime}",
            runtime=runtime,
            model=sizes.name,
            folder=str(source),
            sha256={},
            task_types=("feature-extraction",),
            options={"max_length": 128},
            device="cpu",
            instances=1,
            max_image_pixels=0,
            max_audio_seconds=0.0,
        )
        return runtimes.loader(spec)(spec)

    pytorch, onnx = load("transformers"), load("onnx")
    for batch in BATCHES:
        texts = [" ".join(WORDS[(start + n) % len(WORDS)] for n in range(_WORD_COUNT)) for start in range(batch)]
        difference = float(np.abs(pytorch.encode(texts) - onnx.encode(texts)).max())
        slower, faster = _in_turns([partial(pytorch.encode, texts), partial(onnx.encode, texts)], runs)
        yield Comparison(sizes.name, batch, slower, faster, difference)


def _in_turns(calls: Sequence[Callable[[], object]], runs: int) -> list[Spread]:
    times: list[list[float]] = [[] for _ in calls]
    for number in range(runs + 2):
        for call, own in zip(calls, times, strict=True):
            started = time.perf_counter()
            call()
            if number >= 2:
                own.append(time.perf_counter() - started)
    return [Spread.of(own) for own in times]


def lines(comparisons: Sequence[Comparison]) -> Generator[str, None, None]:
    """Tells the figures as a table."""
    yield f"Encoders in both runtimes, {_WORD_COUNT} words a text, on the CPU, in ms: median / 95th percentile"
    yield f"  {'size of':<14}{'batch':>6}{'PyTorch':>18}{'ONNX':>18}{'ONNX is':>12}{'differ by':>12}"
    for item in comparisons:
        yield (
            f"  {item.model:<14}{item.batch:>6}{item.pytorch!s:>18}{item.onnx!s:>18}"
            f"{f'{item.ratio:g} x':>12}{item.difference:>12.1e}"
        )
