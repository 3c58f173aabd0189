"""What is declared of the tensors of an expert, and whether those of a call are that. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from orchestrion_host import tensors
from orchestrion_host.tensors import Tensor

TASK_TYPE = "tensor-inference"
"""The task type of experts that take tensors as they are. No plan has it, and no template says what it means."""


class TensorSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is declared of a tensor."""

    name: str
    """Its name."""
    datatype: str
    """The kind of its elements: one of `DATATYPES`."""
    shape: tuple[int, ...]
    """Its shape, with the batch where there is one; -1 for any length."""
    optional: bool = False
    """Whether an input may be left out."""


class TensorSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The tensors that an expert takes and returns."""

    inputs: tuple[TensorSpec, ...] = ()
    """What it takes."""
    outputs: tuple[TensorSpec, ...] = ()
    """What it returns."""
    batched: bool = False
    """Whether the first dimension of each tensor is the batch, so that requests can be joined along it."""


def check(signature: TensorSignature, sent: Mapping[str, Tensor], max_batch_size: int) -> None:
    """Sees that the tensors of a call are those that an expert takes.

    Args:
        signature: What the expert declares.
        sent: The tensors by name, each checked by itself.
        max_batch_size: The longest batch that one call may bring, where the first dimension is the batch.

    Raises:
        InvalidArgumentError: INVALID_INPUT: one is missing, unknown, of another kind or another shape.
    """
    declared = {spec.name: spec for spec in signature.inputs}
    for name, tensor in sent.items():
        if name not in declared:
            raise tensors.bad(name, f"is none of this model, which takes {', '.join(declared)}.")
        spec = declared[name]
        if tensor.datatype != spec.datatype:
            raise tensors.bad(name, f"is of the kind {tensor.datatype}; {spec.datatype} is expected.")
        if not _fits(spec.shape, tensor.shape):
            raise tensors.bad(name, f"has the shape {list(tensor.shape)}; {list(spec.shape)} is expected.")
    for spec in signature.inputs:
        if not spec.optional and spec.name not in sent:
            raise tensors.bad(spec.name, "is missing.")
    if signature.batched:
        _check_batch(sent, max_batch_size)


def _check_batch(sent: Mapping[str, Tensor], max_batch_size: int) -> None:
    lengths = {name: tensor.shape[0] for name, tensor in sent.items()}
    first = next(iter(lengths), "")
    for name, length in lengths.items():
        if length != lengths[first]:
            raise tensors.bad(name, f"has a batch of {length}, and `{first}` one of {lengths[first]}.")
        if not 1 <= length <= max_batch_size:
            raise tensors.bad(name, f"has a batch of {length}; this model takes 1 to {max_batch_size} at once.")


def _fits(declared: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(declared) == len(shape) and all(
        wanted in (-1, length) for wanted, length in zip(declared, shape, strict=True)
    )
