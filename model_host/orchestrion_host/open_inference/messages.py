"""What a request for inference brings and what answers it has, whether they travel as protobuf or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from orchestrion.errors import Reason
from orchestrion_host.tensors import Tensor

Parameter: TypeAlias = "str | int | float | bool"
"""A value of a parameter."""

REGION: Final = ("shared_memory_region", "shared_memory_offset", "shared_memory_byte_size")
"""The parameters that say where in shared memory a tensor is."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a region of shared memory that was registered."""

    name: str
    """The region."""
    offset: int
    """Where in it the part begins, in bytes."""
    size_bytes: int
    """How long it is."""


@dataclass(frozen=True, slots=True)
class InputTensor:
    """An input."""

    name: str
    """Its name."""
    tensor: Tensor
    """The tensor; without content where that is in shared memory."""
    region: Region | None = None
    """Where in shared memory its content is; None for nowhere."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    """What else is said of it: `artifact`, whether its elements are names of artifacts."""


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """An output that is wanted."""

    name: str
    """Its name."""
    region: Region | None = None
    """Where in shared memory its content goes; None for the answer."""
    binary: bool | None = None
    """Whether it is to be raw, over HTTP; None for what the request says of all."""
    class_count: int = 0
    """How many classes are wanted instead of the tensor; 0 for the tensor."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A request for inference."""

    model: str
    """The name of the model."""
    version: str = ""
    """Its version; empty for the one that is served."""
    id: str = ""
    """What its answers are to be called."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    """Settings of the request."""
    inputs: Sequence[InputTensor] = ()
    """The inputs."""
    outputs: Sequence[RequestedOutput] = ()
    """The outputs that are wanted; none for all."""


@dataclass(frozen=True, slots=True)
class OutputTensor:
    """An output."""

    name: str
    """Its name."""
    tensor: Tensor
    """The tensor; without content where that is in shared memory."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    """What is said beside it, such as the `content_type` of a file."""


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """An answer to a request."""

    model: str
    """The name of the model."""
    version: str
    """The version that ran."""
    id: str
    """What the request called itself."""
    outputs: Sequence[OutputTensor] = ()
    """The outputs."""
    final: bool = True
    """Whether it is the last answer to its request."""


def region_of(parameters: Mapping[str, Parameter], field: str) -> Region | None:
    """Reads where in shared memory a tensor is; None for one that is not.

    Raises:
        InvalidArgumentError: INVALID_FIELD: the numbers are none.
    """
    name, offset, size = (parameters.get(key) for key in REGION)
    if name is None:
        return None
    whole = [0 if number is None else number for number in (offset, size)]
    if not isinstance(name, str) or not all(isinstance(number, int) for number in whole):
        text = f"{field}: {REGION[0]} must be a name, {REGION[1]} and {REGION[2]} whole numbers."
        raise Reason.INVALID_FIELD.error(text, field=field)
    return Region(name, int(whole[0]), int(whole[1]))
