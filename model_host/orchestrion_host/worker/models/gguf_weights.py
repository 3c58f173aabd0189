"""Weights in the format GGUF: most are a few bits each in the file, and numbers of the usual precision in memory.

transformers reads them; what it passes over in silence is seen to here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch

from orchestrion_host import gguf_files, ipc
from orchestrion_host.worker.library_types import Argument, AutoClass, Config, LoadingReport, Model
from orchestrion_host.worker.models import gguf_reader

# Divisors of the frequencies of positions, which stretch the context of Llama 3 and later.
_FREQUENCY_FACTORS: Final = "rope_freqs.weight"


class GgufFile:
    """A file that an expert is loaded from."""

    def __init__(self, spec: ipc.Load) -> None:
        """Sees that it is whole and of an architecture that is read, and reads its configuration.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: it is not; the message names the file.
        """
        self._spec = spec
        self.path = Path(spec.folder) / spec.gguf
        self._check()
        # Kept until the weights are there, since all who read the file share it.
        self._reader: gguf_reader.SharedReader | None = gguf_reader.shared(self.path)

    def load(
        self, auto_class: AutoClass, config: Config, dtype: torch.dtype, **settings: Argument
    ) -> tuple[Model, LoadingReport]:
        """Loads the model; a tensor gets its precision before the next is read, so that not all are held twice.

        Args:
            auto_class: A class of transformers.
            config: The model's configuration.
            dtype: The precision.
            **settings: Further arguments of `from_pretrained`.

        Returns:
            The model, and the library's report of what it found and what not.
        """
        model, report = auto_class.from_pretrained(
            self.path.parent,
            config=config,
            gguf_file=self.path.name,
            dtype=dtype,
            output_loading_info=True,
            **settings,
        )
        self._stretch(model)
        self._reader = None
        return model, report

    def _check(self) -> None:
        try:
            gguf_files.read(self.path)
        except gguf_files.GgufError as error:
            raise self._spec.refused(f"the file {self.path} {error}.") from error
        except OSError as error:
            raise self._spec.refused(f"the file {self.path} cannot be read: {error.strerror}.") from error

    def _stretch(self, model: Model) -> None:
        """Divides the frequencies of positions by the factors of the file, where it has some, as llama.cpp does."""
        tensors = gguf_reader.shared(self.path).tensors
        factors = next((item.data for item in tensors if item.name == _FREQUENCY_FACTORS), None)
        if factors is not None:
            embedding = model.base_model.rotary_emb
            divided = embedding.inv_freq / torch.tensor(factors.copy(), device=embedding.inv_freq.device)
            embedding.inv_freq.copy_(divided)
            embedding.original_inv_freq = divided.clone()
