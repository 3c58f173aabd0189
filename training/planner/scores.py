"""How well marked requests that were not learnt from are read, piece by piece."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import torch

from orchestrion_controller.planner.builtin.reading.heads import ROLES
from training.planner.batches import cut_marked
from training.planner.classes import IGNORED, Classes
from training.planner.encoding import Encoding, OwnLibrary
from training.planner.marked import Marked

_BATCH: Final = 32
_UNMET: Final = ROLES.index("unmet")
_ALIKE: Final = frozenset(ROLES.index(role) for role in ("none", "file", "result"))
"""Roles that are taken for one another without harm."""


def of_pieces(encoding: Encoding, own: OwnLibrary, requests: Sequence[Marked]) -> str:
    """Tells the share of pieces with the right class, of requests with all right, and of missed unmet words."""
    encoding.model.train(mode=False)
    counts: Counter[str] = Counter()
    for start in range(0, len(requests), _BATCH):
        for pairs in _read(encoding, own, requests[start : start + _BATCH]):
            counts["right"] += sum(read == marked for read, marked in pairs)
            counts["pieces"] += len(pairs)
            counts["whole"] += all(read == marked or {read, marked} <= _ALIKE for read, marked in pairs)
            names_unmet = any(read == _UNMET for read, _ in pairs)
            if any(marked == _UNMET for _, marked in pairs):
                counts["unmet"] += 1
                counts["missed"] += not names_unmet
            else:
                counts["met"] += 1
                counts["alarms"] += names_unmet
    encoding.model.train()
    return (
        f"held out: pieces {counts['right'] / max(counts['pieces'], 1):.3f}, "
        f"whole {counts['whole'] / max(len(requests), 1):.3f}, "
        f"unmet missed {counts['missed']}/{counts['unmet']}, false alarms {counts['alarms']}/{counts['met']}"
    )


def _read(encoding: Encoding, own: OwnLibrary, requests: Sequence[Marked]) -> list[list[tuple[int, int]]]:
    """For each request the classes of its pieces, as they are read and as they are marked."""
    cut = [cut_marked(item, encoding.pieces) for item in requests]
    targets = Classes(own.offer).targets(cut).classes.tolist()
    model, library = encoding.model, own.offer
    with torch.no_grad():
        read, tools = encoding.requests([request.pieces for request in cut]), encoding.own(own)
        options = model.options(read.hidden, tools, torch.tensor(library.ability_of))
        logits = torch.cat([model.role(read.hidden), model.asks(read.hidden, tools), options], -1)
    return [
        [(read_as, right) for read_as, right in zip(row, target, strict=True) if right != IGNORED]
        for row, target in zip(logits.argmax(-1).tolist(), targets, strict=True)
    ]
