"""How well marked requests that were not learnt from are read, piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from orchestrion_controller.planner.builtin.reading.heads import ROLES
from training.planner import losses
from training.planner.batches import Request
from training.planner.marked import Marked


def of_pieces(trainer: Any, requests: Sequence[Marked]) -> str:
    """Tells the share of pieces with the right class, of requests with all right, and of missed unmet words."""
    trainer._model.eval()
    library = trainer._own.library
    index = {(item.task_type.name, item.choices): number for number, item in enumerate(library.abilities)}
    options = {(item.task_type.name, item.parameter.name): number for number, item in enumerate(library.options)}
    right = total = whole = missed = unmet = alarm = met = 0
    for start in range(0, len(requests), 32):
        batch = [Request.of(item, trainer._pieces) for item in requests[start : start + 32]]
        with torch.no_grad():
            read, tools = trainer.read(batch, [row[0] for row in trainer._own.texts], library)
            logits = torch.cat(
                [
                    trainer._model.role(read.hidden),
                    trainer._model.asks(read.hidden, tools),
                    trainer._model.options(
                        read.hidden, tools, torch.tensor(library.text_of), torch.tensor(library.ability_of)
                    ),
                ],
                -1,
            )
        for row, request in enumerate(batch):
            marked = request.example
            target = [0] * len(request.pieces)
            for segment in marked.segments:
                number = losses._class(segment, marked, index, options, len(library.abilities))
                for piece in request.inside(segment.start, segment.end):
                    target[piece] = -100 if number is None else number
            predicted = logits[row].argmax(-1).tolist()
            pairs = [
                (a, b)
                for a, b, piece in zip(predicted, target, request.pieces, strict=False)
                if piece.end > piece.start and b != -100
            ]
            right += sum(a == b for a, b in pairs)
            total += len(pairs)
            whole += all(a == b or {a, b} <= {0, 2, 3} for a, b in pairs)
            bad = ROLES.index("unmet")
            if any(b == bad for _, b in pairs):
                unmet += 1
                missed += not any(a == bad for a, _ in pairs)
            else:
                met += 1
                alarm += any(a == bad for a, _ in pairs)
    trainer._model.train()
    return (
        f"held out: pieces {right / total:.3f}, whole {whole / len(requests):.3f}, "
        f"unmet missed {missed}/{unmet}, false alarms {alarm}/{met}"
    )
