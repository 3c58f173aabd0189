"""Several channels as one: their average, with those turned round that would cancel the others out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from orchestrion_host.worker.media.audio.audio_inputs import Samples

Mono: TypeAlias = npt.NDArray[np.float32]
"""Samples of one channel, of shape (frames,)."""

# A channel that correlates with the loudest one by less than this is its mirror image: a cable with wires exchanged,
# or the trick that makes a singer vanish on one loudspeaker. Rooms and several microphones stay far from it.
_MIRRORED: Final = -0.5


def mixed(blocks: Iterable[Samples]) -> Iterator[Mono]:
    """Averages the channels.

    Which of them are mirror images is judged by all that was heard so far.

    Args:
        blocks: The audio, of shape (frames, channels).

    Yields:
        As many blocks, of shape (frames,).
    """
    products: npt.NDArray[np.float64] | None = None
    signs: npt.NDArray[np.float32] | None = None
    for block in blocks:
        if block.shape[1] == 1:
            yield block[:, 0]
            continue
        wide = block.astype(np.float64)
        own = wide.T @ wide
        products = own if products is None else products + own
        powers = np.diagonal(products)
        loudest = int(powers.argmax())
        scale = np.sqrt(powers * powers[loudest])
        correlations = np.divide(products[loudest], scale, out=np.zeros_like(scale), where=scale > 0)
        new = np.where(correlations < _MIRRORED, -1, 1).astype(np.float32)
        # Another channel may have become the loudest: it stays as it was, lest the sound turn round in the middle.
        signs = new if signs is None else new * signs[loudest]
        yield (block * signs).mean(axis=1, dtype=np.float32)
