"""Names for the objects of machine-learning libraries, for annotations only: nothing of a library is imported here.

An alias of `Any` stands where the library's own type does not hold what the worker uses, with the reason beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy.typing as npt

Array: TypeAlias = "npt.NDArray[Any]"
"""A numpy array; its numbers are of whichever type the docstring beside it says, for numpy infers few of them."""

Model: TypeAlias = Any
"""A model of transformers or diffusers. Any: each architecture adds methods, outputs and parts to the base."""

ModelOutput: TypeAlias = Any
"""What a model's forward pass returns. Any: its fields are those of the architecture."""

AutoClass: TypeAlias = Any
"""A class with transformers' `from_pretrained`. Any: auto classes and architectures have no base in common."""

LoadingReport: TypeAlias = Any
"""What `from_pretrained` reports with `output_loading_info`: sets of names of weights, such as `missing_keys`.

Any: the library is not typed here.
"""

Config: TypeAlias = Any
"""A configuration of transformers, or its like. Any: its fields are those of the architecture's `config.json`."""

GenerationConfig: TypeAlias = Any
"""A `transformers.GenerationConfig`. Any: the library sets its fields from keyword arguments, without types."""

Tokenizer: TypeAlias = Any
"""A tokenizer of transformers. Any: its special tokens are set at run time, and its methods return unions."""

Processor: TypeAlias = Any
"""An image processor, feature extractor or processor of transformers. Any: each has methods of its own."""

Pipeline: TypeAlias = Any
"""A `diffusers.DiffusionPipeline`, or a part of one. Any: its parts are set at run time, and the library is untyped."""

Session: TypeAlias = Any
"""An `onnxruntime.InferenceSession`, or what one says of an input or output. Any: the library comes without types."""

SessionOutput: TypeAlias = Any
"""What an ONNX session returns of an output: an array, or a list where the graph says a sequence or maps."""

Argument: TypeAlias = Any
"""The value of a keyword argument that is passed on to a library, whose signature says what it takes."""

VideoStream: TypeAlias = Any
"""An `av.VideoStream`. Any: by its type the time base may be None, which it is not of an opened file."""

VideoFrame: TypeAlias = Any
"""A decoded `av.VideoFrame`. Any: by its type the time base may be None, and its pixels are of any kind of number."""
