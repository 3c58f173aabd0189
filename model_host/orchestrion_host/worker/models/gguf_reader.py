"""The reader of GGUF files that transformers uses, made quick: a file is read once for all that is wanted of it.

The library reads it anew for the configuration and for the weights, and each word of the tokenizer through views of a
mapped file that cost more than the reading: half a minute for a small model.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

import gguf
import numpy as np
from gguf import GGUFReader
from transformers import modeling_gguf_pytorch_utils

from orchestrion_host.worker.library_types import Argument, Array

T = TypeVar("T")


class SharedReader(GGUFReader):
    """The library's reader on plain arrays."""

    def _get(self, offset: int, dtype: Any, count: int = 1, override_order: Any = None) -> Array:
        end = int(offset) + int(count) * np.dtype(dtype).itemsize
        own: Array = np.asarray(self.data)[int(offset) : end].view(dtype)[: int(count)]
        # Every platform that PyTorch runs on has the byte order of nearly all files.
        if self.byte_order != "I":
            own = own.view(own.dtype.newbyteorder(self.byte_order))
        return own


_OPEN: Final[weakref.WeakValueDictionary[Path, SharedReader]] = weakref.WeakValueDictionary()


def shared(path: str | Path) -> SharedReader:
    """Returns the reader of a file: the one that somebody has already, where there is one."""
    key = Path(path).absolute()
    reader = _OPEN.get(key)
    if reader is None:
        reader = _OPEN[key] = SharedReader(key)
    return reader


def _silent(items: Iterable[T], **settings: Argument) -> Iterable[T]:
    del settings
    return items


# The functions of the library take what they need from this package when they are called.
gguf.GGUFReader = shared  # type: ignore[misc, assignment]  # It is called, and nothing else is done with it.
# It is asked for by each module of a model, with the same arguments.
gguf.get_tensor_name_map = functools.lru_cache(maxsize=4)(gguf.get_tensor_name_map)
# Its bar would go to the host's log, line by line.
modeling_gguf_pytorch_utils.tqdm = _silent  # type: ignore[attr-defined]  # It is what the module imported.
