"""The model: an encoder of requests and of tools, and what is read off it. Shapes: B requests, N pieces, T tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertConfig, BertModel

WIDTH: Final = 384
KEY: Final = 128
PAIR: Final = 64
PAIR_FEATURES: Final = 10


@dataclass(frozen=True, slots=True)
class Tools:
    """What the model knows of a library's tools."""

    keys: Tensor
    """Shape (T, KEY), of length 1."""
    pair: Tensor
    """Shape (T, PAIR)."""
    whole: Tensor
    """Shape (T, WIDTH): the mean of a tool's pieces, for the teacher."""


@dataclass(frozen=True, slots=True)
class Read:
    """Requests as they were read."""

    hidden: Tensor
    """Shape (B, N, WIDTH)."""
    mask: Tensor
    """Shape (B, N): 1 for pieces, 0 for padding."""
    words: Tensor
    """Shape (B, N): 1 for pieces of words, 0 for padding and for the marks at the beginning and the end."""


class PlanModel(nn.Module):
    """Scores each tool at each piece of a request, tools for the request as a whole, and links between steps."""

    def __init__(self, vocabulary_size: int, layers: int) -> None:
        super().__init__()
        config = BertConfig(
            vocab_size=vocabulary_size,
            hidden_size=WIDTH,
            num_hidden_layers=layers,
            num_attention_heads=12,
            intermediate_size=1536,
            max_position_embeddings=256,
            type_vocab_size=2,
            hidden_dropout_prob=0.1,
            attention_probs_dropout_prob=0.1,
        )
        self.bert = BertModel(config, add_pooling_layer=False)
        self.query = nn.Linear(WIDTH, KEY)
        self.key = nn.Linear(2 * WIDTH, KEY)
        self.none = nn.Linear(WIDTH, 1)
        self.scale = nn.Parameter(torch.tensor(10.0))
        self.sharpness = nn.Parameter(torch.tensor(1.0))
        self.whole_query = nn.Linear(WIDTH, KEY)
        self.presence = nn.Parameter(torch.tensor([0.7, 3.0, -0.5, 0.7]))
        self.pair_query = nn.Linear(WIDTH, PAIR)
        self.pair_key = nn.Linear(2 * WIDTH, PAIR)
        self.pair_hidden = nn.Linear(6 * PAIR + PAIR_FEATURES, 96)
        self.pair_out = nn.Linear(96, 1)
        self.root_hidden = nn.Linear(2 * PAIR + PAIR_FEATURES, 48)
        self.root_out = nn.Linear(48, 1)
        self.to_teacher = nn.Linear(WIDTH, WIDTH)

    def hidden(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Encodes pieces: (B, N) to (B, N, WIDTH)."""
        output: Tensor = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        return output

    def tools(self, ids: Tensor, mask: Tensor, names: Tensor) -> Tools:
        """Encodes tools; `names` (T, N) marks the pieces of a tool's name."""
        hidden = self.hidden(ids, mask)
        whole, name = mean(hidden, mask), mean(hidden, names)
        both = torch.cat([name, whole], -1)
        return Tools(functional.normalize(self.key(both), dim=-1), self.pair_key(both), whole)

    def places(self, hidden: Tensor, tools: Tools) -> Tensor:
        """How much more each piece asks for each tool than for nothing: (B, N, T)."""
        query = functional.normalize(self.query(hidden), dim=-1)
        places: Tensor = self.scale * (query @ tools.keys.T) - self.none(hidden)
        return places

    def wanted(self, read: Read, places: Tensor, tools: Tools) -> Tensor:
        """The log odds that a request wants each tool: (B, T)."""
        sharp = functional.softplus(self.sharpness) + 0.3
        outside = ~read.words.bool()[:, :, None]
        scores = (places * sharp).masked_fill(outside, -1e4)
        strongest = torch.logsumexp(scores, 1) / sharp
        whole = functional.normalize(self.whole_query(mean(read.hidden, read.mask)), dim=-1) @ tools.keys.T
        # Of tools that are alike, one is asked for: what a piece says for one it says against the others.
        against = shares(places).masked_fill(outside, -1e4).amax(1).clamp(min=-20)
        weights = self.presence
        odds: Tensor = weights[0] * strongest + weights[1] * whole + weights[2] + weights[3] * against
        return odds

    def pairs(self, steps: Tensor, keys: Tensor, features: Tensor) -> Tensor:
        """The log odds that step i feeds step j: steps (S, WIDTH), keys (S, PAIR), features (S, S, F) to (S, S)."""
        query = self.pair_query(steps)
        count = len(query)
        left = torch.cat([query, keys], -1)[:, None].expand(count, count, 2 * PAIR)
        right = torch.cat([query, keys], -1)[None].expand(count, count, 2 * PAIR)
        products = left * right
        hidden = functional.gelu(self.pair_hidden(torch.cat([left, right, products, features], -1)))
        odds: Tensor = self.pair_out(hidden)[..., 0]
        return odds

    def roots(self, steps: Tensor, keys: Tensor, features: Tensor) -> Tensor:
        """The log odds that a step works on what the request gives, and on no other step's output: (S,)."""
        joined = torch.cat([self.pair_query(steps), keys, features], -1)
        odds: Tensor = self.root_out(functional.gelu(self.root_hidden(joined)))[..., 0]
        return odds


def shares(places: Tensor) -> Tensor:
    """How likely a piece asks for just this tool, as logarithms: (…, T) of log odds against nothing, to (…, T)."""
    return places - torch.logsumexp(functional.pad(places, (0, 1)), -1, keepdim=True)


def mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """The mean over pieces: (B, N, W), (B, N) to (B, W)."""
    weights = mask.to(hidden.dtype)[..., None]
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-6)
