"""Weights that a checkpoint lacks: the libraries fill them with random numbers and go on; here the load is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import torch

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.worker.library_types import Model

# Vectors that take the place of what is hidden from a model, which is done in training alone.
_TRAINING_ALONE: Final = (r"(^|\.)masked_spec_embed$", r"(^|\.)mask_token$")
# Tables of sines are computed, not learnt; most checkpoints leave them out.
_COMPUTED: Final = "Sinusoidal"
_MOST_NAMED: Final = 8


def refuse(spec: ipc.Load, model: Model, missing: Iterable[str], unread: Sequence[str] = ()) -> None:
    """Sees that a model has all the weights that its outputs depend on.

    Option of an expert: `unread_weights`, a list of regular expressions for weights that its model never reads.

    Args:
        spec: The expert.
        model: The model, as it was loaded.
        missing: The names of what the library did not find in the checkpoint, tied weights left out.
        unread: Regular expressions for weights that this family of models has and does not read.

    Raises:
        FailedPreconditionError: MODEL_INCOMPLETE: weights are missing; the message names them.
    """
    option = spec.options.get("unread_weights", [])
    patterns = [re.compile(pattern) for pattern in (*_TRAINING_ALONE, *unread, *map(str, option))]
    names = [name for name in sorted(missing) if _is_learnt(model, name) and not _matches(patterns, name)]
    if not names:
        return
    listed = ", ".join(names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    text = (
        f"{spec.expert_id}: the checkpoint lacks {len(names):,} weights of a {type(model).__name__}: {listed}{more}. "
        "With random numbers in their place, its results would be random too. Take a checkpoint that was trained for "
        f"{' and '.join(spec.task_types)}, or add this one for the task that it was trained for."
    )
    raise Reason.MODEL_INCOMPLETE.error(
        text, expert=spec.expert_id, missing=",".join(names[:_MOST_NAMED]), missing_count=str(len(names))
    )


def refuse_other_shapes(
    spec: ipc.Load, model: Model, mismatched: Iterable[tuple[str, Sequence[int], Sequence[int]]]
) -> None:
    """Sees that the weights of a checkpoint have the shapes that its configuration says.

    Args:
        spec: The expert.
        model: The model, as it was loaded.
        mismatched: The names of weights that have not, each with its shape in the checkpoint and in the model.

    Raises:
        FailedPreconditionError: MODEL_INCOMPLETE: there are such weights; the message names them.
    """
    wrong = sorted(mismatched)
    if not wrong:
        return
    shown = (f"{name} ({_by(own)}, not {_by(wanted)})" for name, own, wanted in wrong[:_MOST_NAMED])
    more = f" and {len(wrong) - _MOST_NAMED:,} more" if len(wrong) > _MOST_NAMED else ""
    text = (
        f"{spec.expert_id}: {len(wrong):,} weights of the checkpoint have other shapes than its configuration says: "
        f"{', '.join(shown)}{more}. Its files are not of one {type(model).__name__}: fetch the model again, all of it."
    )
    names = ",".join(name for name, _, _ in wrong[:_MOST_NAMED])
    raise Reason.MODEL_INCOMPLETE.error(text, expert=spec.expert_id, missing=names, missing_count=str(len(wrong)))


def _by(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def _matches(patterns: Iterable[re.Pattern[str]], name: str) -> bool:
    return any(pattern.search(name) for pattern in patterns)


def _is_learnt(model: Model, name: str) -> bool:
    """Whether a name is that of numbers which only a training can have found."""
    owner, _, last = name.rpartition(".")
    try:
        module = model.get_submodule(owner)
    except AttributeError:
        return True
    tensor = getattr(module, last, None)
    # Whole numbers are counts and indexes.
    if isinstance(tensor, torch.Tensor) and not tensor.is_floating_point():
        return False
    return _COMPUTED not in type(module).__name__
