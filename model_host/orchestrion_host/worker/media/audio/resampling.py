"""Rates and channels: sounds as one channel at the rate that a model takes, block by block, by `soxr`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np
import soxr

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media.audio import audio_inputs
from orchestrion_host.worker.media.audio.audio_inputs import Samples

Mono: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]
"""Samples of one channel, of shape (frames,)."""


def mono(blocks: Iterable[Samples], rate: int, wanted_rate: int) -> Iterator[Mono]:
    """Averages the channels and brings them to another rate.

    Args:
        blocks: The sound.
        rate: Its frames a second.
        wanted_rate: Those that are wanted.

    Yields:
        The sound in pieces that may be empty; together they last as long as it does.
    """
    stream = soxr.ResampleStream(rate, wanted_rate, 1, dtype="float32") if rate != wanted_rate else None
    for block in blocks:
        averaged = block.mean(axis=1, dtype=np.float32)
        yield averaged if stream is None else stream.resample_chunk(averaged)
    if stream is not None:
        yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)


def read_mono(call: Call, name: str, max_seconds: float, wanted_rate: int) -> Mono:
    """Reads a whole sound input for a model that takes it in one piece.

    Args:
        call: The call that brings it.
        name: The name of the input.
        max_seconds: The longest sound that is read.
        wanted_rate: The rate in Hz that the model takes.

    Raises:
        InvalidArgumentError: It is no sound that can be read, or too long.
    """
    with audio_inputs.opened(call, name, max_seconds) as sound:
        return np.concatenate(list(mono(sound.blocks(), sound.rate, wanted_rate)))
