"""Encoders of text with a head, on PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import transformers

from orchestrion_host import ipc
from orchestrion_host.families.family import Family
from orchestrion_host.worker.heads import loading
from orchestrion_host.worker.library_types import Array, Config, Model, Tokenizer
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.runtimes import LoadedExpert


class TorchTextModel(TorchExpert):
    """A checkpoint as one of the library's classes for a head, with its tokenizer."""

    def __init__(self, spec: ipc.Load, family: Family) -> None:
        """Loads it by the class that the family names."""
        checkpoint = Checkpoint(spec)
        self.spec = spec
        self.tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)
        self._model: Model = checkpoint.model(getattr(transformers, family.auto_class))
        self.config: Config = self._model.config
        super().__init__(checkpoint, self._model)

    def run(self, fields: Mapping[str, Array], names: Sequence[str], at: Sequence[int] | None) -> list[Array]:
        """Computes one forward pass; see `heads.model.TextModel`."""
        inputs = {name: torch.from_numpy(array) for name, array in fields.items()}
        with torch.inference_mode():
            outputs = self._model(**self.checkpoint.inputs(inputs))
            wanted = [outputs[name] for name in names]
            if at is not None:
                # Before they leave the device: of a masked language model, each token has a whole vocabulary.
                wanted = [tensor[torch.arange(len(at)), list(at)] for tensor in wanted]
            return [tensor.float().cpu().numpy() for tensor in wanted]


def load(spec: ipc.Load) -> LoadedExpert:
    """Loads a model with the head of its family."""
    return loading.load(spec, TorchTextModel)
