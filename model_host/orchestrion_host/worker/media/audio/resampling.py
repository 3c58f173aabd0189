"""Resampling: audio as one channel at the sample rate that a model takes, block by block, by `soxr`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import soxr

from orchestrion_host.worker.media.audio import mixing
from orchestrion_host.worker.media.audio.audio_inputs import Samples
from orchestrion_host.worker.media.audio.mixing import Mono


def mono(blocks: Iterable[Samples], rate: int, wanted_rate: int) -> Iterator[Mono]:
    """Makes one channel of several and brings it to another rate.

    Args:
        blocks: The audio.
        rate: Its frames a second.
        wanted_rate: Those that are wanted.

    Yields:
        The audio in pieces that may be empty; together they last as long as it does.
    """
    stream = soxr.ResampleStream(rate, wanted_rate, 1, dtype="float32") if rate != wanted_rate else None
    for block in mixing.mixed(blocks):
        yield block if stream is None else stream.resample_chunk(block)
    if stream is not None:
        yield stream.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
